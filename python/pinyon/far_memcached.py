"""The far tier over memcached, in its meta protocol.

Its tokens are the server's own. Its expiries are whole seconds, so an envelope carries
the exact one, and the server's is a little later; plain numbers live by the server's.

A lease on a key that is absent is a stub of 0 bytes in its place (`mg ... N`), which is
nothing for every reader of ours: who fills it does so by its token, and whoever deletes
or stores meanwhile has taken it away. On an item that is to be served while a new one
is made, the lease is an item of its own, "~l:" and the key, and the fill goes by the
token of the item that was there.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

from . import _core
from .far_engine import (
    ABSENT,
    LOOK,
    Engine,
    FarLease,
    Item,
    Judge,
    Worth,
    new_generation,
    raised,
)
from .steps import Command, Steps

__all__ = ["MemcachedEngine", "exptime"]

_MONTH = 30 * 24 * 3600
_EXPTIME_MAX = (1 << 31) - 1
_KEY_MAX = 250
#: Below it, seconds are too coarse for an expiry that the server keeps.
_PLAIN_MIN_MS = 10_000


def exptime(ttl_ms: int | None, slack: int = 0) -> int:
    """The seconds for T: rounded up, beyond 30 days an absolute time, beyond what it
    can hold none (0)."""
    if ttl_ms is None:
        return 0
    seconds = -(-ttl_ms // 1000) + slack
    if seconds <= _MONTH:
        return seconds
    absolute = int(time.time()) + seconds
    return absolute if absolute <= _EXPTIME_MAX else 0


class MemcachedEngine(Engine):
    """A fleet of memcached servers."""

    sign_of_life = ("version",)
    has_stubs = True

    # ---- Reading ------------------------------------------------------------------

    def read(self, key: bytes, *, head: bool = False, cas: bool = False) -> list[Any]:
        return [("mg", key, "v c t" if head or cas else "v")]

    def item(self, replies: list[Any], *, head: bool = False) -> Item | None:
        reply = raised(replies[0])
        if reply.code != "VA" or not reply.value:  # a stub is nothing
            return None
        endless = reply.ttl == -1
        left = None if reply.ttl is None or endless else reply.ttl * 1000
        return Item(reply.value, reply.cas, left, endless)

    # ---- Writing ------------------------------------------------------------------

    def needs_soft(self, value: object, ttl_ms: int) -> bool:
        whole = ttl_ms % 1000 == 0 and ttl_ms >= _PLAIN_MIN_MS
        return type(value) is not int or not whole

    @staticmethod
    def _expiry(data: bytes, ttl_ms: int | None) -> str:
        """Of a plain number exactly, of an envelope a second later at least."""
        is_plain = data[:1] != b"\xc1"
        return f"T{exptime(ttl_ms, slack=0 if is_plain else 1)}"

    def put(self, pairs: Iterable[tuple[bytes, bytes]], ttl_ms: int | None) -> Steps:
        commands = [("ms", k, data, self._expiry(data, ttl_ms)) for k, data in pairs]
        replies = yield from self.ask(commands)
        return [
            (command[1], reply)
            for command, reply in zip(commands, replies, strict=True)
            if isinstance(reply, Exception)
        ]

    def _set(self, key: bytes, data: bytes, flags: str) -> Steps:
        """A value that is too large is an error, and the client sees to it that no
        older one stays."""
        return raised((yield from self.ask([("ms", key, data, flags)]))[0])

    def add(self, key: bytes, data: bytes, ttl_ms: int | None) -> Steps:
        """A stub is replaced, which takes the lease away from who has it."""
        flags = self._expiry(data, ttl_ms)
        if (yield from self._set(key, data, f"ME {flags}")).code == "HD":
            return True
        reply = raised((yield from self.ask([("mg", key, "s c")]))[0])
        if reply.code == "EN" or reply.size != 0:
            return False
        reply = yield from self._set(key, data, f"C{reply.cas} {flags}")
        return reply.code == "HD"

    def swap(
        self, key: bytes, token: int, data: bytes, ttl_ms: int | None, keep: Item | None
    ) -> Steps:
        if keep is None:
            expiry = self._expiry(data, ttl_ms)
        else:
            expiry = f"T{0 if keep.is_endless else exptime(max(1, keep.left_ms or 1))}"
        return (yield from self._set(key, data, f"C{token} {expiry}")).code == "HD"

    def touch(
        self, key: bytes, item: Item, sealed: _core.Sealed, ttl_ms: int | None
    ) -> Steps:
        if sealed.is_plain:  # to the second: it has no room for more
            command = ("mg", key, f"T{exptime(ttl_ms)}")
            return raised((yield from self.ask([command]))[0]).code != "EN"
        data = sealed.retimed(-1 if ttl_ms is None else ttl_ms)
        hard = None if ttl_ms is None else ttl_ms + sealed.grace_ms
        assert item.cas is not None
        return (yield from self.swap(key, item.cas, data, hard, None))

    def count(
        self, key: bytes, delta: int, start: int | None, ttl_ms: int | str | None
    ) -> Steps:
        # The server counts without sign: what cannot go below 0 is left to it.
        plain = not isinstance(ttl_ms, int) or not self.needs_soft(0, ttl_ms)
        if delta < 0 or (start is not None and start < 0) or not plain:
            return LOOK
        flags = [f"D{delta}", "v"]
        if not isinstance(ttl_ms, str):
            flags.append(f"T{exptime(ttl_ms)}")
        if start is not None:
            new = 0 if isinstance(ttl_ms, str) else exptime(ttl_ms)
            flags += [f"N{new}", f"J{start}"]
        reply = (yield from self.ask([("ma", key, " ".join(flags))]))[0]
        if isinstance(reply, _core.ServerError) and "non-numeric" in str(reply):
            return LOOK
        if raised(reply).code == "NF":
            return ABSENT
        number = int(reply.value)
        if number < 1 << 63:
            return number
        yield from self.ask([("ma", key, f"MD D{delta}")])
        raise _core.CounterRange(f"incr: counter {key!r} would leave 64 bits")

    def drop(self, keys: Sequence[bytes]) -> Steps:
        """What is deleted is also the lease, where one stands in the key's place: that
        one was nothing. (What only an old owner has may be gone before it is seen.)"""
        commands: list[Command] = []
        for key in keys:
            commands += [("mg", key, "s"), ("md", key, "")]
        replies = yield from self.ask(commands)
        return [
            raised(gone).code == "HD" and (raised(seen).code == "EN" or seen.size != 0)
            for seen, gone in zip(replies[::2], replies[1::2], strict=True)
        ]

    def flush(self) -> Steps:
        yield from self._to_all(("flush_all",), ("member", "gutter"))

    # ---- Generations --------------------------------------------------------------

    def generation(self, copy: bytes) -> Command:
        return ("mg", copy, "v")

    def generation_of(self, reply: Any) -> bytes | None:
        text = raised(reply).value
        try:
            return None if not text else int(text).to_bytes(8, "little")
        except (ValueError, OverflowError):
            return None  # somebody else's: as good as none

    def take(self, copies: Sequence[bytes], need_ms: Sequence[int | None]) -> Steps:
        """They stand until the server needs the room, whatever ``need_ms`` says."""
        commands: list[Command] = []
        for copy in copies:
            commands.append(("ms", copy, b"%d" % new_generation(), "ME T0"))
            commands.append(self.generation(copy))
        replies = yield from self.ask(commands)
        for made in replies[::2]:
            raised(made)
        return [self.generation_of(reply) for reply in replies[1::2]]

    def forget(self, marks: Sequence[bytes]) -> Steps:
        commands = [("md", copy, "") for copy in self._copies(marks)]
        for reply in (yield from self.ask(commands)):
            raised(reply)

    # ---- Leases -------------------------------------------------------------------

    def claim(
        self, key: bytes, lease_ms: int, copies: Sequence[bytes], judge: Judge
    ) -> Steps:
        stub = ("mg", key, f"v c t N{exptime(lease_ms)}")
        replies = yield from self.ask([stub, *map(self.generation, copies)])
        item, said = self.item(replies), replies[0]
        worth = yield from judge(item, replies[1:])
        if item is None:  # our stub or another's; or there was no room for one
            return FarLease(said.won, cas=said.cas) if said.code != "EN" else None
        if worth is Worth.DEAD:
            return (yield from self._claim_dead(key, lease_ms, item.cas))
        if worth is Worth.KEPT:
            return (yield from self._claim_kept(key, lease_ms, item.cas))
        return None

    def _claim_dead(self, key: bytes, lease_ms: int, cas: int | None) -> Steps:
        flags = f"c C{cas} T{exptime(lease_ms)}"
        reply = raised((yield from self.ask([("ms", key, b"", flags)]))[0])
        return FarLease(reply.code == "HD", cas=reply.cas)

    def _claim_kept(self, key: bytes, lease_ms: int, cas: int | None) -> Steps:
        command = ("ms", self._beside(key), b"1", f"c ME T{exptime(lease_ms)}")
        reply = raised((yield from self.ask([command]))[0])
        lease = FarLease(reply.code == "HD", token=reply.cas, cas=cas)
        lease.on_item = True
        return lease

    @staticmethod
    def _beside(key: bytes) -> bytes:
        name = b"~l:" + key
        if len(name) <= _KEY_MAX:
            return name
        digest = blake2b(key, digest_size=16).digest()
        return b"~l:" + urlsafe_b64encode(digest)[:22]

    def fill(
        self, key: bytes, lease: FarLease, data: bytes, ttl_ms: int | None
    ) -> Steps:
        flags = f"C{lease.cas} {self._expiry(data, ttl_ms)}"
        stored = (yield from self._set(key, data, flags)).code == "HD"
        if not lease.on_item:
            lease.held = False  # its place is taken
        return stored

    def end(self, key: bytes, lease: FarLease) -> Steps:
        name, cas = (
            (self._beside(key), lease.token) if lease.on_item else (key, lease.cas)
        )
        raised((yield from self.ask([("md", name, f"C{cas}")]))[0])
        lease.held = False

    def keep(self, key: bytes, lease: FarLease, ms: int) -> Steps:
        name = self._beside(key) if lease.on_item else key
        raised((yield from self.ask([("mg", name, f"T{exptime(ms)}")]))[0])
        lease.held = False

    def is_lost(self, key: bytes, lease: FarLease) -> Steps:
        reply = raised((yield from self.ask([("mg", key, "c")]))[0])
        return reply.code == "EN" or reply.cas != lease.cas
