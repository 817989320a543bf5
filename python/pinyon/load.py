"""The policy engine: what happens when a hit is not simply good.

It is written once, as generators that yield what they wait for and never block
themselves; :mod:`pinyon.steps` performs the waits, in threads and in tasks. So both
obey one policy, and the decisions read in order.

The order is that of ``docs/design/0014-policies.md``::

    answer -> fresh                               (in C, before we are asked; or by
                                                  `ask`, when the values are far)
           -> early or stale: refresh, or serve what is there
           -> nothing: join the load of this process, or lead it
                       lead: take the key's lease, or wait for its holder
                             look again, run the function, store, wake the waiters
"""

from __future__ import annotations

import contextvars
import functools
import time
from typing import Any

from ._core import FOUND_EARLY, FOUND_FRESH, FOUND_MISS, FOUND_NEGATIVE, FOUND_STALE
from .flight import Flight, Outcome
from .job import FOREVER, Job, Lease
from .steps import Answer, Call, Join, Lead, Steps

__all__ = ["answer", "ask", "renew"]

#: After a refresh that failed, nobody of the host tries again for so long.
COOL_MS = 1000

#: The keys that are being loaded on behalf of the code that runs here.
_loading: contextvars.ContextVar[frozenset[tuple[int, bytes]]] = contextvars.ContextVar(
    "pinyon_loading", default=frozenset()
)


def ask(job: Job) -> Any:
    """One call of which C knows nothing yet, since the values are far."""
    if job.mark in _loading.get():
        return (yield from plain(job))
    found, value = yield from job.look(job.policy.early, job.policy.early_cap)
    if found in (FOUND_FRESH, FOUND_NEGATIVE):
        job.count_hit(found)
        return Answer(value)
    return (yield from answer(job, found))


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
    found, value = yield from job.look()
    if found == FOUND_MISS:
        return (yield from load(job))
    job.count_hit(found)
    return Answer(value)


def refresh(job: Job, found: int) -> Any:
    """One caller of the host runs the function, the others get what is there."""
    flight = job.flights.begin(job.key, job.lease_s)
    if flight is None:
        return (yield from serve(job))
    lease, _, _ = yield from job.claim(present=True)
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
    now_found, value = yield from job.look()
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
            if is_outdated is not None and (yield from is_outdated()):
                job.flights.forget(flight)
                continue
            job.count("waits", 1)
        waited = yield Join(flight, min(until, flight.expires))
        shared = yield from share(job, flight, waited, is_younger)
        if shared is not None:
            return shared
        if time.monotonic() >= until:
            return (yield from plain(job))


def share(job: Job, flight: Flight, outcome: Outcome, is_younger: bool) -> Any:
    """What a waiter gets of a load that another led: an Answer, or None.

    It reads what was stored, so that two callers do not share a list by surprise, and
    so that it sees what an invalidation took away. A load that is younger than the call
    ran after every invalidation that the call must see: it is good in any case, which
    is why nobody waits for a third."""
    if outcome in (Outcome.PENDING, Outcome.ABANDONED):
        return None
    if outcome is Outcome.DONE:
        found, value = yield from job.look()
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
    """The load of a key that was absent: once for all who share the store. It may have
    been stored before we got the lease."""
    turn = 0
    while True:
        lease, found, value = yield from job.claim()
        if found not in (FOUND_MISS, FOUND_STALE):
            yield from job.end_lease(lease)
            return Answer(value)
        if lease is None or lease.held:
            return (yield from fill(job, flight, lease))
        if turn == 0:
            job.count("waits", 1)
        if time.monotonic() >= until:
            return (yield from plain(job))
        yield job.hold(lease, turn)
        found, value = yield from job.look()
        if found not in (FOUND_MISS, FOUND_STALE):
            return Answer(value)
        turn += 1


def refill(job: Job, flight: Flight, lease: Lease | None) -> Any:
    """A refresh. When it fails the lease is kept a little, so that a sick origin is
    asked once a second and not by every reader."""
    return (yield from fill(job, flight, lease, keep_ms=COOL_MS))


def forced_fill(job: Job, flight: Flight) -> Any:
    """A load that was asked for, whatever is there and whoever else is at it."""
    lease, _, _ = yield from job.claim(present=True)
    turn = 0
    while lease is not None and not lease.held:
        yield job.hold(lease, turn)
        lease, _, _ = yield from job.claim(present=True)
        turn += 1
    return (yield from fill(job, flight, lease))


def fill(job: Job, flight: Flight, lease: Lease | None, keep_ms: int = 0) -> Any:
    """Runs the function and stores what it returned, unless an invalidation came in
    between: the lease and the tags were taken before. What is not stored is nobody
    else's then, either."""
    try:
        answer = yield from run_and_store(job, flight, lease)
        flight.outdated = None
        if answer.error is not None and keep_ms > 0:
            yield from job.keep_lease(lease, keep_ms)
        yield from job.end_lease(lease)
        return answer
    except GeneratorExit:  # the loop is gone, and nobody performs steps any more
        job.drop_lease(lease)
        raise
    except BaseException:
        flight.outdated = None
        yield from job.end_lease(lease)
        raise


def run_and_store(job: Job, flight: Flight, lease: Lease | None) -> Any:
    tags = yield from job.take_tags()
    is_outdated = functools.partial(job.is_outdated, tags, lease)
    flight.outdated = is_outdated
    value, error, seconds = yield Call(job.call)
    job.count_load(error, seconds)
    outcome = Outcome.UNSTORED if error is None else Outcome.FAILED
    if error is None and tags is not None:
        outcome = yield from job.fill(value, tags, lease, seconds)
    if outcome in (Outcome.UNSTORED, Outcome.FAILED) and (yield from is_outdated()):
        outcome = Outcome.FENCED
    return Answer(value, error, outcome)


def renew(job: Job) -> Any:
    """Runs the function now and stores its result: ``cache_refresh``."""
    flight = job.flights.replace(job.key, job.lease_s)
    yield Lead(flight, lead(job, flight, forced_fill(job, flight)))
    outcome = yield Join(flight, FOREVER)
    assert outcome is not Outcome.PENDING
    return Answer(flight.value, flight.error)
