"""What ``@cache.cached`` makes of a function."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Iterable
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    NamedTuple,
    ParamSpec,
    TypeVar,
    overload,
)

from . import _core, load
from ._core import FOUND_MISS, ArgumentError
from .job import Job
from .policy import Policy
from .steps import aresolve, arun, resolve, run

if TYPE_CHECKING:
    pass

__all__ = ["MISS", "BoundCached", "CacheInfo", "Cached"]

P = ParamSpec("P")
P2 = ParamSpec("P2")
R = TypeVar("R", covariant=True)
T = TypeVar("T")

Coroutine.register(_core.Ready)


class CacheInfo(NamedTuple):
    """The four fields of :func:`functools.lru_cache`, and no fifth."""

    hits: int
    misses: int
    maxsize: int | None
    currsize: int | None


class _Miss:
    """What ``cache_get`` gives when there is nothing: false, and not None."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "pinyon.MISS"


MISS = _Miss()


class Cached(_core.Cached, Generic[P, R]):
    """A cached function. Calling it is C code on a hit.

    Every hit is an object of its own, decoded from the stored bytes: to change it
    changes nothing that is cached, also with ``mem://``. Exceptions are not cached;
    callers that waited for the same load get the same exception.
    """

    if TYPE_CHECKING:

        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
        @property
        def __wrapped__(self) -> Callable[P, R]: ...
        @overload
        def __get__(self, obj: None, type: Any = None, /) -> Cached[P, R]: ...
        @overload
        def __get__(
            self: Cached[Concatenate[Any, P2], R], obj: object, type: Any = None, /
        ) -> BoundCached[P2, R]: ...
        def __get__(self, obj: Any, type: Any = None, /) -> Any: ...

    _policy: Policy
    _parameters: dict[str, Any]
    _tag: str  # of the function's own
    _marks: tuple[bytes, ...] = ()  # far: of the tags that are known before a call

    # ---- functools --------------------------------------------------------------

    def cache_info(self) -> CacheInfo:
        """(hits, misses, None, currsize): counted in this process; the size is of the
        whole store and walks it, so it costs what the store is large. An engine
        elsewhere is not walked: its size is None, not known."""
        counters = self._counters()
        size = None if self.cache._is_far else self.cache._store.count(self._head())
        return CacheInfo(counters["hits"], counters["misses"], None, size)

    def cache_clear(self) -> None:
        """Forgets every result of this function, for every process, in one step."""
        self._notice("cache_clear")
        self.cache.invalidate_tag(self._tag)
        self._forget()

    def cache_parameters(self) -> dict[str, Any]:
        """The options it was decorated with."""
        return dict(self._parameters)

    # ---- More ---------------------------------------------------------------------

    def cache_stats(self) -> dict[str, int]:
        """All that this function counted in this process; see ``docs/guide``."""
        return self._counters()

    def cache_key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The key of this call, good for ``cache.get`` and ``cache.delete``."""
        key = self._bind(*args, **kwargs).decode()
        return key.removeprefix(self.cache._prefix or "")

    def cache_contains(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Is the result there and fresh? Counts nothing, keeps nothing warm."""
        self._notice("cache_contains")
        return self.cache._has(self._bind(*args, **kwargs))

    def cache_invalidate(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Forgets the result of this call; a load under way will not be stored."""
        self._notice("cache_invalidate")
        return self.cache._drop(self._bind(*args, **kwargs))

    def cache_get(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """The result if it is there and fresh, else :data:`MISS`. Loads nothing."""
        self._notice("cache_get")
        return _if_good(*self.cache._look(self._bind(*args, **kwargs), 0.0, 0.0))

    def cache_set(self, value: Any, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Stores ``value`` as if the call had returned it."""
        self._notice("cache_set")
        return run(self._job_of(args, kwargs).put(value))  # type: ignore[no-any-return]

    def cache_refresh(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs the function now, stores its result and returns it. Of a coroutine
        function it is awaited."""
        steps = load.renew(self._job_of(args, kwargs))
        if self._is_async:
            return aresolve(steps)  # type: ignore[return-value]
        return resolve(steps)  # type: ignore[no-any-return]

    # ---- The same for asyncio -------------------------------------------------------

    async def acache_clear(self) -> None:
        """:meth:`cache_clear` for asyncio."""
        await self.cache.ainvalidate_tag(self._tag)
        self._forget()

    async def acache_contains(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """:meth:`cache_contains` for asyncio."""
        return await self.cache._ahas(self._bind(*args, **kwargs))

    async def acache_invalidate(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """:meth:`cache_invalidate` for asyncio."""
        return await self.cache._adrop(self._bind(*args, **kwargs))

    async def acache_get(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """:meth:`cache_get` for asyncio."""
        return _if_good(*await self.cache._alook(self._bind(*args, **kwargs)))

    async def acache_set(self, value: Any, *args: P.args, **kwargs: P.kwargs) -> bool:
        """:meth:`cache_set` for asyncio."""
        steps = self._job_of(args, kwargs).put(value)
        return await arun(steps)  # type: ignore[no-any-return]

    @overload
    async def acache_refresh(
        self: Cached[P2, Coroutine[Any, Any, T]], *args: P2.args, **kwargs: P2.kwargs
    ) -> T: ...
    @overload
    async def acache_refresh(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    async def acache_refresh(self, *args: Any, **kwargs: Any) -> Any:
        """:meth:`cache_refresh` for asyncio, awaited whatever the function is."""
        return await aresolve(load.renew(self._job_of(args, kwargs)))

    def _notice(self, name: str) -> None:
        """Says once where the twin is, to who waits for a fleet on an event loop."""
        cache = self.cache
        if self._is_async and cache._is_far and asyncio._get_running_loop() is not None:
            cache._home.warn(
                f"{name} on a loop",
                f"{self._name}.{name}() blocks its event loop until the fleet answers:"
                f" await a{name}()",
            )

    # ---- How it is made -------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<cached {self._name} in {self.cache!r}>"

    def __reduce__(self) -> str:
        return self.__qualname__  # as a function: by name

    def _job_of(self, args: Any, kwargs: Any) -> Job:
        return self._job(args, kwargs, self._bind(*args, **kwargs))

    def _job(self, args: Any, kwargs: Any, key: bytes) -> Job:
        function = self.__wrapped__
        return self.cache._job_type(
            self.cache,
            self._policy,
            key,
            functools.partial(function, *args, **kwargs),
            name=self._name,
            count=self._count,
            tags=functools.partial(self._tags, args, kwargs),
            marks=self._marks,
        )

    def _tags(self, args: Any, kwargs: Any) -> Iterable[str | bytes]:
        tags = self._policy.tags
        if callable(tags):
            tags = tags(*args, **kwargs)
        if tags is None:
            return (self._tag,)
        if isinstance(tags, str | bytes) or not isinstance(tags, Iterable):
            raise ArgumentError(
                f"tags= of {self._name} returned {tags!r}: return a list of tags"
            )
        return (self._tag, *tags)

    _name: str
    _is_async: bool
    __qualname__: str


def miss(
    cached: Cached[Any, Any], args: Any, kwargs: Any, key: bytes, found: int
) -> Any:
    """What C calls when the store has no good answer."""
    cache, kwargs = cached.cache, kwargs or {}
    if cache._home.is_bypassed():
        cached._count("bypassed", 1)
        return cached.__wrapped__(*args, **kwargs)
    job = cached._job(args, kwargs, key)
    if cache._store.bypassing:  # C did not look, for the sake of other callers
        found = FOUND_MISS
    steps = load.ask(job) if cache._is_far else load.answer(job, found)
    return aresolve(steps) if cached._is_async else resolve(steps)


def _if_good(found: int, value: Any) -> Any:
    return value if found in (_core.FOUND_FRESH, _core.FOUND_NEGATIVE) else MISS


class BoundCached(_core.Bound, Generic[P, R]):
    # A cached method, taken from an object: obj.method. Its docstring is the method's.

    __slots__ = ()

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        doc: str | None = self.__func__.__doc__
        return doc

    if TYPE_CHECKING:

        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
        @property
        def __func__(self) -> Cached[Concatenate[Any, P], R]: ...

    def cache_key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        return self.__func__.cache_key(self.__self__, *args, **kwargs)

    def cache_contains(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        return self.__func__.cache_contains(self.__self__, *args, **kwargs)

    def cache_invalidate(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        return self.__func__.cache_invalidate(self.__self__, *args, **kwargs)

    def cache_get(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        return self.__func__.cache_get(self.__self__, *args, **kwargs)

    def cache_set(self, value: Any, *args: P.args, **kwargs: P.kwargs) -> bool:
        return self.__func__.cache_set(value, self.__self__, *args, **kwargs)

    def cache_refresh(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.__func__.cache_refresh(self.__self__, *args, **kwargs)

    async def acache_contains(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        return await self.__func__.acache_contains(self.__self__, *args, **kwargs)

    async def acache_invalidate(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        return await self.__func__.acache_invalidate(self.__self__, *args, **kwargs)

    async def acache_get(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        return await self.__func__.acache_get(self.__self__, *args, **kwargs)

    async def acache_set(self, value: Any, *args: P.args, **kwargs: P.kwargs) -> bool:
        return await self.__func__.acache_set(value, self.__self__, *args, **kwargs)

    @overload
    async def acache_refresh(
        self: BoundCached[P2, Coroutine[Any, Any, T]],
        *args: P2.args,
        **kwargs: P2.kwargs,
    ) -> T: ...
    @overload
    async def acache_refresh(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    async def acache_refresh(self, *args: Any, **kwargs: Any) -> Any:
        return await self.__func__.acache_refresh(self.__self__, *args, **kwargs)

    def cache_info(self) -> CacheInfo:
        return self.__func__.cache_info()

    def cache_stats(self) -> dict[str, int]:
        return self.__func__.cache_stats()

    def cache_clear(self) -> None:
        self.__func__.cache_clear()

    async def acache_clear(self) -> None:
        await self.__func__.acache_clear()

    def cache_parameters(self) -> dict[str, Any]:
        return self.__func__.cache_parameters()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__func__, name)
