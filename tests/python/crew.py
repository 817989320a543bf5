"""Worker processes for the tests: what they run, and how they are started.

A worker's loads are counted in a file of fixed-size records, one appended for each run
of the function, so that a killed worker's count stands.
"""

from __future__ import annotations

import datetime
import decimal
import multiprocessing
import os
import signal
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pinyon

SPAWN = multiprocessing.get_context("spawn")
SIZE = "size=8MiB"


def record(log: str, text: str = "") -> None:
    """Appends a line; whole, whoever else appends."""
    fd = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(fd, f"{os.getpid()} {text}\n".encode())
    finally:
        os.close(fd)


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def ask_together(
    region: str, log: str, barrier: Any, threads: int, rounds: int
) -> None:
    """Threads of several processes ask for the same keys at the same time."""
    with pinyon.Cache(f"shm://{region}?{SIZE}") as cache:

        @cache.cached(name="square")
        def square(n: int) -> int:
            record(log, str(n))
            time.sleep(0.02)
            return n * n

        def body() -> None:
            for n in range(rounds):
                barrier.wait(60)
                assert square(n) == n * n

        run_threads(threads, body)


def fail_together(region: str, log: str, barrier: Any, threads: int) -> None:
    with pinyon.Cache(f"shm://{region}?{SIZE}") as cache:

        @cache.cached(name="fails")
        def fails() -> None:
            time.sleep(0.02)
            raise LookupError("none")

        def body() -> None:
            barrier.wait(60)
            try:
                fails()
            except LookupError:
                record(log)

        run_threads(threads, body)


def run_threads(count: int, body: Any) -> None:
    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            body()
        except BaseException as error:
            failed.append(error)
            raise

    started = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    assert not failed, failed


def load_for_ever(region: str, log: str, lease: float) -> None:
    """Begins a load and never ends it."""
    with pinyon.Cache(f"shm://{region}?{SIZE}") as cache:

        @cache.cached(name="slow", lease=lease)
        def slow() -> str:
            record(log, "begun")
            time.sleep(3600)
            return "never"

        slow()


def write_for_ever(region: str, log: str) -> None:
    """Writes and deletes without end, to be killed in the middle of it."""
    with pinyon.Cache(f"shm://{region}?{SIZE}") as cache:
        record(log, "begun")
        n = 0
        while True:
            n += 1
            key = f"k{n % 500}"
            cache.set(key, (key, "x" * (n % 3000), key))
            cache.incr("n")
            if n % 3 == 0:
                cache.delete(f"k{n % 200}")


def start(target: Any, *args: Any) -> Any:
    process = SPAWN.Process(target=target, args=args, daemon=True)
    process.start()
    return process


def finish(*processes: Any) -> None:
    """Waits for the end of all and demands that it was a good one."""
    for process in processes:
        process.join(60)
    codes = [process.exitcode for process in processes]
    for process in processes:
        kill(process)
    assert codes == [0] * len(processes)


def kill(process: Any) -> None:
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join(60)


# ---- Caches of a fleet ---------------------------------------------------------------

#: Of each kind that is encoded in its own way.
VALUES: dict[str, Any] = {
    "int": 7,
    "negative": -(2**63),
    "none": None,
    "true": True,
    "float": 1.5,
    "text": "grüße",
    "long": "abc" * 5000,
    "bytes": bytes(range(256)) * 20,
    "tuple": (1, [2, {"a": (3,)}]),
    "set": {1, 2, 3},
    "time": datetime.datetime(2026, 2, 3, 4, 5, 6, 7, tzinfo=datetime.UTC),
    "decimal": decimal.Decimal("1.20"),
    "uuid": uuid.UUID(int=12345678901234567890),
}


def write_to_fleet(url: str, options: dict[str, Any], who: str) -> None:
    """What :func:`read_from_fleet` wants to find, in another process, say."""
    with pinyon.Cache(url, namespace="shop", **options) as cache:
        assert cache.set_many({f"{who}:{k}": v for k, v in VALUES.items()}, 60) == []
        for key, value in VALUES.items():
            cache.set(f"{who}:tagged:{key}", value, tags=["t", f"{who}:t"])
        square = cache.cached(name="square", stale=60)(lambda who, n: n * n)
        assert [square(who, n) for n in range(5)] == [0, 1, 4, 9, 16]
        cache.set("doomed", 1, tags=["doomed"])
        cache.incr("count", 5)


def read_from_fleet(url: str, options: dict[str, Any], who: str) -> None:
    with pinyon.Cache(url, namespace="shop", **options) as cache:
        found = cache.get_many([f"{who}:{key}" for key in VALUES])
        assert found == {f"{who}:{key}": value for key, value in VALUES.items()}
        for key, value in VALUES.items():
            got = cache.get(f"{who}:tagged:{key}")
            assert (got, type(got)) == (value, type(value))
        square = cache.cached(name="square", stale=60)(lambda who, n: 1 / 0)
        assert [square(who, n) for n in range(5)] == [0, 1, 4, 9, 16]
        assert 0 < (cache.ttl(f"{who}:int") or 0) <= 61
        cache.invalidate_tag("doomed")
        cache.incr("count", 100)
