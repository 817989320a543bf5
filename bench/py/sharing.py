"""sharing - what a hit costs when several processes read what another one stored.

Only caches that processes of a host can share take part: Pinyon's `shm://`, diskcache,
and a `multiprocessing.Manager` dictionary, which is what the standard library offers.
The parent stores; the readers are new interpreters, as workers of a service are; they
read random keys from a common start to a common end and count.
"""

import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import contenders
import machine

KEYS = 1000
CHUNK = 200
PREPARE_SECONDS = 1.0


def key_of(number: int) -> str:
    return f"user:{number:08d}"


@contextmanager
def pinyon_region() -> Iterator[tuple[Any, str]]:
    import pinyon

    name = contenders.shared_name()
    cache: Any = pinyon.Cache(f"shm://{name}?size=64MiB")
    try:
        yield cache.set, name
    finally:
        cache.close()
        pinyon.destroy(name)


@contextmanager
def diskcache_directory() -> Iterator[tuple[Any, str]]:
    import diskcache

    with tempfile.TemporaryDirectory(prefix="pinyon-bench-") as directory:
        cache: Any = diskcache.Cache(directory)
        try:
            yield cache.set, directory
        finally:
            cache.close()


@contextmanager
def manager_dict() -> Iterator[tuple[Any, Any]]:
    with multiprocessing.get_context("spawn").Manager() as manager:
        table = manager.dict()
        yield table.__setitem__, table


def attach(kind: str, where: Any) -> Any:
    """The reader's side: a `get` of what the parent stored."""
    if kind == "pinyon shm://":
        import pinyon

        return pinyon.Cache(f"shm://{where}").get
    if kind == "diskcache":
        import diskcache

        return diskcache.Cache(where).get
    return where.get


KINDS: dict[str, Callable[[], Any]] = {
    "pinyon shm://": pinyon_region,
    "diskcache": diskcache_directory,
    "Manager dict": manager_dict,
}


def read(kind: str, where: Any, number: int, start: float, end: float) -> int:
    """Runs in a reader: how many hits from START to END of the monotonic clock."""
    machine.pin(number)
    get = attach(kind, where)
    keys = [key_of(i) for i in random.Random(number).choices(range(KEYS), k=CHUNK)]
    if any(get(key) is None for key in keys):
        raise RuntimeError(f"{kind}: a reader does not find what was stored")
    count = 0
    while time.monotonic() < start:
        pass
    while time.monotonic() < end:
        for key in keys:
            get(key)
        count += CHUNK
    return count


def hits_per_second(
    kind: str, readers: int, seconds: float, rounds: int
) -> list[float]:
    """Hits per second of READERS processes together, one figure per round. Raises
    ImportError when the library is not there."""
    spawn = multiprocessing.get_context("spawn")
    with KINDS[kind]() as (store, where):
        value = os.urandom(100)
        for number in range(KEYS):
            store(key_of(number), value)
        with spawn.Pool(readers) as pool:
            pool.map(abs, range(readers))  # interpreters are up
            results = []
            for _ in range(rounds):
                start = time.monotonic() + PREPARE_SECONDS
                jobs = [
                    (kind, where, number, start, start + seconds)
                    for number in range(readers)
                ]
                results.append(sum(pool.starmap(read, jobs, chunksize=1)) / seconds)
        return results
