"""The second act: the same look-ups over fleets, and one of their nodes dies."""

import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import boards, outage, replay, servers
from .boards import Way
from .crew import Crew
from .outage import Outage
from .results import duration
from .screen import Screen
from .servers import Fleet
from .tally import Tally
from .timeline import NEAR, PACE, Dip


@dataclass(frozen=True)
class FleetResults:
    workers: int
    outages: list[Outage]

    @property
    def has_dips(self) -> bool:
        return any(one.timeline.dips() for one in self.outages)

    def is_sound(self) -> bool:
        """Did no caller ever see an exception?"""
        return not any(one.exceptions for one in self.outages)

    def rows(self) -> Iterator[tuple[str, list[str]]]:
        """A label, and a cell for each fleet."""
        all = self.outages
        yield "requests served", [f"{one.requests:,}" for one in all]
        yield "  exceptions that reached a caller", [f"{o.exceptions}" for o in all]
        yield (
            "  failures that the cache hid",
            [f"{one.hidden:,}" for one in all],
        )
        dips = [one.timeline.dips() for one in all]
        for number in range(max(map(len, dips), default=0)):
            column = [d[number] if number < len(d) else None for d in dips]
            yield from _dip_rows(number, column)
            if number == 0:
                cells = [_seconds(after_promotion(one)) for one in all]
                yield "    of these after the promotion", cells
        ends = [one.timeline.at_the_end() for one in all]
        yield "hit ratio at the end", [f"{ratio:.1%}" for ratio in ends]
        for share in (0.5, 0.99):
            times = [one.latencies.quantile(share) for one in all]
            yield f"latency p{share * 100:.0f}", [duration(ns) for ns in times]
        yield "longest call", [duration(one.longest * 1e9) for one in all]

    def as_json(self) -> dict[str, Any]:
        return {one.fleet.name: one.as_json() for one in self.outages}


def _dip_rows(number: int, dips: list[Dip | None]) -> Iterator[tuple[str, list[str]]]:
    def cells(show: Any) -> list[str]:
        return ["" if dip is None else show(dip) for dip in dips]

    what = ("a node is killed", "it is back, empty")[number]
    if number == 0:
        yield "hit ratio before", cells(lambda dip: f"{dip.before:.1%}")
    yield f"{what}: lowest", cells(lambda dip: f"{dip.lowest:.1%}")
    yield "  seconds until it was as before", cells(lambda dip: _until(dip.seconds))


def _until(seconds: float | None) -> str:
    return "not yet" if seconds is None else f"{seconds:.1f}"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"


def after_promotion(one: Outage) -> float | None:
    """Seconds from it until all was as before; None where there was none."""
    dips = one.timeline.dips()
    if not dips or not one.fleet.healed:
        return None
    return one.timeline.seconds_after(dips[0], one.fleet.healed)


class Fleets:
    """`workers` processes serve `pace` requests a second, over each fleet in turn."""

    def __init__(self, screen: Screen, workers: int, pace: float) -> None:
        self._screen = screen
        self._workers = workers
        self._pace = pace

    def play(self, path: Path) -> FleetResults:
        self._screen.tell(
            f"\n[bold]The same flight board over fleets, and a node dies[/]\n"
            f"{self._workers} worker processes with the same decorated functions; only "
            f"the URL of the cache is another. They look up the year's first "
            f"{outage.WARM:,} flights to warm it, then serve what follows at "
            f"{self._pace:,.0f} requests a second."
        )
        fleets = [servers.memcacheds(), servers.cluster()]
        return self._play_all(fleets, path)

    def watch(self, path: Path, url: str, seconds: float) -> FleetResults:
        """The reader's own fleet."""
        self._screen.tell(
            f"\n[bold]The flight board over your fleet[/]\n"
            f"{self._pace:,.0f} requests a second for {seconds:g} s: harm a node, and "
            f"see. Its keys begin with {servers.NAMESPACE}: and expire within an hour."
        )
        results = self._play_all([servers.own(url, seconds)], path)
        for warning in results.outages[0].warned():
            self._screen.say(f"the cache warned: {warning}", markup=False)
        return results

    def _play_all(
        self, fleets: Sequence[AbstractContextManager[Fleet]], path: Path
    ) -> FleetResults:
        results = FleetResults(self._workers, [self._play(f, path) for f in fleets])
        self._report(results)
        return results

    def _play(self, fleet: AbstractContextManager[Fleet], path: Path) -> Outage:
        with ExitStack() as stack:
            with self._screen.console.status("servers are starting"):
                ready = stack.enter_context(fleet)
            way = Way(ready.name, ready.title, boards.shared, ready.url)
            tally = Tally(multiprocessing.get_context("spawn"), self._workers)
            with Crew(way, tally, path) as crew:
                crew.run(lambda: None, replay.take_share)
                self._screen.say(f"\n[bold]{ready.title}[/]   {ready.shown}")
                with self._screen.warming(tally, outage.WARM) as warming:
                    outage.warm(crew, warming)
                with self._screen.outage(ready) as watch:
                    return outage.outage(crew, ready, self._pace / 3, watch)

    def _report(self, results: FleetResults) -> None:
        say = self._screen.say
        say()
        self._screen.table([o.fleet.title for o in results.outages], results.rows())
        for one in results.outages:
            for complaint in one.complaints():
                say(f"[red]{one.fleet.title}[/]: {complaint}")
        if not results.has_dips:
            return
        self._screen.tell(
            f"As before: within {NEAR * 100:g} points of the hit ratio, and "
            f"{PACE:.0%} of the requests. What the cache cannot do for a moment the "
            "database does; the callers of the decorated functions see no exception."
        )
