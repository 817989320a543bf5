"""The year, flight by flight: three look-ups for each, every one of them timed.

Flights are dealt to the workers in turn, as a load balancer deals requests; all
start together, each goes through its share in order of departure.
"""

import sqlite3
import sys
import time
from array import array
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from .crew import Crew, Flight, Station, Watch
from .data import different_lookups
from .measure import Histogram, private_memory
from .tally import Count

CHUNK = 32  # flights between two signs of progress
LOOKUPS = 3  # for each flight
START = 0.1  # seconds until a start that everybody can make


@dataclass(frozen=True)
class Replay:
    """What one way did."""

    flights: int
    requests: int
    different: int  # of these requests: no cache does with fewer queries
    queries: int
    seconds: float
    latencies: Histogram
    before: int  # bytes of the crew with its flights at hand, nothing looked up yet
    after: int
    region: int  # bytes of shared memory, used or not; 0 when there is none
    evicted: int  # values that the region had no room for

    def rate(self) -> float:
        return self.requests / self.seconds

    def hit_ratio(self) -> float:
        """Requests that were answered without a query of their own."""
        return 1 - self.queries / self.requests

    def memory(self) -> int:
        """Bytes of all workers and their region."""
        return self.after + self.region

    def kept(self) -> int:
        """Bytes that the replay added: the cache, in the main."""
        return self.memory() - self.before


@dataclass(frozen=True)
class Part:
    """What one worker did."""

    flights: int
    requests: int
    ended: float  # time.monotonic()
    latencies: Histogram


def replay(crew: Crew, watch: Watch, path: Path, seconds: float) -> Replay:
    """Replays the year, or what `seconds` are enough for."""
    crew.run(watch, take_share)
    before = private_memory(crew.pids())
    queries = crew.tally.total(Count.QUERIES)
    started = time.monotonic() + START
    parts = crew.run(watch, look_up, started, started + seconds)
    after = private_memory(crew.pids())
    region, evicted = crew.run(watch, region_of)[0]
    return Replay(
        flights=sum(part.flights for part in parts),
        requests=sum(part.requests for part in parts),
        different=different_lookups(path, [part.flights for part in parts]),
        queries=crew.tally.total(Count.QUERIES) - queries,
        seconds=max(part.ended for part in parts) - started,
        latencies=Histogram.merged(part.latencies for part in parts),
        before=before,
        after=after,
        region=region,
        evicted=evicted,
    )


def region_of(station: Station) -> tuple[int, int]:
    """The size of the shared region in bytes, and what was evicted from it."""
    if station.board.cache is None:
        return 0, 0
    store = station.board.cache.stats()["store"]
    assert store is not None  # the caches of this act are on this host
    return store["size"], store["evicted"]


def take_share(station: Station) -> None:
    """Has this worker's flights, and room for their times, at hand."""
    connection = sqlite3.connect(f"file:{station.path}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            """SELECT origin, dest, carrier, tailnum, hour FROM flights
               WHERE (id - 1) % ? = ? ORDER BY id""",
            (station.crew, station.number),
        )
        station.share = [_compact(row) for row in rows]
    finally:
        connection.close()
    station.times = array("Q", bytes(8 * LOOKUPS * len(station.share)))


def _compact(row: Flight) -> Flight:
    """One object for each word, not one for each time that it occurs."""
    origin, dest, carrier, tailnum, hour = row
    tailnum = None if tailnum is None else sys.intern(tailnum)
    return sys.intern(origin), sys.intern(dest), sys.intern(carrier), tailnum, hour


def look_up(station: Station, start: float, deadline: float) -> Part:
    """Goes through the share until it ends or the clock says `deadline`."""
    flights = requests = 0
    time.sleep(max(0.0, start - time.monotonic()))
    ended = time.monotonic()
    while flights < len(station.share) and ended < deadline:
        chunk = station.share[flights : flights + CHUNK]
        requests = _look_up_chunk(station, chunk, requests)
        flights += len(chunk)
        station.tally.put(station.number, Count.FLIGHTS, flights)
        station.tally.put(station.number, Count.REQUESTS, requests)
        ended = time.monotonic()
    return Part(flights, requests, ended, Histogram.of(islice(station.times, requests)))


def _look_up_chunk(station: Station, chunk: list[Flight], requests: int) -> int:
    """The measured loop. Returns the number of requests so far."""
    punctuality = station.board.punctuality
    aircraft = station.board.aircraft
    weather = station.board.weather
    times = station.times
    clock = time.perf_counter_ns
    for origin, dest, carrier, tailnum, hour in chunk:
        begin = clock()
        punctuality(origin, dest, carrier)
        done = clock()
        times[requests] = done - begin
        begin = clock()
        weather(origin, hour)
        done = clock()
        times[requests + 1] = done - begin
        requests += 2
        if tailnum is not None:
            begin = clock()
            aircraft(tailnum)
            done = clock()
            times[requests] = done - begin
            requests += 1
    return requests
