"""rounds - times several things so that the same noise meets all of them.

Every subject of a case is a statement timed by `timeit` (garbage collection off), in
CPU time of this process, so that other work on the machine does not count. A
round times each subject once, one after the other; there are many short rounds. A
figure is the median over the rounds, a ratio is the median of the rounds' ratios: a
machine that is busy for a moment spoils a round for all, and no median.
"""

import statistics
import time
import timeit
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

ROUND_SECONDS = 0.002
"""One subject, one round: long against the clock, short against noise."""


@dataclass
class Subject:
    """One thing timed: STATEMENT does OPERATIONS operations; its names are NAMES."""

    name: str
    statement: str
    names: Mapping[str, object]
    operations: int
    samples: list[float] = field(default_factory=list)
    """Seconds of one operation, a sample per round."""

    @property
    def ns(self) -> float:
        return statistics.median(self.samples) * 1e9

    def ratio_to(self, other: "Subject") -> float:
        """How many times OTHER's time this takes."""
        pairs = zip(self.samples, other.samples, strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


def run_rounds(subjects: list[Subject], rounds: int) -> Iterator[int]:
    """Fills the samples of SUBJECTS; yields each round's number when it is over."""
    timers = [timer_of(subject) for subject in subjects]
    repeats = [repeats_of(timer) for timer in timers]
    for number in range(rounds):
        for subject, timer, repeat in zip(subjects, timers, repeats, strict=True):
            seconds = timer.timeit(repeat)
            subject.samples.append(seconds / (repeat * subject.operations))
        yield number


def timer_of(subject: Subject) -> timeit.Timer:
    """The names become locals of the timed function, as they would be in fast code."""
    scope = dict(subject.names)
    setup = "; ".join(f"{name} = _{name}" for name in scope)
    values = {f"_{name}": value for name, value in scope.items()}
    return timeit.Timer(subject.statement, setup, time.process_time, values)


def repeats_of(timer: timeit.Timer) -> int:
    """How often the statement fits a round; running it also warms everything up."""
    timer.timeit(1)
    seconds = min(timer.timeit(1) for _ in range(3))
    return max(1, round(ROUND_SECONDS / max(seconds, 1e-9)))
