"""Writers killed in the middle of their writes, while the others go on.

One worker does nothing but write large values into the shared region, so that it is
nearly always inside a write, until SIGKILL ends it. A new one takes its place and
is killed too, and so on. All the while the other workers read and write the same
keys and compare every byte with what it may be.
"""

import random
import time
from dataclasses import dataclass

import pinyon

from .crew import Crew, Station, Watch
from .tally import Count

KEYS = 64
PATTERNS = 64
VALUE_SIZE = 64 * 1024  # bytes: most of a write's time goes into copying them
WRITES = 16  # one call in so many of a survivor is a write


@dataclass(frozen=True)
class Crash:
    kills: int
    answers: int  # values that the survivors read
    wrong: int  # of these, values that nobody had written
    pause: float  # seconds, the longest that one of their calls took
    recoveries: int  # shards that the region found with a dead writer, and repaired
    wipes: int  # shards that it had to empty
    check: str  # what the region's own check of every invariant says


def crash(crew: Crew, watch: Watch, cache: pinyon.Cache, seconds: float) -> Crash:
    """Kills the first worker, and each that replaces it, for some seconds."""
    before = cache.stats()
    victim, *survivors = crew.workers
    deadline = time.monotonic() + seconds
    for worker in survivors:
        crew.tell(worker, go_on, deadline)
    kills = 0
    chance = random.Random(0)
    while time.monotonic() < deadline:
        crew.tell(victim, write_until, deadline + 1)
        time.sleep(chance.uniform(0.01, 0.05))
        crew.kill(victim)
        kills += 1
        victim = crew.replace(victim)
        watch()
    crew.collect(watch, survivors)
    after = cache.stats()
    return Crash(
        kills=kills,
        answers=crew.tally.total(Count.ANSWERS),
        wrong=crew.tally.total(Count.WRONG),
        pause=max(crew.tally.of(w, Count.PAUSE_US) for w in range(len(crew.workers)))
        / 1e6,
        recoveries=after.recoveries - before.recoveries,
        wipes=after.wipes - before.wipes,
        check=_check(cache),
    )


def patterns() -> list[bytes]:
    """All the values that are ever written: each begins with its own number."""
    made = [random.Random(n).randbytes(VALUE_SIZE - 1) for n in range(PATTERNS)]
    return [bytes([n]) + body for n, body in enumerate(made)]


def write_until(station: Station, deadline: float) -> None:
    """Writes and does nothing else. It is not expected to see the deadline."""
    cache, values = _cache(station), patterns()
    number = 0
    while time.monotonic() < deadline:
        cache.set(f"crash:{number % KEYS}", values[number * 7 % PATTERNS])
        number += 1


def go_on(station: Station, deadline: float) -> None:
    """Reads, verifies and now and then writes, and notes how long it took."""
    cache, values = _cache(station), patterns()
    chance = random.Random(station.number)
    pause = answers = wrong = step = 0
    now = time.monotonic_ns()
    while now < deadline * 1e9:
        key = f"crash:{chance.randrange(KEYS)}"
        value = None
        if step % WRITES:
            value = cache.get(key)
        else:
            cache.set(key, values[step // WRITES % PATTERNS])
        begun, now = now, time.monotonic_ns()
        pause = max(pause, now - begun)
        if value is not None:
            answers += 1
            wrong += value != values[value[0] % PATTERNS]
        step += 1
        if step % 64 == 0:
            station.tally.put(station.number, Count.ANSWERS, answers)
            station.tally.put(station.number, Count.WRONG, wrong)
            station.tally.put(station.number, Count.PAUSE_US, pause // 1000)


def _check(cache: pinyon.Cache) -> str:
    return str(cache.check())


def _cache(station: Station) -> pinyon.Cache:
    if station.board.cache is None:
        raise ValueError("only a crew with a shared cache can be killed to any purpose")
    return station.board.cache
