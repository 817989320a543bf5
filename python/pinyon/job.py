"""One call that the store could not answer at once: what it asks of the store, and
what it counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from . import _core
from ._core import FOUND_MISS, FOUND_NEGATIVE, FOUND_STALE, CacheError
from .flight import Outcome
from .policy import Policy

if TYPE_CHECKING:
    from .cache import Cache

__all__ = ["FOREVER", "Job"]

FOREVER = float("inf")

T = TypeVar("T")


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
        names = self.tags()
        self.names = tuple(names) if isinstance(names, Iterator) else names
        return self.generations()

    def generations(self) -> bytes | None:
        """Those of the tags that were taken, as they are now."""
        try:
            return self.cache._tags(self.names)
        except (_core.RegionError, _core.ClosedError) as error:
            return self.trouble(error, None)

    def is_outdated(self, tags: bytes | None, has_lease: bool) -> bool:
        """Did an invalidation come since ``tags``, and our lease if we have one, were
        taken? To be asked while the lease is ours: whoever gets it shows that it was
        lost."""
        if tags is None:  # there is no store to invalidate anything in
            return False
        if self.generations() != tags:
            return True
        lease = self.take_lease() if has_lease else None
        if lease is None or not lease.held:
            return False
        lease.end()
        return True

    def trouble(self, error: CacheError, instead: T) -> T:
        if self.policy.on_error == "raise":
            raise error
        self.count("errors", 1)
        self.cache._home.warn(
            type(error).__name__,
            f"{self.name} runs without its cache: {error}",
        )
        return instead

    def store(
        self, value: Any, tags: bytes, lease: _core.Lease | None, seconds: float
    ) -> bool:
        """Stores a result as the policy says, and tells whether it is there."""
        return self.fill(value, tags, lease, seconds) is Outcome.DONE

    def fill(
        self, value: Any, tags: bytes, lease: _core.Lease | None, seconds: float
    ) -> Outcome:
        """The same: DONE, FENCED or UNSTORED. Trouble stays the cache's."""
        policy = self.policy
        if policy.should_cache is not None and not policy.should_cache(value):
            return Outcome.UNSTORED
        ttl = policy.ttl_of(value, self.key)
        if ttl == 0:
            return Outcome.UNSTORED
        negative = policy.is_negative(value)
        try:
            outcome = self.cache._fill(
                self.key,
                value,
                -1 if ttl is None else ttl,
                0 if negative else policy.stale,
                int(seconds * 1e6) if policy.early and not negative else -1,
                negative,
                tags,
                lease,
            )
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
