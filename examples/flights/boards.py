"""The service's look-ups, three ways, which differ in nothing else.

A board is opened by each worker process for itself. Opening functions are plain, so
that they can be sent to a new process.
"""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from . import queries
from .queries import Aircraft, Database, Punctuality, Weather

if TYPE_CHECKING:
    import pinyon

SOON = 0.05  # seconds: a time to live whose end can be waited for


@dataclass(frozen=True)
class Board:
    punctuality: Callable[[str, str, str], Punctuality | None]
    aircraft: Callable[[str], Aircraft | None]
    weather: Callable[[str, int], Weather | None]
    best_carrier: Callable[[str], Punctuality | None]
    expire: Callable[[str], None]  # returns once this best carrier has expired
    cache: "pinyon.Cache | None" = None


@dataclass(frozen=True)
class Way:
    """One way to run the service. `url` is of the shared cache, if there is one."""

    name: str
    title: str
    open: Callable[[Database, str], Board]
    url: str = ""


def without(database: Database, url: str) -> Board:
    """Every look-up is a query."""
    return Board(
        punctuality=partial(queries.punctuality, database),
        aircraft=partial(queries.aircraft, database),
        weather=partial(queries.weather, database),
        best_carrier=partial(queries.best_carrier, database),
        expire=lambda dest: None,
    )


def per_worker(database: Database, url: str) -> Board:
    """The standard library's cache: the fastest there is inside one process."""
    cached = functools.lru_cache(maxsize=None)
    best_carrier = cached(partial(queries.best_carrier, database))
    return Board(
        punctuality=cached(partial(queries.punctuality, database)),
        aircraft=cached(partial(queries.aircraft, database)),
        weather=cached(partial(queries.weather, database)),
        best_carrier=best_carrier,
        expire=lambda dest: best_carrier.cache_clear(),  # it knows no time to live
    )


def shared(database: Database, url: str) -> Board:
    """One Pinyon region for all workers, with the look-ups decorated."""
    import pinyon  # here, so that the other ways do not pay for it

    cache = pinyon.Cache(url)

    @cache.cached(ttl="10m", jitter=0.1, stale=60)
    def punctuality(origin: str, dest: str, carrier: str) -> Punctuality | None:
        return queries.punctuality(database, origin, dest, carrier)

    @cache.cached(ttl="1h", jitter=0.1, negative_ttl=30)
    def aircraft(tailnum: str) -> Aircraft | None:
        return queries.aircraft(database, tailnum)

    @cache.cached(ttl="10m", negative_ttl=30)
    def weather(origin: str, hour: int) -> Weather | None:
        return queries.weather(database, origin, hour)

    @cache.cached(ttl="1m")
    def best_carrier(dest: str) -> Punctuality | None:
        return queries.best_carrier(database, dest)

    def expire(dest: str) -> None:
        cache.touch(best_carrier.cache_key(dest), SOON)
        time.sleep(2 * SOON)

    return Board(
        punctuality=punctuality,
        aircraft=aircraft,
        weather=weather,
        best_carrier=best_carrier,
        expire=expire,
        cache=cache,
    )
