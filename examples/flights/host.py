"""The first act: on one host, with no cache, one per worker, and a shared one."""

import multiprocessing
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pinyon

from . import boards, crash, herd, replay
from .boards import Way
from .crew import Crew
from .data import FLIGHTS
from .results import Results, WayResult, stretch
from .screen import Screen
from .tally import Tally

KILLING = 0.5  # of the seconds of a replay


class Host:
    """`workers` processes, `seconds` at most for each replay, `size` of the region.

    The region is made by play() and gone with close(), also when play() was
    interrupted; keep() leaves it.
    """

    def __init__(self, screen: Screen, workers: int, seconds: float, size: str) -> None:
        self._screen = screen
        self._workers = workers
        self._seconds = seconds
        self._size = size
        self.region = f"flights-{os.getpid()}"

    def play(self, path: Path) -> Results:
        self._screen.tell(
            f"\n[bold]A flight board on one host[/]\n"
            f"{self._workers} worker processes replay {FLIGHTS:,} flights in order of "
            f"departure, three look-ups for each, for at most {self._seconds:g} s in "
            f"each of three ways. Each starts with nothing cached."
        )
        shared = f"shm://{self.region}?size={self._size}"
        pinyon.Cache(shared).close()  # made, or what is wrong said, before all else
        ways = [
            Way("none", "no cache", boards.without),
            Way("per-worker", "a cache per worker", boards.per_worker),
            Way("shared", "one shared cache", boards.shared, shared),
        ]
        played = [self._replay(way, path) for way in ways]
        killed = self._kill(ways[-1], path)
        results = Results(self._workers, played, killed)
        self._report(results)
        return results

    def close(self) -> None:
        with suppress(pinyon.RegionAbsent):  # it may not have been made yet
            pinyon.destroy(self.region)

    def _replay(self, way: Way, path: Path) -> WayResult:
        say = self._screen.say
        tally = Tally(multiprocessing.get_context("spawn"), self._workers)
        with Crew(way, tally, path) as crew:
            with self._screen.watching(way.title, tally) as watch:
                year = replay.replay(crew, watch, path, self._seconds)
            say(
                f"{year.requests:,} look-ups, {year.different:,} of them different, "
                f"{year.queries:,} queries: {stretch(year)}"
            )
            if year.region:
                say(
                    f"the region has {year.region >> 20} MiB and evicted {year.evicted}"
                )
            rush = herd.expired(crew, _unwatched)
            say(
                f"{rush.callers} callers want one expired key: all have it after "
                f"{rush.seconds:.2f} s, queries: {rush.queries:,}"
            )
            none = herd.absent(crew, _unwatched)
            say(
                f"{none.keys:,} absent keys, {none.requests:,} look-ups: "
                f"{none.seconds:.2f} s, queries: {none.queries:,}"
            )
        return WayResult(way.name, way.title, year, rush, none)

    def _kill(self, way: Way, path: Path) -> crash.Crash:
        """On the region of the last way, still there though nobody has it."""
        way = replace(way, url=f"{way.url}&compress_min=off")
        tally = Tally(multiprocessing.get_context("spawn"), self._workers)
        with (
            pinyon.Cache(way.url) as cache,
            Crew(way, tally, path) as crew,
            self._screen.killing() as watch,
        ):
            return crash.crash(crew, watch, cache, KILLING * self._seconds)

    def _report(self, results: Results) -> None:
        killed = results.crash
        self._screen.tell(
            f"Writers killed (SIGKILL): {killed.kills}, inside a write: "
            f"{killed.recoveries}; as many shards repaired, {killed.wipes} emptied."
            f" Meanwhile the others read {killed.answers:,} values, {killed.wrong} of "
            f"them wrong. Their longest call took {killed.pause * 1e3:.1f} ms, waits "
            "for a core included. The region's own check: "
            f"{killed.damage or 'sound'}.\n"
        )
        self._screen.table([way.title for way in results.ways], results.rows())
        self._screen.tell(
            "A hit in a worker's own dictionary is the fastest there is. What sharing "
            "buys are fewer queries, less memory, and one load per key however many "
            "ask."
        )


def _unwatched() -> None:
    pass
