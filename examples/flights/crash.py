"""Writers killed in the middle of their writes, while the others go on.

One worker does nothing but write into the shared region, until SIGKILL ends it. A new
one takes its place and is killed too, and so on. All the while the other workers read
and write the same keys and compare every byte with what it may be.

A kill is of interest when it lands inside a write, while the writer holds the lock of
a shard: then the next one who wants the lock finds a dead owner, repairs the shard,
and counts a recovery. The values are as large as a segment takes without being cut
up, and are not compressed, so that most of a writer's time is spent there.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import pinyon
from pinyon.stats import StoreStats

from .crew import PATIENCE, Crew, Station, Worker, WorkerDied
from .tally import Count

KEYS = 64
PATTERNS = 64
ROOM = 128  # bytes that an item may have besides its value
WRITES = 1024  # one call in so many of a survivor is a write; see go_on()
MOST_KILLS = 30  # when none of them lands inside a write
LONGEST = 60.0  # seconds after which a writer or a survivor ends in any case
Watch = Callable[[int, int], None]


@dataclass(frozen=True)
class Crash:
    kills: int
    recoveries: int  # kills that left a shard locked: found, repaired, counted
    wipes: int  # shards that had to be emptied for it
    answers: int  # values that the survivors read
    wrong: int  # of these, values that nobody had written
    pause: float  # seconds, the longest that one of their calls took
    damage: str  # what the region's check of every invariant complains of, or ""

    def is_sound(self) -> bool:
        return not self.wrong and not self.damage


def crash(crew: Crew, watch: Watch, cache: pinyon.Cache, seconds: float) -> Crash:
    """Kills the first worker, and each that replaces it, for some seconds, and until
    a kill has landed inside a write. `watch` is told of kills, and of those inside."""
    before = _store(cache)

    def repaired() -> int:
        return _store(cache)["recoveries"] - before["recoveries"]

    victim, *survivors = crew.workers
    for worker in survivors:
        crew.tell(worker, go_on)
    kills = inside = 0
    chance = random.Random(0)
    deadline = time.monotonic() + seconds
    while kills < MOST_KILLS and (time.monotonic() < deadline or not inside):
        _set_to_writing(crew, victim)
        time.sleep(chance.uniform(0.005, 0.02))
        crew.kill(victim)
        kills += 1
        victim = crew.replace(victim)
        inside = repaired()
        watch(kills, inside)
    crew.tally.call_off()
    crew.collect(lambda: None, survivors)
    damage = _check(cache)  # which takes every lock, also that of the last victim
    pauses = (crew.tally.of(w, Count.PAUSE_US) for w in range(len(crew.workers)))
    return Crash(
        kills=kills,
        recoveries=repaired(),
        wipes=_store(cache)["wipes"] - before["wipes"],
        answers=crew.tally.total(Count.ANSWERS),
        wrong=crew.tally.total(Count.WRONG),
        pause=max(pauses) / 1e6,
        damage=damage,
    )


def _set_to_writing(crew: Crew, victim: Worker) -> None:
    """Returns when it is at it."""
    number = crew.workers.index(victim)
    crew.tally.put(number, Count.WRITES, 0)
    crew.tell(victim, write)
    ends = time.monotonic() + PATIENCE
    while not crew.tally.of(number, Count.WRITES):
        if time.monotonic() > ends:
            raise WorkerDied(f"{victim.process.name} does not write")
        time.sleep(0.001)


def patterns(cache: pinyon.Cache) -> list[bytes]:
    """All the values that are ever written: each begins with its own number."""
    largest = _store(cache)["segment_size"] // 2 - ROOM
    made = []
    for number in range(PATTERNS):
        chance = random.Random(number)
        size = chance.randrange(largest // 2, largest)
        made.append(bytes([number]) + chance.randbytes(size - 1))
    return made


def write(station: Station) -> None:
    """Writes and does nothing else. It is not expected to come to an end."""
    cache = _cache(station)
    values = patterns(cache)
    number = 0
    ends = time.monotonic() + LONGEST
    while time.monotonic() < ends:
        for _ in range(KEYS):
            cache.set(f"crash:{number % KEYS}", values[number * 7 % PATTERNS])
            number += 1
        station.tally.put(station.number, Count.WRITES, number)


def go_on(station: Station) -> None:
    """Reads, verifies and now and then writes, and notes how long it took.

    Some hundred writes a second find every dead owner. With many more the victim waits
    for locks, or wakes those who do, and a kill lands inside a write half as often.
    """
    cache = _cache(station)
    values = patterns(cache)
    chance = random.Random(station.number)
    pause = answers = wrong = step = 0
    now = time.monotonic_ns()
    ends = now + LONGEST * 1e9
    while now < ends and not station.tally.is_called_off():
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


def _store(cache: pinyon.Cache) -> StoreStats:
    store = cache.stats()["store"]
    assert store is not None  # it is on this host
    return store


def _check(cache: pinyon.Cache) -> str:
    try:
        cache.check()
    except pinyon.RegionDamaged as error:
        return str(error)
    return ""


def _cache(station: Station) -> pinyon.Cache:
    if station.board.cache is None:
        raise ValueError("only a crew with a shared cache can be killed to any purpose")
    return station.board.cache
