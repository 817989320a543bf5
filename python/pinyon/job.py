"""One call that the store could not answer at once: what it asks of the store, and
what it counts.

What a job asks of a store is written as generators of steps (:mod:`.steps`), since the
store may be far: :class:`Job` asks the store of this host, which answers at once, and
:class:`.far_job.FarJob` an engine elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from . import _core
from ._core import FOUND_MISS, FOUND_NEGATIVE, FOUND_STALE, CacheError
from .flight import Outcome
from .policy import Policy
from .steps import Hold, Step, Steps

if TYPE_CHECKING:
    from .cache import Cache

__all__ = ["FOREVER", "Job", "Lease"]

FOREVER = float("inf")

T = TypeVar("T")


class Lease(Protocol):
    """The right to load one key, or a view of who has it."""

    @property
    def held(self) -> bool: ...


class Job:
    """One call that the store could not answer at once."""

    __slots__ = (
        "cache",
        "call",
        "count",
        "flights",
        "key",
        "name",
        "names",
        "policy",
        "tags",
    )

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
        marks: tuple[bytes, ...] = (),
    ) -> None:
        self.cache = cache
        self.policy = policy
        self.key = key
        self.call = call  # the function with its arguments
        self.name = name  # of the function, for warnings
        self.count = count
        self.tags = tags
        self.names: Iterable[str | bytes] | None = None  # what tags() gave
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

    # ---- The store: closed, full or broken, or out of reach --------------------------
    #
    # Then the function is called as if there were no cache, unless on_error="raise".

    def look(self, early: float = 0.0, cap_ms: float = 0.0) -> Steps:
        """(found, value or None)."""
        try:
            return (yield from self._look(early, cap_ms))
        except CacheError as error:
            return self.trouble(error, (FOUND_MISS, None))

    def claim(self, present: bool = False) -> Steps:
        """(lease, found, value): the lease, ours or another's, None when there is none
        to be had; and what was there after it was asked for. With ``present`` the lease
        is wanted although there may be a good value."""
        if not self.policy.lock:
            return (None, *(yield from self.look()))
        try:
            return (yield from self._claim(present))
        except CacheError as error:
            return self.trouble(error, (None, FOUND_MISS, None))

    def hold(self, lease: Lease, turn: int) -> Step:
        """What to wait for when another has the lease, for the ``turn``-th time."""
        assert isinstance(lease, _core.Lease)
        return Hold(lease, turn)

    def keep_lease(self, lease: Lease | None, ms: int) -> Steps:
        """Lets a lease of ours stand so long, without its holder."""
        yield from self._care(lease, lambda held: self._keep(held, ms))

    def end_lease(self, lease: Lease | None) -> Steps:
        """Gives a lease of ours back."""
        yield from self._care(lease, self._end)

    def _care(self, lease: Lease | None, act: Callable[[Any], Steps]) -> Steps:
        if lease is None or not lease.held:
            return
        try:
            yield from act(lease)
        except CacheError:  # it runs out by itself
            self.count("errors", 1)

    def drop_lease(self, lease: Any) -> None:
        """The same where nobody performs steps."""
        if lease is not None:
            lease.end()

    def take_tags(self) -> Steps:
        """The tags' generations before the load; None when it cannot be stored."""
        names = self.tags()
        self.names = tuple(names) if isinstance(names, Iterator) else names
        return (yield from self.generations(take=True))

    def generations(self, take: bool = False) -> Steps:
        """Those of the tags that were taken, as they are now."""
        try:
            return (yield from self._generations(take))
        except (_core.ConfigError, _core.KeyTypeError):
            raise  # the tags are wrong
        except CacheError as error:
            return self.trouble(error, None)

    def is_outdated(self, tags: bytes | None, lease: Lease | None) -> Steps:
        """Did an invalidation come since ``tags``, and our lease if we have one, were
        taken? To be asked while the lease is ours: whoever gets it shows that it was
        lost."""
        if tags is None:  # there is no store to invalidate anything in
            return False
        now = yield from self.generations()
        if now is None or now != tags:
            return now is not None
        if lease is None:
            return False
        try:
            return (yield from self._is_lost(lease))
        except CacheError as error:
            return self.trouble(error, False)

    # ---- The store of this host ------------------------------------------------------

    def _look(self, early: float, cap_ms: float) -> Steps:
        return self.cache._look(self.key, early, cap_ms)
        yield  # a generator, like those of an engine elsewhere

    def _claim(self, present: bool) -> Steps:
        lease = self.cache._lease(self.key, self.policy.lease)
        if present or (lease is not None and not lease.held):
            return lease, FOUND_MISS, None
        return (lease, *(yield from self.look()))

    def _keep(self, lease: _core.Lease, ms: int) -> Steps:
        lease.keep(ms)
        yield from ()

    def _end(self, lease: _core.Lease) -> Steps:
        lease.end()
        yield from ()

    def _is_lost(self, lease: Lease) -> Steps:
        other = self.cache._lease(self.key, self.policy.lease)
        if other is None or not other.held:
            return False
        other.end()
        return True
        yield

    def _generations(self, take: bool) -> Steps:
        return self.cache._tags(self.names)
        yield

    def _fill(
        self,
        value: Any,
        ttl_ms: int | None,
        load_us: int,
        negative: bool,
        tags: bytes,
        lease: Any,
    ) -> Steps:
        """OK, FENCED, or another outcome of the store's."""
        return self.cache._fill(
            self.key,
            value,
            -1 if ttl_ms is None else ttl_ms,
            0 if negative else self.policy.stale,
            load_us,
            negative,
            tags,
            lease,
        )
        yield

    # ---- What comes of it ------------------------------------------------------------

    def trouble(self, error: CacheError, instead: T) -> T:
        if self.policy.on_error == "raise":
            raise error
        self.count("errors", 1)
        self.cache._home.warn(
            type(error).__name__,
            f"{self.name} runs without its cache: {error}",
        )
        return instead

    def put(self, value: Any) -> Steps:
        """Stores a value as if the function had returned it just now, and tells
        whether it is there."""
        tags = yield from self.take_tags()
        if tags is None:
            return False
        return (yield from self.fill(value, tags, None, 0.0)) is Outcome.DONE

    def fill(self, value: Any, tags: bytes, lease: Any, seconds: float) -> Steps:
        """Stores a result as the policy says: DONE, FENCED or UNSTORED. Trouble stays
        the cache's."""
        policy = self.policy
        if policy.should_cache is not None and not policy.should_cache(value):
            return Outcome.UNSTORED
        ttl = policy.ttl_of(value, self.key)
        if ttl == 0:
            return Outcome.UNSTORED
        negative = policy.is_negative(value)
        try:
            load_us = int(seconds * 1e6) if policy.early and not negative else -1
            outcome = yield from self._fill(value, ttl, load_us, negative, tags, lease)
        except (_core.SerializationError, _core.ValueTooLarge) as error:
            self.reject(error)
            return Outcome.UNSTORED
        except CacheError as error:
            return self.trouble(error, Outcome.UNSTORED)
        if outcome == _core.FENCED:
            self.count("fenced", 1)
            return Outcome.FENCED
        if outcome != _core.OK:
            self.count("errors", 1)
            return Outcome.UNSTORED
        return Outcome.DONE

    def reject(self, error: CacheError) -> None:
        """The value itself cannot be stored: said once, and not the caller's."""
        if self.policy.on_error == "raise":
            raise error
        self.count("rejected", 1)
        self.cache._home.warn(
            f"rejected {self.name}", f"{self.name}: a result was not cached: {error}"
        )

    def count_load(self, error: Exception | None, seconds: float) -> None:
        self.count("loads", 1)
        self.count("load_us", int(seconds * 1e6))
        if error is not None:
            self.count("load_errors", 1)

    def count_hit(self, found: int) -> None:
        self.count("hits", 1)
        if found == FOUND_STALE:
            self.count("stale_hits", 1)
        elif found == FOUND_NEGATIVE:
            self.count("negative_hits", 1)
