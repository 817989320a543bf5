"""A cache whose values are in engines elsewhere: Redis, Valkey, memcached.

The class here is what ``pinyon.Cache("redis://...")`` gives: a :class:`.Cache` in every
respect, with methods that go to the fleet. What they do stands in :mod:`.far_calls`;
here each is performed, in this thread or in this task.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from . import _core, load
from .cache import UNSET, Cache, Ttl
from .client_options import Nodes
from .far_calls import FarCalls
from .far_count import Count
from .far_engine import Engine
from .far_job import FarJob
from .far_memcached import MemcachedEngine
from .far_redis import RedisEngine
from .fleet import change_members
from .home import Home
from .job import Job
from .stats import Stats, stats_of_far
from .steps import aresolve, arun, resolve, run
from .url import Config

__all__ = ["FarCache"]

T = TypeVar("T")
Key = str | bytes
Tags = Iterable[str | bytes] | None


class FarCache(FarCalls, Cache):
    __doc__ = Cache.__doc__

    @classmethod
    def _open(cls, home: Home, config: Config, namespace: str | None) -> FarCache:
        if namespace is not None and namespace.startswith("~"):
            raise _core.ConfigError(
                f"namespace={namespace!r}: keys that begin with ~ are the cache's own:"
                " give another name"
            )
        self = super()._open(home, config, namespace)
        assert isinstance(self, FarCache)
        self._engine = _engine_of(home, config)
        self._ttl_ms = _core.parse_ttl(config.ttl)
        self._group = tuple(self._marks(None))
        return self

    # ---- Reading ------------------------------------------------------------------

    def get(self, key: Key, default: Any = None) -> Any:
        return run(self._do_get(key, default))

    async def aget(self, key: Key, default: Any = None) -> Any:
        return await arun(self._do_get(key, default))

    def gets(self, key: Key, default: Any = None) -> tuple[Any, int | None]:
        return run(self._do_gets(key, default))  # type: ignore[no-any-return]

    async def agets(self, key: Key, default: Any = None) -> tuple[Any, Any]:
        return await arun(self._do_gets(key, default))  # type: ignore[no-any-return]

    def get_many(self, keys: Iterable[Any], /) -> dict[Any, Any]:
        return run(self._do_get_many(keys))  # type: ignore[no-any-return]

    async def aget_many(self, keys: Iterable[Any]) -> dict[Any, Any]:
        return await arun(self._do_get_many(keys))  # type: ignore[no-any-return]

    def ttl(self, key: Key, /) -> float | None:
        return run(self._do_ttl(key))  # type: ignore[no-any-return]

    async def attl(self, key: Key) -> float | None:
        return await arun(self._do_ttl(key))  # type: ignore[no-any-return]

    def __contains__(self, key: Key, /) -> bool:
        return run(self._do_contains(self._key(key)))  # type: ignore[no-any-return]

    async def acontains(self, key: Key) -> bool:
        return await arun(  # type: ignore[no-any-return]
            self._do_contains(self._key(key))
        )

    # ---- Writing ------------------------------------------------------------------

    def set(self, key: Key, value: Any, ttl: Any = ..., *, tags: Tags = None) -> bool:
        return run(self._do_set(key, value, ttl, tags))  # type: ignore[no-any-return]

    async def aset(
        self, key: Key, value: Any, ttl: Any = ..., *, tags: Tags = None
    ) -> bool:
        return await arun(  # type: ignore[no-any-return]
            self._do_set(key, value, ttl, tags)
        )

    def add(self, key: Key, value: Any, ttl: Any = ..., *, tags: Tags = None) -> bool:
        return run(self._do_add(key, value, ttl, tags))  # type: ignore[no-any-return]

    async def aadd(
        self, key: Key, value: Any, ttl: Any = ..., *, tags: Tags = None
    ) -> bool:
        return await arun(  # type: ignore[no-any-return]
            self._do_add(key, value, ttl, tags)
        )

    def replace(
        self, key: Key, value: Any, ttl: Any = ..., *, tags: Tags = None
    ) -> bool:
        return run(  # type: ignore[no-any-return]
            self._do_replace(key, value, ttl, tags)
        )

    async def areplace(
        self, key: Key, value: Any, ttl: Any = ..., *, tags: Tags = None
    ) -> bool:
        return await arun(  # type: ignore[no-any-return]
            self._do_replace(key, value, ttl, tags)
        )

    def cas(
        self,
        key: Key,
        value: Any,
        token: int | None,
        ttl: Any = ...,
        *,
        tags: Tags = None,
    ) -> bool:
        return run(  # type: ignore[no-any-return]
            self._do_cas(key, value, token, ttl, tags)
        )

    async def acas(
        self, key: Key, value: Any, token: Any, ttl: Any = ..., *, tags: Tags = None
    ) -> bool:
        return await arun(  # type: ignore[no-any-return]
            self._do_cas(key, value, token, ttl, tags)
        )

    def set_many(
        self, mapping: Mapping[Any, Any], ttl: Any = ..., *, tags: Tags = None
    ) -> list[Any]:
        return run(  # type: ignore[no-any-return]
            self._do_set_many(mapping, ttl, tags)
        )

    async def aset_many(
        self, mapping: Mapping[Any, Any], ttl: Any = ..., *, tags: Tags = None
    ) -> list[Any]:
        return await arun(  # type: ignore[no-any-return]
            self._do_set_many(mapping, ttl, tags)
        )

    def touch(self, key: Key, ttl: Any = ...) -> bool:
        return run(self._do_touch(key, ttl))  # type: ignore[no-any-return]

    async def atouch(self, key: Key, ttl: Any = ...) -> bool:
        return await arun(self._do_touch(key, ttl))  # type: ignore[no-any-return]

    def incr(
        self, key: Key, delta: int = 1, *, initial: int | None = 0, ttl: Any = ...
    ) -> int:
        return run(  # type: ignore[no-any-return]
            Count(self, key, delta, initial, ttl, 1).steps()
        )

    async def aincr(
        self, key: Key, delta: int = 1, *, initial: int | None = 0, ttl: Any = ...
    ) -> int:
        return await arun(  # type: ignore[no-any-return]
            Count(self, key, delta, initial, ttl, 1).steps()
        )

    def decr(
        self, key: Key, delta: int = 1, *, initial: int | None = 0, ttl: Any = ...
    ) -> int:
        return run(  # type: ignore[no-any-return]
            Count(self, key, delta, initial, ttl, -1).steps()
        )

    async def adecr(
        self, key: Key, delta: int = 1, *, initial: int | None = 0, ttl: Any = ...
    ) -> int:
        return await arun(  # type: ignore[no-any-return]
            Count(self, key, delta, initial, ttl, -1).steps()
        )

    def delete(self, key: Key, /) -> bool:
        return run(self._do_drop(self._key(key)))  # type: ignore[no-any-return]

    async def adelete(self, key: Key) -> bool:
        return await arun(self._do_drop(self._key(key)))  # type: ignore[no-any-return]

    def delete_many(self, keys: Iterable[Key], /) -> int:
        return run(self._do_delete_many(keys))  # type: ignore[no-any-return]

    async def adelete_many(self, keys: Iterable[Key]) -> int:
        return await arun(self._do_delete_many(keys))  # type: ignore[no-any-return]

    # ---- Groups -------------------------------------------------------------------

    def clear(self) -> None:
        run(self._do_clear(self._config.flush))

    async def aclear(self) -> None:
        await arun(self._do_clear(self._config.flush))

    def invalidate_tag(self, tag: Key, /) -> None:
        run(self._do_invalidate([self._mark(tag)]))

    async def ainvalidate_tag(self, tag: Key) -> None:
        await arun(self._do_invalidate([self._mark(tag)]))

    def invalidate_tags(self, tags: Iterable[Key], /) -> None:
        run(self._do_invalidate(self._marks_of(tags)))

    async def ainvalidate_tags(self, tags: Iterable[Key]) -> None:
        await arun(self._do_invalidate(self._marks_of(tags)))

    # ---- Functions ----------------------------------------------------------------

    def get_or_load(
        self,
        key: Key,
        loader: Callable[[], T],
        ttl: Any = UNSET,
        *,
        early: float = 0.0,
        **policy: Any,
    ) -> T:
        if self._is_bypassed(loader):
            return loader()
        steps = load.ask(self._job_for(key, loader, ttl, early, policy))
        return resolve(steps)  # type: ignore[no-any-return]

    async def aget_or_load(
        self,
        key: Key,
        loader: Callable[[], Awaitable[T]],
        ttl: Any = UNSET,
        *,
        early: float = 0.0,
        **policy: Any,
    ) -> T:
        if self._is_bypassed(loader):
            return await loader()
        steps = load.ask(self._job_for(key, loader, ttl, early, policy))
        return await aresolve(steps)  # type: ignore[no-any-return]

    # ---- For cached functions, by the key as the engine has it ---------------------

    _job_type: type[Job] = FarJob
    _is_far = True

    def _look(self, key: bytes, early: float, cap_ms: float, /) -> tuple[int, Any]:
        return run(self._do_look(key))  # type: ignore[no-any-return]

    async def _alook(self, key: bytes) -> tuple[int, Any]:
        return await arun(self._do_look(key))  # type: ignore[no-any-return]

    def _drop(self, key: bytes, /) -> bool:
        return run(self._do_drop(key))  # type: ignore[no-any-return]

    async def _adrop(self, key: bytes) -> bool:
        return await arun(self._do_drop(key))  # type: ignore[no-any-return]

    def _has(self, key: bytes, /) -> bool:
        return run(self._do_contains(key))  # type: ignore[no-any-return]

    async def _ahas(self, key: bytes) -> bool:
        return await arun(self._do_contains(key))  # type: ignore[no-any-return]

    # ---- Care -----------------------------------------------------------------------

    def stats(self) -> Stats:
        """What this cache counted in this process, and of each node what this
        process's client did. There is no store of the cache's own to count."""
        self._engine.check_open()
        return stats_of_far(self._home, self._counters())

    def check(self) -> None:
        """Asks every node whether it is there; the exception says which is not."""
        run(self._do_check())

    async def astats(self) -> Stats:
        return self.stats()

    def set_members(
        self,
        servers: Nodes,
        weights: Iterable[float] | None = None,
        *,
        names: Iterable[str] | None = None,
        warm: Ttl = "5m",
    ) -> None:
        self._engine.check_open()
        settings = self._config.far
        assert isinstance(settings, dict)
        change_members(self._home.client, settings, servers, weights, names, warm)

    @property
    def closed(self) -> bool:
        client = self._home.client
        return client is None or client.closed

    def close(self) -> None:
        """Closes the connections of this cache and its namespaces. May be called
        twice. What is stored stays."""
        if self._home.client is not None:
            self._home.client.close()

    def destroy(self) -> None:
        raise _core.ConfigError(
            "only shm:// stores have a name to remove; clear() empties a cache"
        )


def _engine_of(home: Home, config: Config) -> Engine:
    assert config.far is not None
    if config.far["engine"] == "memcached":
        return MemcachedEngine(home.client)
    return RedisEngine(home.client, config.far["kind"])
