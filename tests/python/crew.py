"""Worker processes for the tests: what they run, and how they are started.

A worker's loads are counted in a file of fixed-size records, one appended for each run
of the function, so that a killed worker's count stands.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
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
