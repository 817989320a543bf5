"""Two ways in which a service drowns its database, tried on each kind of cache.

An expired key that everybody wants: all callers find nothing and all ask. Keys that
do not exist: there is never anything to find, so each look-up asks again.
"""

import random
import threading
import time
from dataclasses import dataclass

from .crew import Crew, Station, Watch
from .queries import Punctuality
from .tally import Count

CALLERS = 128
DEST = "ATL"  # every caller wants its best carrier
START = 0.3  # seconds until a start that every thread can make
ABSENT = 10_000
ROUNDS = 3  # times that every worker asks for every absent key


@dataclass(frozen=True)
class Herd:
    callers: int
    queries: int
    seconds: float  # until the last one had its answer


@dataclass(frozen=True)
class Absent:
    keys: int
    requests: int
    queries: int
    seconds: float


def expired(crew: Crew, watch: Watch) -> Herd:
    """Everybody asks at once for a key that was there and has expired."""
    threads = CALLERS // crew.tally.workers
    crew.run(watch, ask)
    crew.run(watch, let_expire)
    before = crew.tally.total(Count.QUERIES)
    start = time.monotonic() + START
    groups = crew.run(watch, ask_together, threads, start)
    answers = [answer for group in groups for answer, _ in group]
    if None in answers or len(set(answers)) != 1:
        raise RuntimeError(f"callers of one key got different answers: {set(answers)}")
    return Herd(
        callers=len(answers),
        queries=crew.tally.total(Count.QUERIES) - before,
        seconds=max(ended for group in groups for _, ended in group) - start,
    )


def ask(station: Station) -> Punctuality | None:
    return station.board.best_carrier(DEST)


def let_expire(station: Station) -> None:
    station.board.expire(DEST)


def ask_together(
    station: Station, threads: int, start: float
) -> list[tuple[Punctuality | None, float]]:
    """The answers that this worker's threads got, and when."""
    answers: list[tuple[Punctuality | None, float]] = []

    def caller() -> None:
        time.sleep(max(0.0, start - time.monotonic()))
        answer = ask(station)
        answers.append((answer, time.monotonic()))

    callers = [threading.Thread(target=caller) for _ in range(threads)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    return answers


def absent(crew: Crew, watch: Watch) -> Absent:
    """Every worker asks for the same aircraft that nobody has ever seen."""
    before = crew.tally.total(Count.QUERIES)
    start = time.monotonic() + START
    ends = crew.run(watch, ask_absent, start)
    return Absent(
        keys=ABSENT,
        requests=ABSENT * ROUNDS * crew.tally.workers,
        queries=crew.tally.total(Count.QUERIES) - before,
        seconds=max(ends) - start,
    )


def ask_absent(station: Station, start: float) -> float:
    """Asks in an order of this worker's own. Returns when it was done."""
    tailnums = [f"X{number:05}" for number in range(ABSENT)]
    random.Random(station.number).shuffle(tailnums)
    time.sleep(max(0.0, start - time.monotonic()))
    for _ in range(ROUNDS):
        for tailnum in tailnums:
            if station.board.aircraft(tailnum) is not None:
                raise RuntimeError(f"{tailnum} exists")
    return time.monotonic()
