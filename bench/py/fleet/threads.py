"""threads - one client object, shared by 16 threads."""

import threading
import time
from collections.abc import Callable
from typing import Any

import progress
from report import Row, median_row

from fleet import peers
from fleet.peers import Peer
from fleet.servers import ports, started

THREADS = 16
KEYS = 1000
CHUNK = 20
"""Gets between two looks at the clock."""


def rate(peer: Peer, seconds: float) -> float:
    """Gets per second of all threads together, from a common start to the end."""
    keys = peer.keys(KEYS)
    counts = [0] * THREADS
    failed: list[BaseException] = []
    ready = threading.Barrier(THREADS + 1)
    end = 0.0

    def work(number: int) -> None:
        mine = keys[number * CHUNK :][:CHUNK]
        try:
            call_all(peer.get, mine)  # its connection is opened before the start
            ready.wait()
            while time.perf_counter() < end:
                call_all(peer.get, mine)
                counts[number] += CHUNK
        except Exception as error:
            failed.append(error)
            ready.abort()

    workers = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
    for worker in workers:
        worker.start()
    end = time.perf_counter() + 3600
    try:
        ready.wait()
        start = time.perf_counter()
        end = start + seconds
    except threading.BrokenBarrierError:
        pass
    for worker in workers:
        worker.join()
    if failed:
        raise RuntimeError(f"{peer.name}: {failed[0]!r}")
    return sum(counts) / (time.perf_counter() - start)


def call_all(get: Callable[[str], Any], keys: list[str]) -> None:
    for key in keys:
        get(key)


def rows(engine: str, rounds: int, seconds: float, missing: list[str]) -> list[Row]:
    case = f"{engine}: {THREADS} threads, one client"
    factories = peers.THREADED_REDIS if engine == "redis" else peers.THREADED_MEMCACHED
    rates: dict[str, list[float]] = {}
    with (
        started(engine) as servers,
        peers.connected(factories, ports(servers), KEYS, missing) as present,
    ):
        for number in range(rounds):
            for peer in present:
                progress.show(f"{case}: {peer.name}, round {number + 1} of {rounds}")
                rates.setdefault(peer.name, []).append(rate(peer, seconds))
    return [median_row(case, name, found, "gets/s") for name, found in rates.items()]
