"""loops - asyncio callers: many requests at once, and a steady stream of them.

All clients are open on one loop and take turns. `gather` starts 5,000 gets at once, of
as many keys, and waits for all. The open loop sends 2,000 a second, whether or not
earlier ones were answered, and measures each from the moment when it was due: so a
client that stalls pays for every request that it kept waiting, not only for one.
"""

import asyncio
import ctypes
import os
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import progress
from report import Row, median_row

from fleet import apeers
from fleet.apeers import AsyncPeer
from fleet.servers import ports, started

KEYS = 5000
GATHERS = 3  # of a round: one takes 15 ms, and a machine's hiccup is as long
RATE = 2000


@dataclass
class Measured:
    peer: AsyncPeer
    keys: list[Any]
    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


# ---- Many at once ---------------------------------------------------------------


async def gather_rate(one: Measured) -> float:
    start = time.perf_counter()
    for _ in range(GATHERS):
        await asyncio.gather(*map(one.peer.get, one.keys))
    return KEYS * GATHERS / (time.perf_counter() - start)


async def gather_rounds(
    case: str, all_of_them: list[Measured], rounds: int
) -> list[Row]:
    for one in all_of_them:
        await gather_rate(one)  # connections are opened, code is warm
    for number in range(rounds):
        progress.show(f"{case}: round {number + 1} of {rounds}")
        for one in all_of_them:
            one.rates.append(await gather_rate(one))
    return [median_row(case, one.peer.name, one.rates, "gets/s") for one in all_of_them]


# ---- A steady stream ------------------------------------------------------------


class Metronome:
    """Tells how many requests have become due, on time: a loop's own timers are rounded
    up to a millisecond, and would be most of what is measured."""

    _MONOTONIC, _NONBLOCK, _CLOEXEC = 1, 0o4000, 0o2000000

    def __init__(self, rate: int) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        flags = self._NONBLOCK | self._CLOEXEC
        self.fd: int = self._libc.timerfd_create(self._MONOTONIC, flags)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self.period = 1 / rate

    def start(self) -> float:
        """From now on; returns when the first request is due, by perf_counter()."""
        ns = round(self.period * 1e9)
        spec = struct.pack("qqqq", 0, ns, 0, ns)
        if self._libc.timerfd_settime(self.fd, 0, spec, None) != 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")
        return time.perf_counter() + self.period

    def due(self) -> int:
        """How many since the last call."""
        try:
            return int.from_bytes(os.read(self.fd, 8), "little")
        except BlockingIOError:
            return 0

    def close(self) -> None:
        os.close(self.fd)


async def latencies(one: Measured, count: int) -> list[float]:
    """Of COUNT requests, each from when it was due until its answer was there."""
    loop = asyncio.get_running_loop()
    metronome = Metronome(RATE)
    finished = loop.create_future()
    taken: list[float] = []
    failed: list[BaseException] = []
    sent = 0

    def answered(due: float) -> Callable[[asyncio.Future[Any]], None]:
        def note(future: asyncio.Future[Any]) -> None:
            taken.append(time.perf_counter() - due)
            if (error := future.exception()) is not None:
                failed.append(error)
            if len(taken) == count:
                finished.set_result(None)

        return note

    def send() -> None:
        nonlocal sent
        for _ in range(min(metronome.due(), count - sent)):
            key = one.keys[sent % KEYS]
            due = start + sent * metronome.period
            asyncio.ensure_future(one.peer.get(key)).add_done_callback(answered(due))
            sent += 1

    start = metronome.start()
    loop.add_reader(metronome.fd, send)
    try:
        await asyncio.wait_for(finished, 60)
    finally:
        loop.remove_reader(metronome.fd)
        metronome.close()
    if failed:
        raise failed[0]
    return taken


async def stream_rounds(
    case: str, all_of_them: list[Measured], rounds: int, seconds: float
) -> list[Row]:
    for number in range(rounds):
        for one in all_of_them:
            progress.show(f"{case}: {one.peer.name}, round {number + 1} of {rounds}")
            found = sorted(await latencies(one, round(RATE * seconds)))
            one.p50.append(found[len(found) // 2] * 1e6)
            one.p99.append(found[len(found) * 99 // 100] * 1e6)
    p50s = [median_row(f"{case}, p50", o.peer.name, o.p50, "us") for o in all_of_them]
    p99s = [median_row(f"{case}, p99", o.peer.name, o.p99, "us") for o in all_of_them]
    return p50s + p99s


# ---- Both, over one server ------------------------------------------------------


def rows(
    engine: str, is_uvloop: bool, rounds: int, seconds: float, missing: list[str]
) -> list[Row]:
    """Raises ImportError without uvloop where it is asked for."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    where = engine
    if is_uvloop:
        import uvloop

        factory, where = uvloop.new_event_loop, f"{engine} on uvloop"
    with started(engine) as servers, asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(
            measure(engine, where, ports(servers), rounds, seconds, missing)
        )


async def measure(
    engine: str,
    where: str,
    at: list[int],
    rounds: int,
    seconds: float,
    missing: list[str],
) -> list[Row]:
    factories = apeers.REDIS if engine == "redis" else apeers.MEMCACHED
    async with apeers.connected(factories, at, KEYS, missing) as present:
        measured = [Measured(peer, peer.keys(KEYS)) for peer in present]
        rows = await gather_rounds(f"{where}: {KEYS} gets gathered", measured, rounds)
        stream = f"{where}: {RATE} gets/s, open loop"
        return rows + await stream_rounds(stream, measured, rounds, seconds)
