"""The policy engine: what happens when a hit is not simply good.

It is written once, as generators that yield what they wait for and never block
themselves; :mod:`pinyon.steps` performs the waits, in threads and in tasks. So both
obey one policy, and the decisions read in order.

The order is that of ``docs/design/0014-policies.md``::

    answer -> fresh                               (in C, before we are asked)
           -> early or stale: refresh, or serve what is there
           -> nothing: join the load of this process, or lead it
                       lead: take the host's lease, or wait for its holder
                             look again, run the function, store, wake the waiters
"""

from __future__ import annotations

import contextvars
import functools
import time
from typing import Any

from . import _core
from ._core import FOUND_EARLY, FOUND_MISS, FOUND_STALE
from .flight import Flight, Outcome
from .job import FOREVER, Job
from .steps import Answer, Call, Hold, Join, Lead, Steps

__all__ = ["answer", "renew"]

#: After a refresh that failed, nobody of the host tries again for so long.
COOL_MS = 1000

#: The keys that are being loaded on behalf of the code that runs here.
_loading: contextvars.ContextVar[frozenset[tuple[int, bytes]]] = contextvars.ContextVar(
    "pinyon_loading", default=frozenset()
)


def answer(job: Job, found: int) -> Any:
    """The whole life of one call that C did not answer. Ends in an Answer."""
    if job.mark in _loading.get():
        return (yield from plain(job))  # the function asks for its own key
    if found in (FOUND_STALE, FOUND_EARLY):
        return (yield from refresh(job, found))
    return (yield from load(job))


def plain(job: Job) -> Any:
    """The function alone: nothing is read, nothing stored."""
    value, error, seconds = yield Call(job.call)
    job.count_load(error, seconds)
    return Answer(value, error, Outcome.UNSTORED)


def serve(job: Job) -> Any:
    """What is there, fresh or stale; a load when it has gone meanwhile."""
    found, value = job.look()
    if found == FOUND_MISS:
        return (yield from load(job))
    job.count_hit(found)
    return Answer(value)


def refresh(job: Job, found: int) -> Any:
    """One caller of the host runs the function, the others get what is there."""
    flight = job.flights.begin(job.key, job.lease_s)
    if flight is None:
        return (yield from serve(job))
    lease = job.take_lease()
    if job.policy.lock and (lease is None or not lease.held):
        job.flights.forget(flight)
        flight.settle(Outcome.ABANDONED, None, None)
        return (yield from serve(job))
    if found == FOUND_EARLY:
        job.count("early_loads", 1)
    yield Lead(flight, lead(job, flight, refill(job, flight, lease)))
    if flight.outcome is Outcome.PENDING:  # a task does it; nobody waits
        return (yield from serve(job))
    if flight.error is None:
        job.count("misses", 1)
        return Answer(flight.value)
    now_found, value = job.look()
    if now_found == FOUND_MISS:
        return Answer(None, flight.error)
    job.count_hit(now_found)  # the function failed, but there is still something
    return Answer(value)


def load(job: Job) -> Any:
    """Nothing is there: lead the load of this process, or wait for its leader."""
    job.count("misses", 1)
    until = job.patience()
    waited: Outcome | None = None  # how the load ended that we waited for last
    while True:
        flight, leads = job.flights.join(job.key, job.lease_s)
        if leads:
            if waited in (Outcome.PENDING, Outcome.ABANDONED):
                job.count("takeovers", 1)
            yield Lead(flight, lead(job, flight, first_fill(job, flight, until)))
            yield Join(flight, FOREVER)
            return Answer(flight.value, flight.error)
        is_younger = waited is not None  # than this call
        if not is_younger:
            is_outdated = flight.outdated
            if is_outdated is not None and is_outdated():
                job.flights.forget(flight)
                continue
            job.count("waits", 1)
        waited = yield Join(flight, min(until, flight.expires))
        shared = share(job, flight, waited, is_younger)
        if shared is not None:
            return shared
        if time.monotonic() >= until:
            return (yield from plain(job))


def share(
    job: Job, flight: Flight, outcome: Outcome, is_younger: bool
) -> Answer | None:
    """What a waiter gets of a load that another led; None: nothing.

    It reads what was stored, so that two callers do not share a list by surprise, and
    so that it sees what an invalidation took away. A load that is younger than the call
    ran after every invalidation that the call must see: it is good in any case, which
    is why nobody waits for a third."""
    if outcome in (Outcome.PENDING, Outcome.ABANDONED):
        return None
    if outcome is Outcome.DONE:
        found, value = job.look()
        if found != FOUND_MISS:
            return Answer(value)
    if is_younger or outcome in (Outcome.UNSTORED, Outcome.FAILED):
        return Answer(flight.value, flight.error)
    return None


def lead(job: Job, flight: Flight, work: Steps) -> Any:
    """Does ``work``, which ends in an Answer, and settles the flight whatever comes."""
    around = _loading.get()
    _loading.set(around | {job.mark})
    try:
        result = yield from work
    except Exception as error:
        close(job, flight, Outcome.FAILED, None, error)
    except BaseException as error:  # interrupted: not the waiters' business
        close(job, flight, Outcome.ABANDONED, None, error)
        raise
    else:
        close(job, flight, result.outcome, result.value, result.error)
    finally:
        _loading.set(around)  # not reset(): a dying task may be finished elsewhere


def close(
    job: Job, flight: Flight, outcome: Outcome, value: Any, error: BaseException | None
) -> None:
    """Forgets first: who comes between finds the value in the store."""
    job.flights.forget(flight)
    flight.settle(outcome, value, error)


def first_fill(job: Job, flight: Flight, until: float) -> Any:
    """The load of a key that was absent: once on this host."""
    lease = job.take_lease()
    turn = 0
    while lease is not None and not lease.held:
        if turn == 0:
            job.count("waits", 1)
        if time.monotonic() >= until:
            return (yield from plain(job))
        yield Hold(lease, turn)
        found, value = job.look()
        if found not in (FOUND_MISS, FOUND_STALE):
            return Answer(value)
        lease = job.take_lease()
        turn += 1
    found, value = job.look()  # it may have been stored before we got the lease
    if found not in (FOUND_MISS, FOUND_STALE):
        if lease is not None:
            lease.end()
        return Answer(value)
    return (yield from fill(job, flight, lease))


def refill(job: Job, flight: Flight, lease: _core.Lease | None) -> Any:
    """A refresh. When it fails the lease is kept a little, so that a sick origin is
    asked once a second by this host and not by every reader."""
    return (yield from fill(job, flight, lease, keep_ms=COOL_MS))


def forced_fill(job: Job, flight: Flight) -> Any:
    """A load that was asked for, whatever is there and whoever else is at it."""
    lease = job.take_lease()
    turn = 0
    while lease is not None and not lease.held:
        yield Hold(lease, turn)
        lease = job.take_lease()
        turn += 1
    return (yield from fill(job, flight, lease))


def fill(job: Job, flight: Flight, lease: _core.Lease | None, keep_ms: int = 0) -> Any:
    """Runs the function and stores what it returned, unless an invalidation came in
    between: the lease and the tags were taken before. What is not stored is nobody
    else's then, either."""
    try:
        tags = job.take_tags()
        is_outdated = functools.partial(job.is_outdated, tags, lease is not None)
        flight.outdated = is_outdated
        value, error, seconds = yield Call(job.call)
        job.count_load(error, seconds)
        outcome = Outcome.UNSTORED if error is None else Outcome.FAILED
        if error is None and tags is not None:
            outcome = job.fill(value, tags, lease, seconds)
        if outcome in (Outcome.UNSTORED, Outcome.FAILED) and is_outdated():
            outcome = Outcome.FENCED
        if error is not None and lease is not None and keep_ms > 0:
            lease.keep(keep_ms)
        return Answer(value, error, outcome)
    finally:
        flight.outdated = None
        if lease is not None:
            lease.end()


def renew(job: Job) -> Any:
    """Runs the function now and stores its result: ``cache_refresh``."""
    flight = job.flights.replace(job.key, job.lease_s)
    yield Lead(flight, lead(job, flight, forced_fill(job, flight)))
    outcome = yield Join(flight, FOREVER)
    assert outcome is not Outcome.PENDING
    return Answer(flight.value, flight.error)
