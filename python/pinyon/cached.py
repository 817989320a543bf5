"""What ``@cache.cached`` makes of a function."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    NamedTuple,
    ParamSpec,
    TypeVar,
)

from . import _core, load
from ._core import FOUND_MISS, ConfigError
from ._values import register_result
from .policy import Policy

if TYPE_CHECKING:
    from .cache import Cache

__all__ = ["MISS", "BoundCached", "CacheInfo", "Cached"]

P = ParamSpec("P")
R = TypeVar("R", covariant=True)

Coroutine.register(_core.Ready)


class CacheInfo(NamedTuple):
    """The four fields of :func:`functools.lru_cache`, and no fifth."""

    hits: int
    misses: int
    maxsize: int | None
    currsize: int


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

    _policy: Policy
    _parameters: dict[str, Any]
    _tag: str

    # ---- functools --------------------------------------------------------------

    def cache_info(self) -> CacheInfo:
        """(hits, misses, None, currsize): counted in this process; the size is of the
        whole store and walks it, so it costs what the store is large."""
        counters = self._counters()
        size = self.cache._store.count(self._head())
        return CacheInfo(counters["hits"], counters["misses"], None, size)

    def cache_clear(self) -> None:
        """Forgets every result of this function, for every process, in one step."""
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
        return self.cache._has(self._bind(*args, **kwargs))

    def cache_invalidate(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Forgets the result of this call; a load under way will not be stored."""
        return self.cache._drop(self._bind(*args, **kwargs))

    def cache_get(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """The result if it is there and fresh, else :data:`MISS`. Loads nothing."""
        found, value = self.cache._look(self._bind(*args, **kwargs), 0.0, 0.0)
        return value if found in (_core.FOUND_FRESH, _core.FOUND_NEGATIVE) else MISS

    def cache_set(self, value: Any, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Stores ``value`` as if the call had returned it."""
        job = self._job(args, kwargs, self._bind(*args, **kwargs))
        tags = job.take_tags()
        return tags is not None and load.store(job, value, tags, None, 0.0)

    def cache_refresh(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs the function now, stores its result and returns it."""
        job = self._job(args, kwargs, self._bind(*args, **kwargs))
        steps = load.renew(job)
        if self._is_async:
            return load.aresolve(steps)  # type: ignore[return-value]
        return load.resolve(steps)  # type: ignore[no-any-return]

    # ---- How it is made -------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<cached {self._name} in {self.cache!r}>"

    def __reduce__(self) -> str:
        return self.__qualname__  # as a function: by name

    def _job(self, args: Any, kwargs: Any, key: bytes) -> load.Job:
        function = self.__wrapped__
        return load.Job(
            self.cache,
            self._policy,
            key,
            functools.partial(function, *args, **kwargs),
            name=self._name,
            count=self._count,
            tags=functools.partial(self._tags, args, kwargs),
        )

    def _tags(self, args: Any, kwargs: Any) -> Iterable[str | bytes]:
        tags = self._policy.tags
        if callable(tags):
            tags = tags(*args, **kwargs)
        if isinstance(tags, str | bytes):
            raise ConfigError(
                f"tags= of {self._name} returned {tags!r}: return a list of tags"
            )
        return (self._tag, *(tags or ()))

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
    steps = load.answer(job, found)
    return load.aresolve(steps) if cached._is_async else load.resolve(steps)


class BoundCached(_core.Bound, Generic[P, R]):
    # A cached method, taken from an object: obj.method. Its docstring is the method's.

    __slots__ = ()

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        return self.__func__.__doc__

    if TYPE_CHECKING:

        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...

    __func__: Cached[Concatenate[Any, P], R]

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

    def cache_info(self) -> CacheInfo:
        return self.__func__.cache_info()

    def cache_stats(self) -> dict[str, int]:
        return self.__func__.cache_stats()

    def cache_clear(self) -> None:
        self.__func__.cache_clear()

    def cache_parameters(self) -> dict[str, Any]:
        return self.__func__.cache_parameters()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__func__, name)


# ---- Decorating ---------------------------------------------------------------------


def decorate(
    cache: Cache,
    function: Any,
    policy: Policy,
    parameters: dict[str, Any],
    *,
    key: Any,
    version: Any,
    name: str | None,
) -> Any:
    """A Cached for ``function``; for a classmethod or staticmethod, one around it."""
    if isinstance(function, classmethod | staticmethod):
        inner = decorate(
            cache, function.__func__, policy, parameters,
            key=key, version=version, name=name,
        )
        return type(function)(inner)
    _check_kind(function)
    identity = _identity(function, name)
    _claim(cache, identity, function, name is not None)
    by, shape = _shape(function, key)
    register_result(function)
    cached: Cached[Any, Any] = Cached(
        cache, function, miss, BoundCached,
        (identity, cache._prefix_plan, _version(version), *shape),
        key=by,
        is_async=_is_async(function),
        early=policy.early,
        early_cap_ms=policy.early_cap,
    )
    functools.update_wrapper(cached, function)
    cached._name = identity
    cached._policy = policy
    cached._parameters = parameters
    cached._is_async = _is_async(function)
    cached._tag = f"\0f:{cached._head().decode()}"
    if cached._is_async:
        _mark_coroutine(cached)
    return cached


def _unwrap(function: Any) -> Any:
    while isinstance(function, functools.partial | functools.partialmethod):
        function = function.func
    return function


def _is_async(function: Any) -> bool:
    bare = _unwrap(function)
    return inspect.iscoroutinefunction(bare) or inspect.iscoroutinefunction(
        getattr(bare, "__call__", None)  # noqa: B004
    )


def _check_kind(function: Any) -> None:
    bare = _unwrap(function)
    if isinstance(function, Cached):
        raise TypeError(f"{function!r} is cached already")
    if isinstance(function, type) or not callable(bare):
        raise TypeError(f"cached() decorates functions, not {function!r}")
    if inspect.isgeneratorfunction(bare) or inspect.isasyncgenfunction(bare):
        raise TypeError(
            f"{bare.__qualname__} is a generator, which is spent after one use:"
            " return a list of what it yields"
        )


def _identity(function: Any, name: str | None) -> str:
    """What the function is called in keys, in every process."""
    if name is not None:
        if not isinstance(name, str) or not name:
            raise ConfigError(f"name={name!r}: give a str")
        return name
    qualname = getattr(function, "__qualname__", None)
    if qualname is None or isinstance(function, functools.partial):
        raise ConfigError(
            f"{function!r} has no name of its own for the keys: give name="
        )
    if qualname.endswith("<lambda>"):
        raise ConfigError(
            "a lambda has no name of its own for the keys: give name=, or use def"
        )
    return f"{function.__module__}.{qualname}"


def _version(version: Any) -> Any:
    if isinstance(version, bool) or not isinstance(version, int | str):
        raise ConfigError(f"version={version!r}: give an int or a str")
    return version


def _shape(function: Any, key: Any) -> tuple[Any, tuple[Any, ...]]:
    """(key function or None, what Plan wants to know of the parameters)."""
    if key is None:
        return None, _parameters_of(function)
    only = (("key",), {}, 1, 0, False, False)
    if isinstance(key, str):
        return _template(function, key), only
    if not callable(key):
        raise ConfigError(
            f'key={key!r}: give a function of the arguments, or text such as "{{user}}"'
        )
    return key, only


def _parameters_of(function: Any) -> tuple[Any, ...]:
    kinds = inspect.Parameter
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise ConfigError(
            f"{function!r} has no signature that can be read: give key="
        ) from None
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return (
        tuple(p.name for p in named),
        {p.name: p.default for p in named if p.default is not p.empty},
        sum(p.kind is kinds.POSITIONAL_ONLY for p in named),
        sum(p.kind is kinds.KEYWORD_ONLY for p in named),
        any(p.kind is kinds.VAR_POSITIONAL for p in parameters),
        any(p.kind is kinds.VAR_KEYWORD for p in parameters),
    )


def _template(function: Any, text: str) -> Callable[..., str]:
    """A key function from text such as "{user.uuid}:{page}"."""
    signature = inspect.signature(function)

    def key_of(*args: Any, **kwargs: Any) -> str:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return text.format_map(bound.arguments)

    return key_of


def _mark_coroutine(cached: Any) -> None:
    """So that frameworks know it is to be awaited."""
    if hasattr(inspect, "markcoroutinefunction"):
        inspect.markcoroutinefunction(cached)
    else:
        cached._is_coroutine = asyncio.coroutines._is_coroutine  # type: ignore[attr-defined]


def _claim(cache: Cache, identity: str, function: Any, named: bool) -> None:
    """Two functions must not share a name: one would get the other's results. The same
    lines decorated again are a reload, or a notebook's cell, unless they close over
    variables, which no key contains."""
    code = getattr(_unwrap(function), "__code__", None)
    place = None if code is None else (code.co_filename, code.co_firstlineno)
    closes = code is not None and set(code.co_freevars) - {"__class__"}
    before = cache._home.claims.setdefault((cache._prefix, identity), place)
    if before is place:
        return
    if before != place and (closes or function.__module__ != "__main__"):
        why = "another function has this name in this cache"
    elif closes and not named:
        why = f"it was decorated before, with other values of {sorted(closes)}"
    else:
        return
    raise ConfigError(
        f"{identity}: {why}, and they would share results: give name="
    )
