"""What a far cache asks of an engine, whichever it is.

An engine turns operations on one key into commands of its protocol, and replies into
what they mean. It knows bytes and tokens; what is in an envelope, and whether its tags
still stand, is the business of :mod:`.far_calls`. Methods that may need more than one
flight are generators of steps.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

from . import _core
from .steps import Ask, Command, Get, GetMany, Steps

__all__ = ["ABSENT", "LOOK", "Engine", "FarLease", "Item", "Judge", "Worth", "raised"]


class _Said:
    """An answer of :meth:`Engine.count` that is no number."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __repr__(self) -> str:
        return self.what


ABSENT = _Said("there is no counter")
LOOK = _Said("it takes a look at what is there")


class Item(NamedTuple):
    """What an engine has under a key."""

    data: bytes
    cas: int | None = None  # the engine's own token, if it has such things
    left_ms: int | None = None  # until it expires; None: not asked for
    is_endless: bool = False  # it was asked for, and never expires


class Worth(Enum):
    """What an item that stands where a lease is wanted is good for."""

    GOOD = 0  # nobody wants the lease
    KEPT = 1  # it is served while the lease's holder makes a new one
    DEAD = 2  # nothing: as if it were not there


#: Given the item and the replies to the generations; a generator of steps that ends in
#: a Worth.
Judge = Callable[[Item | None, list[Any]], Steps]


class FarLease:
    """The right to load one key, for all who share the engine, or a view of who has
    it. Nothing of it lives here: what is not given back runs out."""

    __slots__ = ("cas", "held", "on_item", "token")

    def __init__(self, held: bool, token: Any = None, cas: Any = None) -> None:
        self.held = held
        self.token = token
        self.cas = cas
        self.on_item = False  # memcached: beside an item, not in its place

    def __repr__(self) -> str:
        return f"<FarLease {'held' if self.held else 'of another'}>"


def raised(reply: Any) -> Any:
    """``reply``, unless it is an exception."""
    if isinstance(reply, Exception):
        raise reply
    return reply


def new_generation() -> int:
    """Random, so that a generation which the engine has lost never comes again: items
    of the old one stay invalid."""
    return int.from_bytes(os.urandom(8), "little") >> 1


@lru_cache(4096)
def generation_key(mark: bytes) -> bytes:
    """The key of a tag's generation, or what its copies begin with."""
    return b"~g:" + urlsafe_b64encode(mark)[:11]


class Engine(ABC):
    """Commands and replies of one protocol, over one client."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def ask(self, commands: Sequence[Command], node: int | None = None) -> Steps:
        """The replies, exceptions in place; ClosedError once the client is closed. Each
        command goes to the node of its key, or all to ``node``."""
        self.check_open()
        if not commands:
            return []
        return (yield Ask(self.client, commands, node))

    def check_open(self) -> None:
        if self.client.closed:
            raise _core.ClosedError("the cache is closed; make a new Cache to go on")

    def check(self) -> Steps:
        """Asks every node for a sign of life."""
        for number, *_ in self.client._nodes():
            raised((yield from self.ask([self.sign_of_life], number))[0])

    def _to_all(self, command: Command, roles: Sequence[str]) -> Steps:
        """Sends a command to every node that has one of ``roles``; the exception of
        one does not keep it from the others."""
        replies = []
        for number, _, _, role, *_ in self.client._nodes():
            if role in roles:
                replies += yield from self.ask([command], number)
        for reply in replies:
            raised(reply)

    #: A command that does nothing.
    sign_of_life: Command

    # ---- Reading ------------------------------------------------------------------

    @abstractmethod
    def read(self, key: bytes, *, head: bool = False, cas: bool = False) -> list[Any]:
        """Commands that read an item: its value; with ``cas`` the token too; with
        ``head`` at least its envelope's head and tags, and what time it has left."""

    @abstractmethod
    def item(self, replies: list[Any], *, head: bool = False) -> Item | None:
        """What ``read`` found; the exception that stands in its place is raised."""

    #: Is an item of 0 bytes none at all?
    has_stubs = False

    def get(self, key: bytes) -> Steps:
        """The value's bytes or None, by the shortest way."""
        self.check_open()
        data = yield Get(self.client, key)
        return None if self.has_stubs and not data else data

    def get_many(self, keys: list[bytes]) -> Steps:
        """A dict of those that are there."""
        self.check_open()
        found = yield GetMany(self.client, keys)
        if self.has_stubs:
            return {key: data for key, data in found.items() if data}
        return found

    # ---- Writing ------------------------------------------------------------------

    @abstractmethod
    def needs_soft(self, value: object, ttl_ms: int) -> bool:
        """Is the engine's own expiry too coarse for this one? ``value`` is an int where
        it may be stored as a plain number."""

    @abstractmethod
    def put(self, pairs: Iterable[tuple[bytes, bytes]], ttl_ms: int | None) -> Steps:
        """Stores all; the list of (key, exception) of those that were not."""

    @abstractmethod
    def add(self, key: bytes, data: bytes, ttl_ms: int | None) -> Steps:
        """Stores where there is nothing at all."""

    @abstractmethod
    def swap(
        self, key: bytes, token: int, data: bytes, ttl_ms: int | None, keep: Item | None
    ) -> Steps:
        """Stores where ``token`` still fits. With ``keep``, the item that was read, its
        expiry stays."""

    @abstractmethod
    def touch(
        self, key: bytes, item: Item, sealed: _core.Sealed, ttl_ms: int | None
    ) -> Steps:
        """A new time to live for what is still as it was read."""

    @abstractmethod
    def count(
        self, key: bytes, delta: int, start: int | None, ttl_ms: int | str | None
    ) -> Steps:
        """Adds to a plain number in one step: its new value, ABSENT, or LOOK when it is
        not that simple. ``start`` is the value of a new one; None: make none. The ttl
        may be "keep"."""

    def count_in(self, key: bytes, item: Item, delta: int) -> Steps:
        """Adds to the number of an envelope that is still ``item`` but for its number
        and version: its new value, or LOOK."""
        return LOOK
        yield

    @abstractmethod
    def drop(self, keys: Sequence[bytes]) -> Steps:
        """Deletes, and ends the keys' leases: for each, was there something?"""

    @abstractmethod
    def flush(self) -> Steps:
        """Deletes everything there is, also what others stored."""

    # ---- Generations --------------------------------------------------------------

    #: Is there one server at a time, and with it one copy of each generation?
    is_one = False

    def copy(self, mark: bytes, key: bytes) -> bytes:
        """The key of the generation of a tag that the item under ``key`` has. A tag has
        a generation on each node, or in each part of a cluster: a node that dies, or
        comes back empty, takes its own items with it and no others."""
        self.check_open()
        base = generation_key(mark)
        return base if self.is_one else self.client._copy(base, key)

    def _copies(self, marks: Iterable[bytes]) -> list[bytes]:
        self.check_open()
        copies = self.client._copies
        return [c for mark in marks for c in copies(generation_key(mark))]

    @abstractmethod
    def generation(self, copy: bytes) -> Command:
        """The command that reads the generation of a tag."""

    @abstractmethod
    def generation_of(self, reply: Any) -> bytes | None:
        """What it said: 8 bytes; None when the tag has none now."""

    @abstractmethod
    def take(self, copies: Sequence[bytes], need_ms: Sequence[int | None]) -> Steps:
        """The generations of tags, made where there are none. They stand for at least
        ``need_ms`` from now, None for ever."""

    @abstractmethod
    def forget(self, marks: Sequence[bytes]) -> Steps:
        """Ends the generations of tags, and with them every item that has them."""

    # ---- Leases -------------------------------------------------------------------

    @abstractmethod
    def claim(
        self, key: bytes, lease_ms: int, copies: Sequence[bytes], judge: Judge
    ) -> Steps:
        """A FarLease, or None where there can be none. What is there once it is asked
        for, and the replies to the generations ``copies``, are given to ``judge``."""

    @abstractmethod
    def fill(
        self, key: bytes, lease: FarLease, data: bytes, ttl_ms: int | None
    ) -> Steps:
        """Stores what a load returned, if the lease still stands: True, or False."""

    @abstractmethod
    def end(self, key: bytes, lease: FarLease) -> Steps:
        """Gives a lease back."""

    @abstractmethod
    def keep(self, key: bytes, lease: FarLease, ms: int) -> Steps:
        """Lets a lease stand for so long and no longer."""

    @abstractmethod
    def is_lost(self, key: bytes, lease: FarLease) -> Steps:
        """Did somebody end or take over the lease?"""
