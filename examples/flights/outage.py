"""A fleet in use while one of its nodes dies.

The workers warm the cache with the year's first flights, as fast as they can. Then
they serve the flights that follow at a steady pace, as requests of users come, and
every counter is sampled all the while. A worker that was kept waiting goes on at its
pace and does not make up for it.
"""

import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import Any

from .crew import Crew, Flight, Station
from .crew import Watch as Warming
from .measure import Histogram, bucket_of
from .servers import Fleet
from .tally import Count
from .timeline import Mark, Sample, Timeline

WARM = 10_000  # flights
WARM_SECONDS = 20.0  # the most that they may take
CHUNK = 32  # flights between two signs of progress while warming
LOOK = 0.05  # seconds between two samples
START = 0.1  # seconds until a start that every worker can make
SHOWN = 0.5  # seconds that the figures on the screen are of
REST = 3.0  # seconds that a fleet is measured for once it has healed
LONGEST = 60.0  # seconds in which it should have
Watch = Callable[[float, float, float, Mark | None], None]


@dataclass(frozen=True)
class Trouble:
    """What one worker met, seen and unseen by its functions' callers."""

    exceptions: int
    first: str  # of them, or ""
    hidden: int  # calls to the cache that failed, and the function was run instead
    warned: list[str]  # by the cache, each thing once


@dataclass(frozen=True)
class Part:
    """What one worker did."""

    latencies: Histogram
    longest: float  # seconds
    trouble: Trouble


@dataclass(frozen=True)
class Outage:
    fleet: Fleet
    pace: float  # requests a second that came
    requests: int
    queries: int
    timeline: Timeline
    latencies: Histogram
    longest: float  # seconds, of one call
    troubles: list[Trouble]

    @property
    def exceptions(self) -> int:
        return sum(trouble.exceptions for trouble in self.troubles)

    @property
    def hidden(self) -> int:
        return sum(trouble.hidden for trouble in self.troubles)

    def complaints(self) -> list[str]:
        """What the exceptions were, one of each worker."""
        return sorted({trouble.first for trouble in self.troubles} - {""})

    def warned(self) -> list[str]:
        """What the caches warned of."""
        return sorted({words for trouble in self.troubles for words in trouble.warned})

    def as_json(self) -> dict[str, Any]:
        return {
            "pace": self.pace,
            "requests": self.requests,
            "queries": self.queries,
            "exceptions": self.exceptions,
            "hidden": self.hidden,
            "warned": self.warned(),
            "p50_ns": self.latencies.quantile(0.5),
            "p99_ns": self.latencies.quantile(0.99),
            "longest_seconds": self.longest,
            **self.timeline.as_json(),
            "troubles": [asdict(trouble) for trouble in self.troubles],
        }


def warm(crew: Crew, watch: Warming) -> None:
    """Has the first WARM flights looked up, as far as the time allows."""
    crew.run(watch, look_up_first, WARM // crew.tally.workers, WARM_SECONDS)


def outage(crew: Crew, fleet: Fleet, pace: float, watch: Watch) -> Outage:
    """Serves `pace` flights a second for as long as the fleet is measured: its time,
    and until it has had REST after it healed. `watch` is told, after every sample, the
    time, requests and queries a second, and the mark that was made if any."""
    tally = crew.tally
    before = [tally.total(what) for what in (Count.REQUESTS, Count.QUERIES)]
    start = time.monotonic() + START
    for worker in crew.workers:
        crew.tell(worker, serve, WARM // tally.workers, start, pace)
    time.sleep(max(0.0, start - time.monotonic()))
    clock = Clock(crew, fleet, start)
    while not clock.is_over():
        mark = clock.tick()
        watch(clock.now(), *clock.rates(), mark)
        time.sleep(LOOK)
    clock.sample()
    tally.call_off()
    parts: list[Part] = crew.collect(lambda: None, crew.workers)
    return Outage(
        fleet=fleet,
        pace=3 * pace,
        requests=tally.total(Count.REQUESTS) - before[0],
        queries=tally.total(Count.QUERIES) - before[1],
        timeline=Timeline(clock.samples, clock.marks),
        latencies=Histogram.merged(part.latencies for part in parts),
        longest=max(part.longest for part in parts),
        troubles=[part.trouble for part in parts],
    )


class Clock:
    """Samples the counters, takes the fleet's steps when they are due, and notes when
    it has healed."""

    def __init__(self, crew: Crew, fleet: Fleet, start: float) -> None:
        self._tally = crew.tally
        self._fleet = fleet
        self._start = start
        self._due = list(fleet.steps)
        self._healed_at = None if fleet.healed else 0.0
        self.samples: list[Sample] = []
        self.marks: list[Mark] = []
        self.sample()

    def now(self) -> float:
        return time.monotonic() - self._start

    def is_over(self) -> bool:
        if self._healed_at is None:
            return self.now() >= LONGEST
        return self.now() >= max(self._fleet.seconds, self._healed_at + REST)

    def sample(self) -> None:
        queries = self._tally.total(Count.QUERIES)
        self.samples.append(
            Sample(self.now(), self._tally.total(Count.REQUESTS), queries)
        )

    def tick(self) -> Mark | None:
        mark = None
        if self._due and self._due[0].at <= self.now():
            step = self._due.pop(0)
            mark = Mark(self.now(), step.what, step.harms)
            step.do()
        elif self._healed_at is None and self.marks and self._fleet.heals():
            self._healed_at = self.now()
            mark = Mark(self._healed_at, self._fleet.healed, harms=False)
        if mark is not None:
            self.marks.append(mark)
        self.sample()
        return mark

    def rates(self) -> tuple[float, float]:
        """Requests and queries a second, of late."""
        new = self.samples[-1]
        old = self.samples[max(0, len(self.samples) - 1 - round(SHOWN / LOOK))]
        seconds = max(new.at - old.at, LOOK)
        return (
            (new.requests - old.requests) / seconds,
            (new.queries - old.queries) / seconds,
        )


# ---- In the workers ---------------------------------------------------------------


def look_up_first(station: Station, flights: int, seconds: float) -> None:
    """The first flights of this worker's share. What is to be warned of, the measured
    time will warn of too."""
    warnings.simplefilter("ignore")
    end = time.monotonic() + seconds
    for done, flight in enumerate(station.share[:flights]):
        for call in lookups(station, flight):
            call()
        if done % CHUNK == 0:
            station.tally.put(station.number, Count.FLIGHTS, done)
            if time.monotonic() > end:
                return
    station.tally.put(station.number, Count.FLIGHTS, flights)


def serve(station: Station, first: int, start: float, pace: float) -> Part:
    """Serves the flights from `first` on, this worker's part of `pace` a second, until
    it is called off."""
    gap = station.crew / pace
    due = start + gap * station.number / station.crew
    counts: Counter[int] = Counter()
    longest = 0
    failures: list[str] = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for flight in cycle([*station.share[first:], *station.share[:first]]):
            time.sleep(max(0.0, due - time.monotonic()))
            if station.tally.is_called_off():
                break
            for call in lookups(station, flight):
                begin = time.perf_counter_ns()
                try:
                    call()
                except Exception as error:  # which would be the user's
                    failures.append(f"{type(error).__name__}: {error}")
                took = time.perf_counter_ns() - begin
                longest = max(longest, took)
                counts[bucket_of(took)] += 1
                station.tally.add(station.number, Count.REQUESTS)
            due = max(due + gap, time.monotonic())
    cache = station.board.cache
    trouble = Trouble(
        exceptions=len(failures),
        first=failures[0] if failures else "",
        hidden=cache.stats()["calls"]["errors"] if cache is not None else 0,
        warned=[str(warning.message) for warning in warned],
    )
    return Part(Histogram(counts), longest / 1e9, trouble)


def lookups(station: Station, flight: Flight) -> list[Callable[[], object]]:
    """What one flight on the board takes: three calls, two without a tail number."""
    board = station.board
    origin, dest, carrier, tailnum, hour = flight
    calls: list[Callable[[], object]] = [
        lambda: board.punctuality(origin, dest, carrier),
        lambda: board.weather(origin, hour),
    ]
    if tailnum is not None:
        calls.append(lambda: board.aircraft(tailnum))
    return calls
