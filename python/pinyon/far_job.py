"""One call of a cached function whose values are far: what it asks of the engine.

A hit is one flight: the item and the generations of the tags that are known before the
call (the function's own, the namespace's, those of a list). A miss is three: the look,
the lease with a second look, and the fill, which gives the lease back. Tags that depend
on the arguments take one more.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from . import _core
from ._core import (
    FOUND_EARLY,
    FOUND_MISS,
    FOUND_STALE,
    CacheError,
    SerializationError,
)
from .far_engine import Item, Worth
from .job import Job, Lease
from .steps import Pause, Steps

if TYPE_CHECKING:
    from .far import FarCache

__all__ = ["FarJob"]

#: How long to wait for the holder of a lease, in seconds: no message comes from it.
_WAITS = (0.002, 0.004, 0.008, 0.016, 0.032, 0.05)


class FarJob(Job):
    """A :class:`Job` whose store is an engine elsewhere."""

    __slots__ = ("_is_cut", "_known", "_marks")

    cache: FarCache

    def __init__(
        self,
        *args: Any,
        marks: tuple[bytes, ...] = (),
        **kw: Any,
    ) -> None:
        super().__init__(*args, **kw)
        self._marks = marks  # of the tags known before the call; the namespace's first
        self._known: dict[bytes, bytes | None] = {}  # their generations, read last
        self._is_cut = False  # the engine is out of reach

    def hold(self, lease: Lease, turn: int) -> Pause:
        longest = _WAITS[min(turn, len(_WAITS) - 1)]
        return Pause(longest * (0.5 + random.random() / 2))

    def drop_lease(self, lease: Any) -> None:
        pass  # nobody can say it to the engine now: it runs out

    # ---- Out of reach ----------------------------------------------------------------

    def trouble(self, error: CacheError, instead: Any) -> Any:
        """After one flight that failed the others would: the function is run, and
        nothing else is asked for."""
        if isinstance(error, _core.ConnectionError | _core.TimeoutError):
            self._is_cut = True
        return super().trouble(error, instead)

    # ---- What is there ---------------------------------------------------------------

    def _look(self, early: float, cap_ms: float) -> Steps:
        if self._is_cut:
            return FOUND_MISS, None
        engine = self.cache._engine
        reads = engine.read(self.key)
        commands = [*reads, *map(engine.generation, self._copies())]
        replies = yield from engine.ask(commands)
        item, said = engine.item(replies[: len(reads)]), replies[len(reads) :]
        return (yield from self._read(item, said, early, cap_ms))

    def _copies(self) -> list[bytes]:
        """The generations of the tags that are known before the call."""
        copy = self.cache._engine.copy
        return [copy(mark, self.key) for mark in self._marks]

    def _read(
        self,
        item: Item | None,
        said: list[Any],
        early: float = 0.0,
        cap_ms: float = 0.0,
    ) -> Steps:
        """(found, value) of an item; ``said`` of the known tags."""
        cache = self.cache
        known = cache._generations_of(self._marks, said)
        self._known = dict(known)
        seen = yield from cache._judge(self.key, item, known, early, cap_ms)
        if seen.found == FOUND_MISS:
            return FOUND_MISS, None
        return seen.found, seen.sealed.value()

    # ---- Leases ----------------------------------------------------------------------

    def _claim(self, present: bool) -> Steps:
        if self._is_cut:
            return None, FOUND_MISS, None
        found, value = FOUND_MISS, None

        def judge(item: Item | None, said: list[Any]) -> Steps:
            nonlocal found, value
            try:
                found, value = yield from self._read(item, said)
            except SerializationError:  # it was told when it was looked at
                found, value = FOUND_MISS, None
            if found == FOUND_MISS:
                return Worth.DEAD
            if present or found in (FOUND_STALE, FOUND_EARLY):
                return Worth.KEPT
            return Worth.GOOD

        lease = yield from self.cache._engine.claim(
            self.key, self.policy.lease, self._copies(), judge
        )
        return lease, found, value

    def _keep(self, lease: Any, ms: int) -> Steps:
        yield from self.cache._engine.keep(self.key, lease, ms)
        lease.held = False

    def _end(self, lease: Any) -> Steps:
        yield from self.cache._engine.end(self.key, lease)
        lease.held = False

    def _is_lost(self, lease: Any) -> Steps:
        return (yield from self.cache._engine.is_lost(self.key, lease))

    # ---- Tags ------------------------------------------------------------------------

    def _generations(self, take: bool) -> Steps:
        if self._is_cut:
            return None
        cache = self.cache
        marks = cache._marks(self.names)
        if not take:
            asked = [cache._generation(mark, self.key) for mark in marks]
            replies = yield from cache._engine.ask(asked)
            return _joined(marks, cache._generations_of(marks, replies))
        lacking = [mark for mark in marks if self._known.get(mark) is None]
        taken = yield from cache._take(self.key, lacking, self._life(), self._marks)
        if taken is None:
            return None
        known = self._known | {
            taken[i : i + 8]: taken[i + 8 : i + 16] for i in range(0, len(taken), 16)
        }
        return _joined(marks, known)

    def _life(self) -> int | None:
        ttl = self.policy.ttl
        return ttl + self.policy.stale if isinstance(ttl, int) else None

    # ---- Filling ---------------------------------------------------------------------

    def _fill(
        self,
        value: Any,
        ttl_ms: int | None,
        load_us: int,
        negative: bool,
        tags: bytes,
        lease: Any,
    ) -> Steps:
        cache = self.cache
        grace = 0 if negative or ttl_ms is None else self.policy.stale
        data = cache._pack(value, ttl_ms, tags, grace, load_us, negative)
        hard = None if ttl_ms is None else ttl_ms + grace
        if lease is not None:
            stored = yield from cache._engine.fill(self.key, lease, data, hard)
            return _core.OK if stored else _core.FENCED
        for _, error in (yield from cache._engine.put([(self.key, data)], hard)):
            raise error
        return _core.OK


def _joined(marks: list[bytes], known: dict[bytes, bytes | None]) -> bytes:
    """Tags with their generations; one that has none now has that of no item."""
    return b"".join(mark + (known[mark] or bytes(8)) for mark in marks)
