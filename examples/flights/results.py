"""The figures of a run, and how they are written."""

import os
import platform
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .crash import Crash
from .data import FLIGHTS
from .herd import Absent, Herd
from .replay import Replay

MB = 1e6


@dataclass(frozen=True)
class WayResult:
    name: str
    title: str
    replay: Replay
    herd: Herd
    absent: Absent


@dataclass(frozen=True)
class Results:
    workers: int
    ways: list[WayResult]
    crash: Crash

    def rows(self) -> Iterator[tuple[str, list[str]]]:
        """A label, and a cell for each way."""
        replays = [way.replay for way in self.ways]
        yield "flights replayed", [f"{r.flights:,}" for r in replays]
        yield "  in seconds", [f"{r.seconds:.1f}" for r in replays]
        yield "requests a second", [f"{r.rate():,.0f}" for r in replays]
        yield (
            "database queries for 1,000 requests",
            [f"{per_thousand(r):,.1f}" for r in replays],
        )
        yield (
            "  different look-ups among these",
            [f"{1000 * r.different / r.requests:,.1f}" for r in replays],
        )
        yield "hit ratio", [f"{r.hit_ratio():.1%}" for r in replays]
        for share in (0.5, 0.99):
            times = [r.latencies.quantile(share) for r in replays]
            yield f"latency p{share * 100:.0f}", [duration(ns) for ns in times]
        yield (
            "memory of all workers, MB",
            [f"{r.memory() / MB:,.0f}" for r in replays],
        )
        yield "  of it for the cache", [f"{r.kept() / MB:,.1f}" for r in replays]
        callers = self.ways[0].herd.callers
        yield (
            f"{callers} callers, one expired key: queries",
            [f"{way.herd.queries:,}" for way in self.ways],
        )
        asked = self.ways[0].absent
        yield (
            f"{asked.keys:,} absent keys, {asked.requests:,} requests: queries",
            [f"{way.absent.queries:,}" for way in self.ways],
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "ways": {way.name: _way_as_json(way) for way in self.ways},
            "crash": vars(self.crash),
        }


def _way_as_json(way: WayResult) -> dict[str, Any]:
    replay = way.replay
    return {
        "flights": replay.flights,
        "requests": replay.requests,
        "different": replay.different,
        "queries": replay.queries,
        "seconds": replay.seconds,
        "hit_ratio": replay.hit_ratio(),
        "p50_ns": replay.latencies.quantile(0.5),
        "p99_ns": replay.latencies.quantile(0.99),
        "memory_bytes": replay.memory(),
        "cache_bytes": replay.kept(),
        "region_bytes": replay.region,
        "evicted": replay.evicted,
        "herd": vars(way.herd),
        "absent": vars(way.absent),
    }


def per_thousand(replay: Replay) -> float:
    return 1000 * replay.queries / replay.requests


def duration(ns: float) -> str:
    """In the unit that leaves one to three digits before the point."""
    for unit, size in (("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.0f} ns"


def machine() -> str:
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {platform.system()} {platform.machine()}"
    )


def stretch(replay: Replay) -> str:
    """How much of the year a replay saw, in words."""
    if replay.flights == FLIGHTS:
        return "the whole year"
    return f"the first {replay.flights:,} flights; then its time was up"
