"""The cache, as programs see it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, overload

from . import _core, load
from .aio import AsyncCalls
from .cached import Cached
from .client_options import Nodes
from .closing import Closing
from .decorate import decorate
from .dsn import visible
from .fleet import SCHEMES
from .home import Home
from .job import Job
from .policy import Tags, make_policy
from .stats import Stats, stats_of
from .steps import aresolve, resolve, run
from .url import Config, parse

__all__ = ["Cache", "destroy"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

Ttl = int | float | str | timedelta | None


class Decorator(Protocol):
    """``cached`` with options: gives each function's type back, cached."""

    def __call__(self, function: Callable[P, R], /) -> Cached[P, R]: ...


_GOOD = (_core.FOUND_FRESH, _core.FOUND_NEGATIVE)


class _Unset:
    def __repr__(self) -> str:
        return "<the cache's>"


UNSET: Any = _Unset()


class Cache(AsyncCalls, Closing, _core.Cache):
    """A cache in the memory of this process, or of this host.

    ::

        cache = pinyon.Cache()                             # private: mem://
        cache = pinyon.Cache("shm://shop?size=256MiB")     # all processes of the host

    ``url`` and keywords take the same options, and what the URL says wins:

    ``size``            bytes, or "64MiB": bounds everything; 64 MiB when not given, or
                        what is there when the region exists
    ``ttl``             time to live where a call gives none: seconds, "10m", a
                        timedelta; None (the default) for no expiry
    ``namespace``       a prefix of all keys, so that caches share one store
    ``codec``           "msgpack" (the default) or "pickle", which needs ``secret``
    ``secret``          bytes, or a list of them (the first signs); keyword only
    ``compress_min``    compress values from so many bytes on (1024), or "off"
    ``compress_level``  of zstd (1)
    ``item``            expected bytes of key and value, to size the index (112)
    ``create``          shm: no: attach to what is there, or raise RegionAbsent
    ``dir``             shm: where the region's file is (/dev/shm)
    ``write_wait``      how long a write waits for another process (50ms)
    ``prefault``        no: take a new region's pages when they are first used
    ``stable_cas``      yes: 8 bytes an item, and tokens outlive relocation

    Times to live are seconds (int or float), text such as "10m" or "1h30m", or a
    timedelta; 0 stores nothing, None never expires.

    Values come back as they went in, type included, or :class:`SerializationError` is
    raised. Every read gives an object of its own, also with ``mem://``.

    Methods may be called by any number of threads; each has a twin for asyncio whose
    name starts with "a" (``aget``). After a fork both processes go on: with ``shm://``
    they share the cache, with ``mem://`` the child's is empty.

    ``clear()`` forgets everything in the store, the items of namespaces included; that
    of a namespace what is the namespace's. ``close()``, also of a namespace, closes the
    store for the cache and for all its namespaces.
    """

    _home: Home
    _prefix: str | None
    _options: dict[str, Any]

    def __new__(
        cls,
        url: str = "mem://",
        *,
        size: int | str | None = None,
        item: int | None = None,
        create: bool | None = None,
        dir: str | None = None,
        write_wait: Ttl = None,
        prefault: bool | None = None,
        stable_cas: bool | None = None,
        ttl: Ttl = None,
        namespace: str | None = None,
        codec: Literal["msgpack", "pickle"] | None = None,
        secret: bytes | str | list[bytes | str] | None = None,
        compress_min: int | Literal["off"] | None = None,
        compress_level: int | None = None,
        **more: Any,
    ) -> Cache:
        options = dict(locals())
        options |= options.pop("more")  # what is unknown is refused by a list
        del options["cls"], options["url"]
        config = parse(url, options)
        if config.far is not None:
            cls = _far_class(cls)
        return cls._open(Home(config), config, config.namespace)

    @classmethod
    def _open(cls, home: Home, config: Config, namespace: str | None) -> Cache:
        prefix = None if namespace is None else f"{namespace}:"
        self: Cache = super().__new__(
            cls,
            home.store,
            prefix,
            config.ttl,
            int.from_bytes(os.urandom(8), "little"),
            codec=config.codec,
            secret=config.secret,
            compress_min=config.compress_min,
            compress_level=config.compress_level,
            memcached=config.far is not None and config.far["engine"] == "memcached",
        )
        self._home = home
        self._prefix = prefix
        self._prefix_plan = namespace
        self._config = config
        return self

    _prefix_plan: str | None
    _config: Config

    # ---- Groups -----------------------------------------------------------------

    def namespace(self, name: str) -> Cache:
        """A cache in the same store whose keys and tags are its own, and whose
        ``clear()`` clears nothing else. Namespaces nest. It is a view: closing it
        closes the store, for the cache as well."""
        if not isinstance(name, str) or not name:
            raise _core.ConfigError(f"namespace {name!r}: give a str")
        full = name if self._prefix is None else f"{self._prefix}{name}"
        return self._open(self._home, self._config, full)

    def bypass(self) -> AbstractContextManager[None]:
        """Within it this thread's or task's cached functions run as if there were no
        cache: nothing is read, nothing stored."""
        return self._home.bypass()

    # ---- Functions ----------------------------------------------------------------

    @overload
    def cached(self, function: Callable[P, R], /) -> Cached[P, R]: ...
    @overload
    def cached(
        self,
        function: None = None,
        /,
        *,
        ttl: Ttl | Callable[[Any], Ttl] = ...,
        jitter: float = ...,
        negative_ttl: Ttl = ...,
        absent: Callable[[Any], bool] | None = ...,
        stale: Ttl = ...,
        early: float = ...,
        should_cache: Callable[[Any], bool] | None = ...,
        lease: Ttl = ...,
        wait: Ttl = ...,
        lock: Literal["host", False] = ...,
        on_error: Literal["compute", "raise"] = ...,
        tags: Tags = ...,
        key: Callable[..., Any] | str | None = ...,
        version: int | str = ...,
        name: str | None = ...,
    ) -> Decorator: ...
    def cached(
        self,
        function: Callable[P, R] | None = None,
        /,
        *,
        ttl: Any = UNSET,
        key: Any = None,
        version: int | str = 1,
        name: str | None = None,
        **options: Any,
    ) -> Any:
        """Caches a function's results by its arguments::

            @cache.cached(ttl="10m", stale=60, tags=lambda u: [f"user:{u}"])
            def user(u: int) -> User: ...

        The same on ``async def``, methods, classmethods and staticmethods. However many
        threads, tasks and processes of the host ask, the function runs once per key.

        ``ttl``           time to live, or a function of the result (the cache's ttl)
        ``jitter``        shortens each ttl by up to this share, by key (0.1)
        ``stale``         serve so long past the ttl while one caller refreshes, or when
                          the function fails (0)
        ``negative_ttl``  time to live of results that mean "there is nothing": None, or
                          what ``absent(result)`` says (like any result)
        ``early``         refresh before the ttl ends, sooner the longer a run takes:
                          the beta of XFetch; 1.0 is a good value (0: off)
        ``should_cache``  a function of the result: False does not store it
        ``tags``          a list, or a function of the arguments that returns one
        ``lease``         how long one run may take before another is begun (30 s)
        ``wait``          how long to wait for another's run before running it oneself
                          (None: as long as the lease)
        ``lock``          "host": one run per key on the host; False: per process
        ``on_error``      "compute": trouble with the cache is hidden, counted and
                          warned of once; "raise": it is raised
        ``key``           a function of the arguments, or text such as "{user.uuid}"
        ``version``       change it when the results' meaning changes
        ``name``          in keys; "module.qualname" when not given

        Exceptions are not cached. ``with cache.bypass():`` calls the function itself.
        """
        if ttl is UNSET:
            ttl = self._config.ttl
        policy = make_policy(ttl, **_known(options))
        parameters = {"ttl": ttl, "version": version, **options}
        if key is not None:
            parameters["key"] = key

        def decorator(function: Any) -> Any:
            return decorate(
                self,
                function,
                policy,
                parameters,
                key=key,
                version=version,
                name=name,
            )

        return decorator if function is None else decorator(function)

    def get_or_load(
        self,
        key: str | bytes,
        loader: Callable[[], T],
        ttl: Any = UNSET,
        *,
        early: float = 0.0,
        **policy: Any,
    ) -> T:
        """The value of ``key``; when there is none, what ``loader()`` returns, which is
        stored. Options and promises are those of :meth:`cached`."""
        if self._is_bypassed(loader):
            return loader()
        job, found, value = self._start(key, loader, ttl, early, policy)
        if job is None:
            return value  # type: ignore[no-any-return]
        return resolve(load.answer(job, found))  # type: ignore[no-any-return]

    async def aget_or_load(
        self,
        key: str | bytes,
        loader: Callable[[], Awaitable[T]],
        ttl: Any = UNSET,
        *,
        early: float = 0.0,
        **policy: Any,
    ) -> T:
        """The same for a coroutine function."""
        if self._is_bypassed(loader):
            return await loader()
        job, found, value = self._start(key, loader, ttl, early, policy)
        if job is None:
            return value  # type: ignore[no-any-return]
        return await aresolve(  # type: ignore[no-any-return]
            load.answer(job, found)
        )

    def _is_bypassed(self, loader: Any) -> bool:
        if not callable(loader):
            raise _core.ConfigError(f"loader={loader!r} cannot be called")
        if not self._store.bypassing or not self._home.is_bypassed():
            return False
        self._count("bypassed", 1)
        return True

    def _start(
        self, key: Any, loader: Any, ttl: Any, early: float, options: dict[str, Any]
    ) -> tuple[Job | None, int, Any]:
        """(None, found, value) when there is a good value, else the job to do. A policy
        takes microseconds to make, so a plain hit does without."""
        _known(options)
        name = self._key(key)
        with suppress(_core.CacheError):  # the job meets it again and deals with it
            if not early:
                found, value = self._look(name, 0.0, 0.0)
                if found in _GOOD:
                    self._count_hit(found)
                    return None, found, value
        job = self._job_for(key, loader, ttl, early, options)
        policy = job.policy
        found, value = run(job.look(early, policy.early_cap))
        if found in _GOOD:
            self._count_hit(found)
            return None, found, value
        return job, found, None

    def _count_hit(self, found: int) -> None:
        self._count("hits", 1)
        if found == _core.FOUND_NEGATIVE:
            self._count("negative_hits", 1)

    #: What a load asks of the store.
    _job_type: type[Job] = Job
    #: Are the values in an engine elsewhere? Then C knows nothing of a key yet.
    _is_far = False

    def _job_for(
        self, key: Any, loader: Any, ttl: Any, early: float, options: dict[str, Any]
    ) -> Job:
        name = self._key(key)
        given = self._config.ttl if ttl is UNSET else ttl
        policy = make_policy(given, early=early, **_known(options))
        tags = policy.tags
        return self._job_type(
            self,
            policy,
            name,
            loader,
            name=f"get_or_load({name.decode('utf-8', 'replace')!r})",
            count=self._count,
            tags=tags if callable(tags) else lambda: tags,
            marks=() if not self._is_far else self._lasting_marks(tags),
        )

    def _lasting_marks(self, tags: Any) -> tuple[bytes, ...]:
        """The marks of the tags that are known before a call."""
        return tuple(self._marks(None if callable(tags) else tags))

    # ---- Care -------------------------------------------------------------------

    def stats(self) -> Stats:
        """What the store counted, in all processes since it was made, and what this
        cache counted in this process."""
        return stats_of(self._home, self._counters())

    def check(self) -> None:
        """Checks every invariant of the store, under its locks; RegionDamaged says
        which is broken."""
        errors, *_, first = self._store.check()
        if errors:
            raise _core.RegionDamaged(
                f"{self!r}: {errors} broken invariants, the first: {first}"
            )

    def set_members(
        self,
        servers: Nodes,
        weights: Iterable[float] | None = None,
        *,
        names: Iterable[str] | None = None,
        warm: Ttl = "5m",
    ) -> None:
        """Other servers, for the cache of a fleet whose keys the client places
        (memcached, ``place=``), and for its namespaces. For ``warm`` deletes go to the
        key's old owner too, and of memcached sets, and reads that find nothing. Every
        process has to be told. What has tags, a namespace or a function counts only
        beside their generations on its own node, so part of it is loaded anew.
        """
        raise _core.ConfigError(
            f"{self.url} has no servers to change: set_members() is for memcached, and"
            " for fleets with place="
        )

    @property
    def url(self) -> str:
        """Scheme and name or hosts, without options, users and passwords."""
        return self._config.url

    @property
    def closed(self) -> bool:
        return self._store.closed

    def close(self) -> None:
        """Ends the use of the store by this object and its namespaces, whichever of
        them it is called on; a shared store stays for others. May be called twice."""
        self._store.close()

    def destroy(self) -> None:
        """Closes the cache, and removes a shared one from the host: processes that use
        it go on with what they have, unseen by later ones."""
        self.close()
        if self._config.name is not None:
            destroy(self._config.name, dir=self._config.dir)

    def __repr__(self) -> str:
        prefix = "" if self._prefix is None else f" {self._prefix[:-1]}"
        closed = " closed" if self.closed else ""
        return f"<pinyon.Cache {self.url}{prefix}{closed}>"

    def __reduce__(self) -> Any:
        raise TypeError(
            "a cache is not pickled: make one with the same URL in each process"
        )


def _far_class(cls: type[Cache]) -> type[Cache]:
    """What to make instead of ``cls`` where the values are far: a class that derives
    from it too."""
    from .far import FarCache  # which needs Cache as its base

    if issubclass(FarCache, cls):
        return FarCache
    return type(cls.__name__, (cls, FarCache), {"__module__": cls.__module__})


_POLICY = tuple(make_policy.__kwdefaults__ or ())


def _known(options: dict[str, Any]) -> dict[str, Any]:
    for name in options:
        if name not in _POLICY:
            raise _core.ConfigError(
                f"there is no option {name!r}; there are ttl, key, version, name,"
                f" {', '.join(_POLICY)}"
            )
    return options


def destroy(name: str, *, dir: str | None = None) -> None:
    """Removes the shared store ``name`` (or ``shm://name``); RegionAbsent when there is
    none. Processes that have it open go on with it, unseen by others."""
    if isinstance(name, str) and "://" in name:
        if name.split(":")[0].lower() in SCHEMES:
            raise _core.ConfigError(
                f"{visible(name)!r}: only shm:// stores have a name to remove; clear()"
                " empties the cache of a fleet"
            )
        config = parse(name, {} if dir is None else {"dir": dir})
        if config.scheme != "shm":
            raise _core.ConfigError(
                f"{name!r}: only shm:// stores have a name to remove"
            )
        name, dir = config.name or "", config.dir
    for option, value in (("name", name), ("dir", dir)):
        if not isinstance(value, str) and (option, value) != ("dir", None):
            raise _core.ArgumentError(f"{option}={value!r}: give a str")
    _core.unlink(name, dir)
