"""One load per key in this process, whoever asks: threads, tasks, event loops.

A :class:`Flight` is a load under way. The caller that began it leads; the others wait
for it, each in its own way: threads sleep, tasks await, on whatever loop they are.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import enum
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

__all__ = ["Flight", "Flights", "Outcome"]


class Outcome(enum.Enum):
    PENDING = 0  # under way, or it took longer than the waiter waits
    DONE = 1  # there is a value, and it is stored: waiters read it for themselves
    UNSTORED = 2  # there is a value, but the store did not want it: waiters share it
    FENCED = 3  # an invalidation came in between: value or error are the leader's only
    FAILED = 4  # the function raised: every waiter raises the same
    ABANDONED = 5  # the leader was interrupted: somebody else may lead


class Flight:
    """A load under way. Settled once, by its leader."""

    __slots__ = (
        "_settled",
        "error",
        "expires",
        "key",
        "outcome",
        "outdated",
        "task",
        "value",
    )

    def __init__(self, key: bytes, lease_s: float) -> None:
        self.key = key
        self.expires = time.monotonic() + lease_s
        self.outcome = Outcome.PENDING
        self.value: Any = None
        self.error: BaseException | None = None
        self.task: asyncio.Task[None] | None = None  # keeps a leading task alive
        #: Did an invalidation come since the function began? A generator of steps that
        #: ends in a bool; None: it does not run.
        self.outdated: Callable[[], Generator[Any, Any, bool]] | None = None
        self._settled: concurrent.futures.Future[None] = concurrent.futures.Future()
        # A running future cannot be cancelled: a waiter's cancellation is its own.
        self._settled.set_running_or_notify_cancel()

    def settle(self, outcome: Outcome, value: Any, error: BaseException | None) -> None:
        self.outcome, self.value, self.error = outcome, value, error
        self.task = None
        self._settled.set_result(None)

    def wait(self, seconds: float) -> Outcome:
        """Sleeps until the load has ended, or for so many seconds."""
        with contextlib.suppress(concurrent.futures.TimeoutError):
            self._settled.result(_limit(seconds))
        return self.outcome

    async def await_(self, seconds: float) -> Outcome:
        """The same for a task. Cancelling the task leaves the load alone."""
        if not self._settled.done():
            settled = asyncio.wrap_future(self._settled)
            await asyncio.wait([settled], timeout=_limit(seconds))
        return self.outcome


def _limit(seconds: float) -> float | None:
    return None if seconds == float("inf") else max(0.0, seconds)


class Flights:
    """The loads under way in this process, by key."""

    __slots__ = ("_by_key", "_lock")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets all: in the child of a fork their leaders do not exist."""
        self._lock = threading.Lock()
        self._by_key: dict[bytes, Flight] = {}

    def join(self, key: bytes, lease_s: float) -> tuple[Flight, bool]:
        """The load of ``key`` under way, or a new one which the caller leads (True).
        A load that is out of its time is replaced."""
        with self._lock:
            flight = self._by_key.get(key)
            if flight is not None and time.monotonic() < flight.expires:
                return flight, False
            return self._begin(key, lease_s), True

    def begin(self, key: bytes, lease_s: float) -> Flight | None:
        """A new load that the caller leads, or None when one is under way."""
        flight, leads = self.join(key, lease_s)
        return flight if leads else None

    def replace(self, key: bytes, lease_s: float) -> Flight:
        """A new load that the caller leads, whatever is under way."""
        with self._lock:
            return self._begin(key, lease_s)

    def forget(self, flight: Flight) -> None:
        """Later callers begin anew."""
        with self._lock:
            if self._by_key.get(flight.key) is flight:
                del self._by_key[flight.key]

    def _begin(self, key: bytes, lease_s: float) -> Flight:
        flight = self._by_key[key] = Flight(key, lease_s)
        return flight
