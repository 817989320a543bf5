"""The policy engine: what happens when a hit is not simply good.

It is written once, as generators that yield what they wait for (:class:`Call`,
:class:`Wait`, ...) and never block themselves. Two drivers perform the waits: `run` for
threads, `arun` for tasks. So both obey one policy, and the decisions read in order.

The order is that of ``docs/design/0014-policies.md``::

    answer -> fresh                               (in C, before we are asked)
           -> early or stale: refresh, or serve what is there
           -> nothing: join the load of this process, or lead it
                       lead: take the host's lease, or wait for its holder
                             look again, run the function, store, wake the waiters
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from . import _core
from ._core import FOUND_EARLY, FOUND_MISS, FOUND_NEGATIVE, FOUND_STALE, CacheError
from .flight import Flight, Outcome
from .policy import Policy

if TYPE_CHECKING:
    from .cache import Cache

__all__ = ["Job", "aresolve", "resolve"]

#: A single wait for the host's lease: only asking again notices a dead holder.
LEASE_SLICE_MS = 50
#: How often a task looks whether the host's lease is free, in seconds.
LEASE_POLL = (0.001, 0.002, 0.004, 0.008, 0.016, 0.02)
#: After a refresh that failed, nobody of the host tries again for so long.
COOL_MS = 1000

FOREVER = float("inf")

T = TypeVar("T")

#: The keys that are being loaded on behalf of the code that runs here.
_loading: contextvars.ContextVar[frozenset[tuple[int, bytes]]] = contextvars.ContextVar(
    "pinyon_loading", default=frozenset()
)


class Job:
    """One call that the store could not answer at once."""

    __slots__ = ("cache", "call", "count", "flights", "key", "name", "policy", "tags")

    def __init__(
        self,
        cache: Cache,
        policy: Policy,
        key: bytes,
        call: Callable[[], Any],
        *,
        name: str,
        count: Callable[[str, int], None],
        tags: Callable[[], Iterable[str | bytes] | None],
    ) -> None:
        self.cache = cache
        self.policy = policy
        self.key = key
        self.call = call  # the function with its arguments
        self.name = name  # of the function, for warnings
        self.count = count
        self.tags = tags
        self.flights = cache._home.flights

    @property
    def mark(self) -> tuple[int, bytes]:
        return id(self.cache._home), self.key

    @property
    def lease_s(self) -> float:
        return self.policy.lease / 1e3

    def patience(self) -> float:
        """When a caller stops waiting for others."""
        wait = self.policy.wait
        return FOREVER if wait is None else time.monotonic() + wait / 1e3

    # The store may be closed, full or broken: then the function is called as if there
    # were no cache, unless on_error="raise".

    def look(self, early: float = 0.0, cap_ms: float = 0.0) -> tuple[int, Any]:
        try:
            return self.cache._look(self.key, early, cap_ms)
        except CacheError as error:
            return self.trouble(error, (FOUND_MISS, None))

    def take_lease(self) -> _core.Lease | None:
        """The lease, ours or another's; None when there is none to be had."""
        if not self.policy.lock:
            return None
        try:
            return self.cache._lease(self.key, self.policy.lease)
        except CacheError as error:
            return self.trouble(error, None)

    def take_tags(self) -> bytes | None:
        """The tags' generations before the load; None when it cannot be stored."""
        try:
            return self.cache._tags(self.tags())
        except (_core.RegionError, _core.ClosedError) as error:
            return self.trouble(error, None)

    def trouble(self, error: CacheError, instead: T) -> T:
        if self.policy.on_error == "raise":
            raise error
        self.count("errors", 1)
        self.cache._home.warn(
            type(error).__name__,
            f"{self.name} runs without its cache: {error}",
        )
        return instead


# ---- What a job waits for: performed by a driver ------------------------------------


class Call:
    """Runs the function. Gives (value, error, seconds)."""

    __slots__ = ("job",)

    def __init__(self, job: Job) -> None:
        self.job = job

    def perform(self) -> tuple[Any, Exception | None, float]:
        begun = time.perf_counter()
        try:
            value = self.job.call()
        except Exception as error:
            return None, error, time.perf_counter() - begun
        return value, None, time.perf_counter() - begun

    async def aperform(self) -> tuple[Any, Exception | None, float]:
        begun = time.perf_counter()
        try:
            value = await self.job.call()
        except Exception as error:
            return None, error, time.perf_counter() - begun
        return value, None, time.perf_counter() - begun


class Join:
    """Waits for a load of this process. Gives its outcome."""

    __slots__ = ("flight", "until")

    def __init__(self, flight: Flight, until: float) -> None:
        self.flight = flight
        self.until = until

    def perform(self) -> Outcome:
        return self.flight.wait(self.until - time.monotonic())

    async def aperform(self) -> Outcome:
        return await self.flight.await_(self.until - time.monotonic())


class Hold:
    """Waits a little for the holder of the host's lease."""

    __slots__ = ("lease", "turn")

    def __init__(self, lease: _core.Lease, turn: int) -> None:
        self.lease = lease
        self.turn = turn

    def perform(self) -> None:
        self.lease.wait(LEASE_SLICE_MS)

    async def aperform(self) -> None:
        # A thread asleep for each waiting task would be a thread too many.
        await asyncio.sleep(LEASE_POLL[min(self.turn, len(LEASE_POLL) - 1)])


class Lead:
    """Runs a load: here and now in a thread, as a task of its own on a loop, so that
    no caller's cancellation is the load's."""

    __slots__ = ("flight", "work")

    def __init__(self, flight: Flight, work: Steps) -> None:
        self.flight = flight
        self.work = work

    def perform(self) -> None:
        run(self.work)

    async def aperform(self) -> None:
        loop = asyncio.get_running_loop()
        self.flight.task = loop.create_task(arun(self.work))


Steps = Generator[Call | Join | Hold | Lead, Any, Any]


def run(steps: Steps) -> Any:
    """Performs the steps in this thread."""
    send: Callable[[Any], Any] = steps.send
    given: Any = None
    while True:
        try:
            step = send(given)
        except StopIteration as stop:
            return stop.value
        try:
            given = step.perform()
            send = steps.send
        except BaseException as error:
            given, send = error, steps.throw


async def arun(steps: Steps) -> Any:
    """Performs the steps in this task."""
    send: Callable[[Any], Any] = steps.send
    given: Any = None
    while True:
        try:
            step = send(given)
        except StopIteration as stop:
            return stop.value
        try:
            given = await step.aperform()
            send = steps.send
        except BaseException as error:
            given, send = error, steps.throw


def resolve(steps: Steps) -> Any:
    """The value that ``steps`` end in, or the exception."""
    return run(steps).open()


async def aresolve(steps: Steps) -> Any:
    """The same in a task."""
    return (await arun(steps)).open()


# ---- The policy ------------------------------------------------------------------


class Answer:
    """What a caller gets. An error travels as data: raised through a generator, a
    StopIteration of the user's would become something else."""

    __slots__ = ("error", "value")

    def __init__(self, value: Any, error: BaseException | None = None) -> None:
        self.value = value
        self.error = error

    def open(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.value


def answer(job: Job, found: int) -> Any:
    """The whole life of one call that C did not answer. Ends in an Answer."""
    if job.mark in _loading.get():
        return (yield from plain(job))  # the function asks for its own key
    if found in (FOUND_STALE, FOUND_EARLY):
        return (yield from refresh(job, found))
    return (yield from load(job))


def plain(job: Job) -> Any:
    """The function alone: nothing is read, nothing stored."""
    value, error, seconds = yield Call(job)
    count_load(job, error, seconds)
    return Answer(value, error)


def serve(job: Job) -> Any:
    """What is there, fresh or stale; a load when it has gone meanwhile."""
    found, value = job.look()
    if found == FOUND_MISS:
        return (yield from load(job))
    count_hit(job, found)
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
    yield Lead(flight, lead(job, flight, refill(job, lease)))
    if flight.outcome is Outcome.DONE:
        job.count("misses", 1)
        return Answer(flight.value)
    if flight.outcome is Outcome.PENDING:  # a task does it; nobody waits
        return (yield from serve(job))
    now_found, value = job.look()
    if now_found == FOUND_MISS:
        return Answer(None, flight.error)
    count_hit(job, now_found)  # the function failed, but there is still something
    return Answer(value)


def load(job: Job) -> Any:
    """Nothing is there: lead the load of this process, or wait for the one that does."""
    job.count("misses", 1)
    until = job.patience()
    has_waited = False
    while True:
        flight, leads = job.flights.join(job.key, job.lease_s)
        if leads:
            if has_waited:
                job.count("takeovers", 1)
            yield Lead(flight, lead(job, flight, first_fill(job, until)))
        elif not has_waited:
            has_waited = True
            job.count("waits", 1)
        outcome = yield Join(flight, FOREVER if leads else min(until, flight.expires))
        if outcome is Outcome.DONE:
            return Answer(flight.value) if leads else take_copy(job, flight)
        if outcome is Outcome.FAILED or (leads and outcome is Outcome.ABANDONED):
            return Answer(None, flight.error)
        if time.monotonic() >= until:
            return (yield from plain(job))


def take_copy(job: Job, flight: Flight) -> Answer:
    """A waiter's own object where the value was stored, so that two callers do not
    share a list by surprise."""
    found, value = job.look()
    return Answer(flight.value if found == FOUND_MISS else value)


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
        outcome = Outcome.DONE if result.error is None else Outcome.FAILED
        close(job, flight, outcome, result.value, result.error)
    finally:
        _loading.set(around)  # not reset(): a dying task may be finished elsewhere


def close(
    job: Job, flight: Flight, outcome: Outcome, value: Any, error: BaseException | None
) -> None:
    """Forgets first: who comes between finds the value in the store."""
    job.flights.forget(flight)
    flight.settle(outcome, value, error)


def first_fill(job: Job, until: float) -> Any:
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
    return (yield from fill(job, lease))


def refill(job: Job, lease: _core.Lease | None) -> Any:
    """A refresh. When it fails the lease is kept a little, so that a sick origin is
    asked once a second by this host and not by every reader."""
    return (yield from fill(job, lease, keep_ms=COOL_MS))


def forced_fill(job: Job) -> Any:
    """A load that was asked for, whatever is there and whoever else is at it."""
    lease = job.take_lease()
    turn = 0
    while lease is not None and not lease.held:
        yield Hold(lease, turn)
        lease = job.take_lease()
        turn += 1
    return (yield from fill(job, lease))


def fill(job: Job, lease: _core.Lease | None, keep_ms: int = 0) -> Any:
    """Runs the function and stores what it returned, unless an invalidation came in
    between: the lease and the tags were taken before."""
    try:
        tags = job.take_tags()
        value, error, seconds = yield Call(job)
        count_load(job, error, seconds)
        if error is not None:
            if lease is not None and keep_ms > 0:
                lease.keep(keep_ms)
            return Answer(None, error)
        if tags is not None:
            store(job, value, tags, lease, seconds)
        return Answer(value)
    finally:
        if lease is not None:
            lease.end()


def store(
    job: Job, value: Any, tags: bytes, lease: _core.Lease | None, seconds: float
) -> bool:
    """Stores a result as the policy says. Trouble is the cache's, not the caller's."""
    policy = job.policy
    if policy.should_cache is not None and not policy.should_cache(value):
        return False
    ttl = policy.ttl_of(value, job.key)
    if ttl == 0:
        return False
    negative = policy.is_negative(value)
    try:
        outcome = job.cache._fill(
            job.key,
            value,
            -1 if ttl is None else ttl,
            0 if negative else policy.stale,
            int(seconds * 1e6) if policy.early and not negative else -1,
            negative,
            tags,
            lease,
        )
    except (_core.SerializationError, _core.ValueTooLarge) as error:
        reject(job, error)
        return False
    except CacheError as error:
        return job.trouble(error, False)
    if outcome == _core.FENCED:
        job.count("fenced", 1)
    elif outcome != _core.OK:
        job.count("errors", 1)
    return bool(outcome == _core.OK)


def reject(job: Job, error: CacheError) -> None:
    """The value itself cannot be stored: the function goes on uncached, loudly once."""
    if job.policy.on_error == "raise":
        raise error
    job.count("rejected", 1)
    job.cache._home.warn(
        f"rejected {job.name}", f"{job.name}: a result was not cached: {error}"
    )


def count_load(job: Job, error: Exception | None, seconds: float) -> None:
    job.count("loads", 1)
    job.count("load_us", int(seconds * 1e6))
    if error is not None:
        job.count("load_errors", 1)


def count_hit(job: Job, found: int) -> None:
    job.count("hits", 1)
    if found == FOUND_STALE:
        job.count("stale_hits", 1)
    elif found == FOUND_NEGATIVE:
        job.count("negative_hits", 1)


def renew(job: Job) -> Any:
    """Runs the function now and stores its result: ``cache_refresh``."""
    flight = job.flights.replace(job.key, job.lease_s)
    yield Lead(flight, lead(job, flight, forced_fill(job)))
    outcome = yield Join(flight, FOREVER)
    assert outcome is not Outcome.PENDING
    return Answer(flight.value, flight.error)
