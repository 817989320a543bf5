"""Messages of channels."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

from . import _core
from .closing import Closing
from .commands.args import Key
from .commands.shape import text
from .methods._base import S

if TYPE_CHECKING:
    from .client import Client

__all__ = ["Message", "PubSub"]

#: type, pattern, channel, data
Message: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[Message], Any]

_BACKOFF_MIN, _BACKOFF_MAX = 0.05, 2.0  # seconds between attempts to reconnect

#: How a kind of subscription begins and ends.
_WORDS = {
    "channel": ("SUBSCRIBE", "UNSUBSCRIBE"),
    "pattern": ("PSUBSCRIBE", "PUNSUBSCRIBE"),
    "shard": ("SSUBSCRIBE", "SUNSUBSCRIBE"),
}
_KINDS = {"message": "channel", "pmessage": "pattern", "smessage": "shard"}


class PubSub(Closing, Generic[S]):
    """Listens to channels, over connections of its own::

        with client.pubsub() as ps:
            ps.subscribe("news")
            for message in ps.listen():         # or: async for message in ps.alisten()
                print(message["channel"], message["data"])

    A message is a dict of ``type`` ("message", "pmessage", "smessage", or "subscribe"
    and the like, which ``ignore_subscribe_messages`` leaves out), ``pattern``,
    ``channel`` and ``data``. A channel given as ``name=handler`` has its messages
    passed to the handler instead.

    A connection that breaks is made anew and subscribes again, for as long as it takes:
    what was sent meanwhile is lost, as ever with these messages; ``losses`` counts how
    often that was. It is used either by blocking calls of one thread, or from one event
    loop with the methods that begin with "a".
    """

    def __init__(
        self, client: Client[S], ignore_subscribe_messages: bool = False
    ) -> None:
        self._client = client
        self._is_quiet = ignore_subscribe_messages
        #: (kind, name as bytes) -> (name as given, handler)
        self._names: dict[tuple[str, bytes], tuple[Key, Handler | None]] = {}
        #: where (kind, name) is subscribed; the sessions by the node they are with.
        self._homes: dict[tuple[str, bytes], str] = {}
        self._sessions: dict[str, _core.Session] = {}
        self._seen: dict[str, int] = {}  # losses by then
        self._ready: deque[Message] = deque()
        self.losses = 0

    # ---- Subscribing -----------------------------------------------------------------

    def subscribe(self, *args: Key, **handlers: Handler) -> None:
        """Listens to channels."""
        self._add("channel", args, handlers)
        self._repair()

    def psubscribe(self, *args: Key, **handlers: Handler) -> None:
        """Listens to all channels that match patterns."""
        self._add("pattern", args, handlers)
        self._repair()

    def ssubscribe(self, *args: Key, **handlers: Handler) -> None:
        """Listens to channels of the shards that own their slots."""
        self._add("shard", args, handlers)
        self._repair()

    async def asubscribe(self, *args: Key, **handlers: Handler) -> None:
        """:meth:`subscribe` for asyncio."""
        self._add("channel", args, handlers)
        await self._arepair()

    async def apsubscribe(self, *args: Key, **handlers: Handler) -> None:
        """:meth:`psubscribe` for asyncio."""
        self._add("pattern", args, handlers)
        await self._arepair()

    async def assubscribe(self, *args: Key, **handlers: Handler) -> None:
        """:meth:`ssubscribe` for asyncio."""
        self._add("shard", args, handlers)
        await self._arepair()

    def unsubscribe(self, *args: Key) -> None:
        """Ends listening to channels, to all of them when none is named."""
        self._drop("channel", args)

    def punsubscribe(self, *args: Key) -> None:
        """Ends listening to patterns."""
        self._drop("pattern", args)

    def sunsubscribe(self, *args: Key) -> None:
        """Ends listening to channels of shards."""
        self._drop("shard", args)

    async def aunsubscribe(self, *args: Key) -> None:
        """:meth:`unsubscribe` for asyncio."""
        await self._adrop("channel", args)

    async def apunsubscribe(self, *args: Key) -> None:
        """:meth:`punsubscribe` for asyncio."""
        await self._adrop("pattern", args)

    async def asunsubscribe(self, *args: Key) -> None:
        """:meth:`sunsubscribe` for asyncio."""
        await self._adrop("shard", args)

    @property
    def subscribed(self) -> bool:
        """Whether there is anything to listen to."""
        return bool(self._names)

    def _add(
        self, kind: str, names: tuple[Key, ...], handlers: dict[str, Handler]
    ) -> None:
        for name in names:
            self._names[kind, _raw(name)] = (name, None)
        for text_, handler in handlers.items():
            self._names[kind, _raw(text_)] = (text_, handler)

    def _ended(self, kind: str, names: tuple[Key, ...]) -> dict[str, list[Key]]:
        """Takes subscriptions away; the names by the node to tell."""
        gone = [(kind, _raw(n)) for n in names]
        gone = gone or [which for which in self._names if which[0] == kind]
        tell: dict[str, list[Key]] = {}
        for which in gone:
            name, _ = self._names.pop(which, (which[1], None))
            home = self._homes.pop(which, None)
            if home is not None:
                tell.setdefault(home, []).append(name)
        return tell

    def _drop(self, kind: str, names: tuple[Key, ...]) -> None:
        for home, group in self._ended(kind, names).items():
            self._sessions[home].run([(_WORDS[kind][1], *group)])

    async def _adrop(self, kind: str, names: tuple[Key, ...]) -> None:
        for home, group in self._ended(kind, names).items():
            await self._sessions[home].arun([(_WORDS[kind][1], *group)])

    # ---- Connections -----------------------------------------------------------------

    def _missing(self) -> list[tuple[str, bytes]]:
        """What is not subscribed: new, or of a connection that was lost."""
        for home, session in self._sessions.items():
            if session.losses != self._seen[home]:
                self.losses += session.losses - self._seen[home]
                self._seen[home] = session.losses
                for which in [w for w, h in self._homes.items() if h == home]:
                    del self._homes[which]
        return [which for which in self._names if which not in self._homes]

    def _keep(self, session: _core.Session, is_shard: bool) -> tuple[str, bool]:
        """Where a new session is with, and whether it is needed: one to each node."""
        home = str(session.node) if is_shard else "any"
        if home in self._sessions:
            session.close()
            return home, False
        self._sessions[home], self._seen[home] = session, session.losses
        return home, True

    def _repair(self) -> None:
        """Subscribes to what is missing."""
        for which in self._missing():
            kind, raw = which
            is_shard = kind == "shard"
            if is_shard or "any" not in self._sessions:
                session = self._client._session(key=raw if is_shard else None)
                session.run([("PING",)])
                home, _ = self._keep(session, is_shard)
            else:
                home = "any"
            self._sessions[home].run([(_WORDS[kind][0], self._names[which][0])])
            self._homes[which] = home
            self._seen[home] = self._sessions[home].losses

    async def _arepair(self) -> None:
        for which in self._missing():
            kind, raw = which
            is_shard = kind == "shard"
            if is_shard or "any" not in self._sessions:
                session = self._client._asession(key=raw if is_shard else None)
                await session.arun([("PING",)])
                home, _ = self._keep(session, is_shard)
            else:
                home = "any"
            name = self._names[which][0]
            await self._sessions[home].arun([(_WORDS[kind][0], name)])
            self._homes[which] = home
            self._seen[home] = self._sessions[home].losses

    # ---- Receiving -------------------------------------------------------------------

    def get_message(
        self, ignore_subscribe_messages: bool = False, timeout: float | None = 0.0
    ) -> Message | None:
        """The next message, or None when none came within ``timeout`` seconds (None:
        wait for ever)."""
        quiet = self._is_quiet or ignore_subscribe_messages
        end = None if timeout is None else time.monotonic() + timeout
        failures = 0
        while True:
            if self._ready:
                message = self._pass(self._ready.popleft(), quiet)
                if message is not None:
                    return message
                continue
            left = None if end is None else end - time.monotonic()
            try:
                self._repair()
                self._read(_slice(left, len(self._sessions)))
                failures = 0
            except (_core.ConnectionError, _core.TimeoutError):
                failures += 1
                time.sleep(_pause(failures, left))
            if not self._ready and left is not None and left <= 0:
                return None

    def _read(self, wait: float) -> None:
        """Takes what has come; waits for some on the last of the sessions."""
        for session in self._sessions.values():
            while (push := session.push(wait)) is not None:
                self._take(push)
                wait = 0.0

    async def aget_message(
        self, ignore_subscribe_messages: bool = False, timeout: float | None = 0.0
    ) -> Message | None:
        """:meth:`get_message` for asyncio."""
        quiet = self._is_quiet or ignore_subscribe_messages
        end = None if timeout is None else time.monotonic() + timeout
        failures = 0
        while True:
            if self._ready:
                message = self._pass(self._ready.popleft(), quiet)
                if message is not None:
                    return message
                continue
            left = None if end is None else end - time.monotonic()
            try:
                await self._arepair()
                await self._aread(_slice(left, len(self._sessions)))
                failures = 0
            except (_core.ConnectionError, _core.TimeoutError):
                failures += 1
                await asyncio.sleep(_pause(failures, left))
            if not self._ready and left is not None and left <= 0:
                return None

    async def _aread(self, wait: float) -> None:
        for session in self._sessions.values():
            while (push := await self._anext(session, wait)) is not None:
                self._take(push)
                wait = 0.0

    async def _anext(self, session: _core.Session, wait: float) -> Any:
        """One that has come when the task that waits is cancelled is for the next."""
        coming = session.apush(wait)
        try:
            return await coming
        except asyncio.CancelledError:
            has_come = coming.done() and not coming.cancelled()
            push = coming.result() if has_come and not coming.exception() else None
            if push is not None and not isinstance(push, Exception):
                self._take(push)
            raise

    def _take(self, push: list[Any] | Exception) -> None:
        if isinstance(push, Exception):
            raise push  # a subscription that was refused
        kind = text(push[0])
        if kind in _KINDS:
            pattern = push[1] if kind == "pmessage" else None
            channel, data = push[-2], push[-1]
        elif kind.endswith("subscribe") and len(push) == 3:
            pattern, channel, data = None, push[1], push[2]
            which = ("shard", _raw(channel))
            if kind == "sunsubscribe" and which in self._names:
                self._homes.pop(which, None)  # its slot has moved: subscribe anew
        else:
            return  # PONG, or what is new
        self._ready.append(
            {"type": kind, "pattern": pattern, "channel": channel, "data": data}
        )

    def _pass(self, message: Message, quiet: bool) -> Message | None:
        """The message, unless it has a handler or is not wanted."""
        kind = _KINDS.get(message["type"])
        if kind is None:
            return None if quiet else message
        name = message["pattern"] if kind == "pattern" else message["channel"]
        _, handler = self._names.get((kind, _raw(name)), (None, None))
        if handler is None:
            return message
        handler(message)
        return None

    def listen(self) -> Iterator[Message]:
        """Messages as they come, for as long as there is anything to listen to."""
        while self._names or self._ready:
            message = self.get_message(timeout=None if self._names else 0.0)
            if message is not None:
                yield message

    async def alisten(self) -> AsyncIterator[Message]:
        """:meth:`listen` for ``async for``."""
        while self._names or self._ready:
            message = await self.aget_message(timeout=None if self._names else 0.0)
            if message is not None:
                yield message

    __iter__ = listen
    __aiter__ = alisten

    # ---- Life ------------------------------------------------------------------------

    def close(self) -> None:
        """Ends all subscriptions and closes the connections."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()
        self._names.clear()
        self._homes.clear()
        self._ready.clear()

    def __repr__(self) -> str:
        return f"<pinyon.PubSub of {len(self._names)} for {self._client.url}>"


def _raw(name: Key) -> bytes:
    if not isinstance(name, str):
        return bytes(name)
    try:
        return name.encode()
    except UnicodeEncodeError:
        raise _core.KeyValueError(
            f"channel {name!r}: lone surrogates are not text: give bytes"
        ) from None


def _slice(left: float | None, sessions: int) -> float:
    """How long to wait at one session: with several, each in turn and briefly."""
    most = 1.0 if sessions < 2 else 0.01
    return most if left is None else max(0.0, min(left, most))


def _pause(failures: int, left: float | None) -> float:
    """Full jitter, doubling, within what is left."""
    pause = random.random() * min(_BACKOFF_MAX, _BACKOFF_MIN * 2.0 ** min(failures, 9))
    return pause if left is None else max(0.0, min(pause, left))
