"""What a flight board asks its database.

Plain functions of a database and the look-up's arguments. Each costs exactly one
query, and each answers None for what does not exist.
"""

import sqlite3
import threading
from pathlib import Path
from typing import Any, NamedTuple

from .tally import Count, Tally


class Punctuality(NamedTuple):
    """How reliable a carrier is on a route, over all its flights there."""

    airline: str
    flights: int
    cancelled: int
    on_time: float | None  # share that arrived at most 15 minutes late
    delay: float | None  # mean on arrival, minutes


class Aircraft(NamedTuple):
    """What one aircraft has done, and what it is when the register knows it."""

    departures: int
    destinations: int
    miles: int
    delay: float | None  # mean on arrival, minutes
    manufacturer: str | None
    model: str | None
    built: int | None
    seats: int | None


class Weather(NamedTuple):
    """The weather at an airport in one hour, and how late it is running."""

    temp: float | None  # degrees Fahrenheit
    wind_speed: float | None  # miles an hour
    precip: float | None  # inches
    visib: float | None  # miles
    delay: float | None  # mean of the departures of the three hours before, minutes


class Database:
    """The flights, read-only: one connection for each thread, every query counted.

    The file is mapped, so that all workers read one copy of its pages: in favour of
    running without a cache, by about a third.
    """

    def __init__(self, path: Path, tally: Tally, worker: int) -> None:
        self._uri = f"file:{path}?mode=ro"
        self._tally = tally
        self._worker = worker
        self._mine = threading.local()
        self._counting = threading.Lock()

    def one(self, sql: str, *arguments: object) -> tuple[Any, ...] | None:
        """The first row that `sql` finds, or None."""
        connection: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._uri, uri=True)
            connection.execute("PRAGMA mmap_size = 268435456")
            self._mine.connection = connection
        with self._counting:
            self._tally.add(self._worker, Count.QUERIES)
        row: tuple[Any, ...] | None = connection.execute(sql, arguments).fetchone()
        return row


def punctuality(
    database: Database, origin: str, dest: str, carrier: str
) -> Punctuality | None:
    row = database.one(
        """SELECT (SELECT name FROM airlines WHERE carrier = ?3), count(*),
                  count(*) - count(dep_delay), avg(arr_delay <= 15), avg(arr_delay)
           FROM flights WHERE origin = ?1 AND dest = ?2 AND carrier = ?3
           GROUP BY carrier""",
        origin,
        dest,
        carrier,
    )
    return Punctuality(*row) if row else None


def best_carrier(database: Database, dest: str) -> Punctuality | None:
    """The most punctual carrier to `dest`. The dearest query: it reads every flight."""
    row = database.one(
        """SELECT name, count(*), count(*) - count(dep_delay),
                  avg(arr_delay <= 15) AS on_time, avg(arr_delay)
           FROM flights JOIN airlines USING (carrier)
           WHERE dest = ? GROUP BY carrier ORDER BY on_time DESC LIMIT 1""",
        dest,
    )
    return Punctuality(*row) if row else None


def aircraft(database: Database, tailnum: str) -> Aircraft | None:
    row = database.one(
        """SELECT count(*), count(DISTINCT dest), sum(distance), avg(arr_delay),
                  manufacturer, model, planes.year, seats
           FROM flights LEFT JOIN planes USING (tailnum)
           WHERE flights.tailnum = ? GROUP BY flights.tailnum""",
        tailnum,
    )
    return Aircraft(*row) if row else None


def weather(database: Database, origin: str, hour: int) -> Weather | None:
    row = database.one(
        """SELECT temp, wind_speed, precip, visib,
                  (SELECT avg(dep_delay) FROM flights
                   WHERE origin = ?1 AND hour BETWEEN ?2 - 3 AND ?2 - 1)
           FROM weather WHERE origin = ?1 AND hour = ?2""",
        origin,
        hour,
    )
    return Weather(*row) if row else None
