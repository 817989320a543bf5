"""What a load waits for, and who performs it: a thread, or a task.

The engine (:mod:`pinyon.load`) is a set of generators that yield steps. `run` performs
them in a thread, `arun` in a task; neither decides anything.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any, Protocol

from . import _core
from ._core import ConfigError
from .flight import Flight, Outcome

__all__ = [
    "Answer",
    "Ask",
    "Call",
    "Get",
    "GetMany",
    "Hold",
    "Join",
    "Lead",
    "Pause",
    "Steps",
    "aresolve",
    "arun",
    "resolve",
    "run",
]

#: Words of one command: of Redis as they are, of memcached those of its meta protocol.
Command = tuple[Any, ...]


class Client(Protocol):
    """What a step needs of :class:`_core.Client`."""

    def _run(
        self, commands: Sequence[Command], *, node: int | None = None
    ) -> list[Any]: ...
    def _arun(
        self, commands: Sequence[Command], *, node: int | None = None
    ) -> Awaitable[list[Any]]: ...
    def get(self, key: bytes, /) -> Any: ...
    def aget(self, key: bytes, /) -> Awaitable[Any]: ...
    def get_many(self, keys: list[bytes], /) -> dict[bytes, Any]: ...
    def aget_many(self, keys: list[bytes], /) -> Awaitable[dict[bytes, Any]]: ...


#: A single wait for the host's lease: only asking again notices a dead holder.
LEASE_SLICE_MS = 50
#: How often a task looks whether the host's lease is free, in seconds.
LEASE_POLL = (0.001, 0.002, 0.004, 0.008, 0.016, 0.02)


class Answer:
    """What a caller gets, and who else may have it. An error travels as data: raised
    through a generator, a StopIteration of the user's would become something else."""

    __slots__ = ("error", "outcome", "value")

    def __init__(
        self,
        value: Any,
        error: BaseException | None = None,
        outcome: Outcome = Outcome.DONE,
    ) -> None:
        self.value = value
        self.error = error
        self.outcome = outcome

    def open(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.value


class Call:
    """Runs the function. Gives (value, error, seconds)."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function

    def perform(self) -> tuple[Any, Exception | None, float]:
        begun = time.perf_counter()
        try:
            value = self.function()
            if inspect.iscoroutine(value):
                value.close()
                raise ConfigError(
                    f"{self.function!r} returned a coroutine, which is spent after one"
                    " use: use aget_or_load, or cache an async def"
                )
        except Exception as error:
            return None, error, time.perf_counter() - begun
        return value, None, time.perf_counter() - begun

    async def aperform(self) -> tuple[Any, Exception | None, float]:
        begun = time.perf_counter()
        try:
            value = self.function()
            if inspect.isawaitable(value):
                value = await value
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


class Pause:
    """Waits a little for the holder of a lease that cannot be slept on."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def perform(self) -> None:
        time.sleep(self.seconds)

    async def aperform(self) -> None:
        await asyncio.sleep(self.seconds)


class Ask:
    """Sends commands to the engine, in one flight to each of its nodes. Gives the list
    of replies; a command that failed has its exception in its place."""

    __slots__ = ("client", "commands", "node")

    def __init__(
        self, client: Client, commands: Sequence[Command], node: int | None = None
    ) -> None:
        self.client = client
        self.commands = commands
        self.node = node  # None: each to the node of its key

    def perform(self) -> list[Any]:
        return self.client._run(self.commands, node=self.node)

    def aperform(self) -> Awaitable[list[Any]]:
        return self.client._arun(self.commands, node=self.node)


class Get:
    """Reads one value, in C from end to end. Gives its bytes, or None."""

    __slots__ = ("client", "key")

    def __init__(self, client: Client, key: bytes) -> None:
        self.client = client
        self.key = key

    def perform(self) -> Any:
        return self.client.get(self.key)

    def aperform(self) -> Awaitable[Any]:
        return self.client.aget(self.key)


class GetMany:
    """The same for many: a dict of those that are there."""

    __slots__ = ("client", "keys")

    def __init__(self, client: Client, keys: list[bytes]) -> None:
        self.client = client
        self.keys = keys

    def perform(self) -> dict[bytes, Any]:
        return self.client.get_many(self.keys)

    def aperform(self) -> Awaitable[dict[bytes, Any]]:
        return self.client.aget_many(self.keys)


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


Step = Ask | Call | Get | GetMany | Hold | Join | Lead | Pause
Steps = Generator[Step, Any, Any]


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
