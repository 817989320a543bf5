"""rounds - times several things so that the same noise meets all of them.

Every subject of a case is a statement timed by `timeit` (garbage collection off): in
CPU time of this process, so that other work on the machine does not count, or, where a
call waits for somebody else, by the clock on the wall. A round times each subject once,
one after the other; there are many short rounds. A figure is the median over the
rounds, a ratio is the median of the rounds' ratios: a machine that is busy for a moment
spoils a round for all, and no median.
"""

import statistics
import time
import timeit
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

ROUND_SECONDS = 0.002
"""One subject, one round: long against the clock, short against noise."""

Clock = Callable[[], float]


class Timer(Protocol):
    """What times a subject: timeit.Timer is one."""

    def timeit(self, number: int) -> float: ...


@dataclass
class Subject:
    """One thing timed: STATEMENT does OPERATIONS operations; its names are NAMES."""

    name: str
    statement: str
    names: Mapping[str, object]
    operations: int
    samples: list[float] = field(default_factory=list)
    """Seconds of one operation, a sample per round."""

    def timer(self, clock: Clock) -> Timer:
        """The names become locals of the timed function, as they would be in fast
        code."""
        scope = dict(self.names)
        setup = "; ".join(f"{name} = _{name}" for name in scope)
        values = {f"_{name}": value for name, value in scope.items()}
        return timeit.Timer(self.statement, setup, clock, values)

    @property
    def ns(self) -> float:
        return statistics.median(self.samples) * 1e9

    def ratio_to(self, other: "Subject") -> float:
        """How many times OTHER's time this takes."""
        pairs = zip(self.samples, other.samples, strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


def run_rounds(
    subjects: Sequence[Subject],
    rounds: int,
    clock: Clock = time.process_time,
    seconds: float = ROUND_SECONDS,
) -> Iterator[int]:
    """Fills the samples of SUBJECTS; yields each round's number when it is over."""
    timers = [subject.timer(clock) for subject in subjects]
    repeats = [repeats_of(timer, seconds) for timer in timers]
    for number in range(rounds):
        for subject, timer, repeat in zip(subjects, timers, repeats, strict=True):
            taken = timer.timeit(repeat)
            subject.samples.append(taken / (repeat * subject.operations))
        yield number


def repeats_of(timer: Timer, seconds: float) -> int:
    """How often the statement fits a round; running it also warms everything up."""
    timer.timeit(1)
    taken = min(timer.timeit(1) for _ in range(3))
    return max(1, round(seconds / max(taken, 1e-9)))
