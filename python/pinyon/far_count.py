"""incr and decr of a far cache.

A plain number is counted by the engine in one step. One in an envelope, which has tags
(as all of a namespace have) or a time of its own, is read first and judged like any
item; then Redis adds to it by a script, if it is the same item but for its number, and
otherwise it is replaced by its token, again while others win.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from ._core import (
    ConfigError,
    CounterRange,
    KeyNotFound,
    NotACounter,
    SerializationError,
    parse_ttl,
)
from .far_calls import TRIES, Found, busy
from .far_engine import ABSENT, LOOK
from .steps import Pause, Steps

if TYPE_CHECKING:
    from .far import FarCache

__all__ = ["Count"]

_INT_MIN, _INT_MAX = -(1 << 63), (1 << 63) - 1
#: The longest pause between two tries, in seconds: full jitter, as others try too.
_PAUSE_MOST = 0.25


class Count:
    """One incr, or decr with ``sign`` -1."""

    __slots__ = ("cache", "delta", "key", "name", "start", "ttl_ms")

    def __init__(
        self, cache: FarCache, key: Any, delta: Any, initial: Any, ttl: Any, sign: int
    ) -> None:
        self.cache = cache
        self.key = key
        self.delta = _in_range(_int64("delta", delta) * sign)
        #: The value of a new one; None: make none.
        self.start = None
        if initial is not None:
            self.start = _in_range(_int64("initial", initial) + self.delta)
        self.ttl_ms = "keep" if ttl is ... else parse_ttl(ttl)
        self.name = cache._key(key)

    def steps(self) -> Steps:
        """Ends in the counter's new value."""
        if self.ttl_ms != 0 and not self.cache._group:  # in a namespace it has tags
            engine = self.cache._engine
            said = yield from engine.count(
                self.name, self.delta, self.start, self.ttl_ms
            )
            if said is ABSENT and self.start is None:
                raise _no_counter(self.key)
            if said is not LOOK and said is not ABSENT:
                return said
        return (yield from self._look_and_count())

    def _look_and_count(self) -> Steps:
        for turn in range(TRIES):
            if turn:
                yield Pause(random.random() * min(0.001 * 2**turn, _PAUSE_MOST))
            found = yield from self._read()
            if not found.is_good:
                if self.start is None:
                    raise _no_counter(self.key)
                number = self.start
            else:
                number = found.sealed.number
                if number is None:
                    raise _not_a_counter(self.name)
                if self.ttl_ms == "keep" and not found.sealed.is_plain:
                    said = yield from self._count_in(found)
                    if said is not LOOK:
                        return said
                number = _in_range(number + self.delta)
            if (yield from self._put(found, number)):
                return number
        raise busy("incr")

    def _read(self) -> Steps:
        try:
            return (yield from self.cache._fetch(self.name, head=True, cas=True))
        except SerializationError:
            raise _not_a_counter(self.name) from None

    def _count_in(self, found: Found) -> Steps:
        item = found.item
        assert item is not None
        return (yield from self.cache._engine.count_in(self.name, item, self.delta))

    def _put(self, found: Found, number: int) -> Steps:
        """Stores by token: True, or False where somebody else was quicker."""
        cache, engine, ttl_ms = self.cache, self.cache._engine, self.ttl_ms
        if ttl_ms == 0:
            yield from engine.drop([self.name])
            return True
        sealed, keep = found.sealed, None
        life = None if isinstance(ttl_ms, str) else ttl_ms
        if found.is_good and sealed is not None:
            tags, grace = sealed.tags, sealed.grace_ms
            if isinstance(ttl_ms, str):
                keep, life = found.item, sealed.left_ms
        else:
            tags, grace = (yield from cache._take(self.name, cache._group, life)), 0
            if tags is None:
                return False
        data = cache._pack(number, life, tags, grace)
        hard = None if life is None else life + grace
        if found.item is None:
            return (yield from engine.add(self.name, data, hard))
        return (yield from engine.swap(self.name, found.token, data, hard, keep))


def _int64(name: str, value: Any) -> int:
    if not isinstance(value, int) or not _INT_MIN <= value <= _INT_MAX:
        raise ConfigError(f"{name}={value!r}: give an int of 64 bits")
    return value


def _in_range(number: int) -> int:
    if not _INT_MIN <= number <= _INT_MAX:
        raise CounterRange("incr: the counter would leave 64 bits, and is unchanged")
    return number


def _not_a_counter(name: bytes) -> NotACounter:
    return NotACounter(f"incr: the value of key {name!r} is no int of 64 bits")


def _no_counter(key: Any) -> KeyNotFound:
    return KeyNotFound(
        f"there is no counter {key!r}, and initial=None asks not to make one"
    )
