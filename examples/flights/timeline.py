"""What happened while a node died: counters over time, and what they come to."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

STEP = 0.2  # seconds; a point of the picture
BEFORE = 2.0  # seconds before a harm that tell what is normal
WINDOW = 3  # steps in a row that make a recovery
NEAR = 0.03  # of the hit ratio: as good as before
PACE = 0.8  # of the requests a second: as many as before


@dataclass(frozen=True)
class Sample:
    """Totals of all workers, `at` seconds after the start."""

    at: float
    requests: int
    queries: int


@dataclass(frozen=True)
class Mark:
    at: float
    what: str
    harms: bool


@dataclass(frozen=True)
class Bin:
    """What was done in one step of time."""

    begin: float
    requests: float
    queries: float

    @property
    def middle(self) -> float:
        return self.begin + STEP / 2

    @property
    def hit_ratio(self) -> float | None:
        """None where too little was answered to tell."""
        if self.requests < 10:
            return None
        return max(0.0, 1 - self.queries / self.requests)


@dataclass(frozen=True)
class Dip:
    """What followed a mark that harms."""

    what: str
    at: float
    before: float  # hit ratio
    lowest: float  # hit ratio of a step; 0 when not one step has one
    slowest: float  # requests a second of a step
    seconds: float | None  # until all was as before again; None: not within the time


class Timeline:
    def __init__(self, samples: Sequence[Sample], marks: Sequence[Mark]) -> None:
        """The first sample is of the start, the last of the end."""
        self.marks = list(marks)
        self.bins = _bins(samples)

    @property
    def end(self) -> float:
        """Seconds from the start, in whole steps."""
        return self.bins[-1].begin + STEP if self.bins else 0.0

    def dips(self) -> list[Dip]:
        harms = [mark for mark in self.marks if mark.harms]
        never = Mark(float("inf"), "", harms=True)
        return [
            self._dip(mark, following.at, harms[0].at)
            for mark, following in pairwise([*harms, never])
        ]

    def seconds_after(self, dip: Dip, what: str) -> float | None:
        """How long after the mark `what` the dip was over."""
        for mark in self.marks:
            if mark.what == what and dip.seconds is not None:
                return max(0.0, dip.at + dip.seconds - mark.at)
        return None

    def hit_ratio(self, begin: float, end: float) -> float:
        return _ratio([bin for bin in self.bins if begin <= bin.begin < end])

    def at_the_end(self) -> float:
        """The hit ratio of as long a time as tells what is normal."""
        return self.hit_ratio(self.end - BEFORE, self.end)

    def as_json(self) -> dict[str, Any]:
        return {
            "marks": [asdict(mark) for mark in self.marks],
            "dips": [asdict(dip) for dip in self.dips()],
            "hit_ratio_at_the_end": self.at_the_end(),
            "step_seconds": STEP,
            "requests_by_step": [round(bin.requests, 1) for bin in self.bins],
            "queries_by_step": [round(bin.queries, 1) for bin in self.bins],
        }

    def _dip(self, mark: Mark, end: float, first: float) -> Dip:
        """Normal is what was before the first harm, for all of them."""
        normal = [b for b in self.bins if first - BEFORE <= b.begin <= first - STEP]
        after = [b for b in self.bins if mark.at <= b.begin + STEP / 2 < end]
        before = _ratio(normal)
        pace = sum(b.requests for b in normal) / max(1, len(normal))
        ratios = [b.hit_ratio for b in after if b.hit_ratio is not None]
        return Dip(
            mark.what,
            mark.at,
            before,
            min(ratios, default=0.0),
            min((b.requests for b in after), default=0.0) / STEP,
            _recovery(after, mark.at, before, pace),
        )


def _bins(samples: Sequence[Sample]) -> list[Bin]:
    """Steps of equal length; counters between two samples go up evenly."""
    edges = [samples[0]]
    for old, new in pairwise(samples):
        while edges[-1].at + STEP <= new.at:
            at = edges[-1].at + STEP
            share = (at - old.at) / (new.at - old.at)
            edges.append(
                Sample(
                    at,
                    old.requests + round(share * (new.requests - old.requests)),
                    old.queries + round(share * (new.queries - old.queries)),
                )
            )
    return [
        Bin(old.at, new.requests - old.requests, new.queries - old.queries)
        for old, new in pairwise(edges)
    ]


def _ratio(bins: Sequence[Bin]) -> float:
    requests = sum(bin.requests for bin in bins)
    queries = sum(bin.queries for bin in bins)
    return max(0.0, 1 - queries / requests) if requests else 0.0


def _recovery(
    bins: Sequence[Bin], begin: float, before: float, pace: float
) -> float | None:
    """Seconds until the first of WINDOW steps in a row, after the worst, that are
    together as good and as many as before. (A node that is back is noticed a moment
    later: all is well until then.)"""
    worst = min(range(len(bins)), key=lambda i: bins[i].hit_ratio or 0.0, default=0)
    if bins and (bins[worst].hit_ratio or 0.0) >= before - NEAR:
        worst = 0  # there was none
    for first in range(worst, len(bins) - WINDOW + 1):
        window = bins[first : first + WINDOW]
        requests = sum(bin.requests for bin in window) / WINDOW
        if requests >= PACE * pace and _ratio(window) >= before - NEAR:
            return max(0.0, window[0].begin - begin)
    return None
