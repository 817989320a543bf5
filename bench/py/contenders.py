"""contenders - Pinyon and its peers behind one small face.

Each function makes one contender, filled with VALUES, or raises ImportError when its
library is not installed. The methods handed out are the libraries' own bound methods,
not wrappers, so that a call costs what it costs the user.

All caches are large enough for what is stored: only hits are timed.
"""

import functools
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

CAPACITY = 65536

Decorator = Callable[[Callable[[int], bytes]], Callable[[int], bytes]]


@dataclass
class Contender:
    name: str
    get: Callable[..., Any] | None = None
    set: Callable[..., Any] | None = None
    assign: Any = None
    """What `[k] = v` is written on, where users store in that way and not by `set`."""
    get_many: Callable[..., Any] | None = None
    """None: the users of this library call `get` for each key."""
    decorator: Decorator | None = None
    close: Callable[[], Any] = lambda: None

    def fill(self, values: Mapping[str, bytes]) -> "Contender":
        """Stores VALUES and makes sure that they are found again."""
        for key, value in values.items():
            if self.assign is not None:
                self.assign[key] = value
            elif self.set is not None:
                self.set(key, value)
        if self.get is not None:
            for key, value in values.items():
                found = self.get(key)
                if found != value and found != (value, True):  # theine: (value, hit)
                    raise RuntimeError(f"{self.name} lost {key!r}: {found!r}")
        return self


def plain_dict() -> Contender:
    table: dict[str, bytes] = {}
    return Contender("dict", table.get, assign=table)


def functools_lru_cache() -> Contender:
    return Contender(
        "functools.lru_cache", decorator=functools.lru_cache(maxsize=CAPACITY)
    )


def cachetools_lru() -> Contender:
    import cachetools

    cache: Any = cachetools.LRUCache(CAPACITY)
    locked = cachetools.cached(cachetools.LRUCache(CAPACITY), lock=threading.Lock())
    return Contender("cachetools LRU", cache.get, assign=cache, decorator=locked)


def cachetools_ttl() -> Contender:
    import cachetools

    cache: Any = cachetools.TTLCache(CAPACITY, ttl=600)
    locked = cachetools.cached(
        cachetools.TTLCache(CAPACITY, 600), lock=threading.Lock()
    )
    return Contender("cachetools TTL", cache.get, assign=cache, decorator=locked)


def cachebox_lru() -> Contender:
    import cachebox

    cache: Any = cachebox.LRUCache(CAPACITY)
    decorator = cachebox.cached(cachebox.LRUCache(CAPACITY))
    return Contender("cachebox LRU", cache.get, cache.insert, decorator=decorator)


def cachebox_ttl() -> Contender:
    import cachebox

    cache: Any = cachebox.TTLCache(CAPACITY, 600)
    decorator = cachebox.cached(cachebox.TTLCache(CAPACITY, 600))
    return Contender("cachebox TTL", cache.get, cache.insert, decorator=decorator)


def theine_tinylfu() -> Contender:
    import theine

    cache: Any = theine.Cache(CAPACITY)
    memoize: Any = theine.Memoize(CAPACITY, None)
    return Contender(
        "theine",
        cache.get,
        cache.set,
        decorator=memoize,
        close=cache.close,
    )


def diskcache_files() -> Contender:
    import diskcache

    directory = tempfile.TemporaryDirectory(prefix="pinyon-bench-")
    cache: Any = diskcache.Cache(directory.name)

    def close() -> None:
        cache.close()
        directory.cleanup()

    return Contender(
        "diskcache", cache.get, cache.set, decorator=cache.memoize(), close=close
    )


def pinyon_private() -> Contender:
    import pinyon

    cache: Any = pinyon.Cache("mem://?size=64MiB")
    return pinyon_contender("pinyon mem://", cache, cache.close)


def pinyon_shared() -> Contender:
    import pinyon

    name = shared_name()
    cache: Any = pinyon.Cache(f"shm://{name}?size=64MiB")

    def close() -> None:
        cache.close()
        pinyon.destroy(name)  # a bench leaves nothing behind

    return pinyon_contender("pinyon shm://", cache, close)


def pinyon_contender(name: str, cache: Any, close: Callable[[], Any]) -> Contender:
    return Contender(
        name,
        cache.get,
        cache.set,
        get_many=cache.get_many,
        decorator=cache.cached(ttl="10m"),
        close=close,
    )


def shared_name() -> str:
    return f"pinyon-bench-{os.getpid()}"


ALL: list[Callable[[], Contender]] = [
    plain_dict,
    functools_lru_cache,
    pinyon_private,
    pinyon_shared,
    cachetools_lru,
    cachetools_ttl,
    cachebox_lru,
    cachebox_ttl,
    theine_tinylfu,
    diskcache_files,
]


@contextmanager
def gather(values: Mapping[str, bytes]) -> Iterator[tuple[list[Contender], list[str]]]:
    """All contenders that can be had, and a line for each that cannot."""
    present: list[Contender] = []
    missing: list[str] = []
    try:
        for make in ALL:
            try:
                contender = make()
            except ImportError as error:
                missing.append(f"{make.__name__.replace('_', ' ')}: left out, {error}")
                continue
            present.append(contender)
            contender.fill(values)
        yield present, missing
    finally:
        for contender in present:
            contender.close()
