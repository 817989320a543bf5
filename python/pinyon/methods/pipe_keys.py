"""Keys of any type, and when they expire.

Written by tools/methods.py from commands/keys.py: change that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Self

from ..commands import keys as build
from ..commands.args import Key, Moment, Seconds, Value
from ._base import Adder


class PipeKeys(Adder):
    def delete(self, *names: Key) -> Self:
        """How many there were. In a cluster they may be in any slots."""
        return self._add(build.delete(*names))

    def unlink(self, *names: Key) -> Self:
        """As delete; their memory is freed later, by another thread of the server."""
        return self._add(build.unlink(*names))

    def exists(self, *names: Key) -> Self:
        """How many of them there are."""
        return self._add(build.exists(*names))

    def touch(self, *args: Key) -> Self:
        """Marks keys as just used; how many there are."""
        return self._add(build.touch(*args))

    def type(self, name: Key) -> Self:
        """string, list, set, zset, hash, stream, or none."""
        return self._add(build.type(name))

    def keys(self, pattern: Value = "*") -> Self:
        """All keys that match. It stops the server while it looks: prefer
        scan_iter()."""
        return self._add(build.keys(pattern))

    def randomkey(self) -> Self:
        """Some key."""
        return self._add(build.randomkey())

    def rename(self, src: Key, dst: Key) -> Self:
        """Renames a key, over another one if need be."""
        return self._add(build.rename(src, dst))

    def renamenx(self, src: Key, dst: Key) -> Self:
        """Renames a key unless the new name is taken."""
        return self._add(build.renamenx(src, dst))

    def copy(
        self,
        source: Key,
        destination: Key,
        destination_db: int | None = None,
        replace: bool = False,
    ) -> Self:
        """Copies a value to another key."""
        return self._add(build.copy(source, destination, destination_db, replace))

    def move(self, name: Key, db: int) -> Self:
        """Moves a key to another database."""
        return self._add(build.move(name, db))

    def dump(self, name: Key) -> Self:
        """A value as the server writes it to its files; needs a client that does not
        decode."""
        return self._add(build.dump(name))

    def restore(
        self,
        name: Key,
        ttl: int,
        value: bytes,
        replace: bool = False,
        absttl: bool = False,
        idletime: int | None = None,
        frequency: int | None = None,
    ) -> Self:
        """Makes a key of what dump() gave, to live ``ttl`` milliseconds (0: for
        ever)."""
        return self._add(
            build.restore(name, ttl, value, replace, absttl, idletime, frequency)
        )

    def expire(
        self,
        name: Key,
        time: Seconds,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Self:
        """Lets a key live ``time`` seconds from now; False when there is none.
        ``nx``: only if it would live for ever, ``xx``: only if not, ``gt`` and
        ``lt``: only to lengthen or to shorten its life."""
        return self._add(build.expire(name, time, nx, xx, gt, lt))

    def pexpire(
        self,
        name: Key,
        time: int | timedelta,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Self:
        """As expire, in milliseconds."""
        return self._add(build.pexpire(name, time, nx, xx, gt, lt))

    def expireat(
        self,
        name: Key,
        when: Moment,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Self:
        """Lets a key live until a moment: a datetime, or seconds since 1970."""
        return self._add(build.expireat(name, when, nx, xx, gt, lt))

    def pexpireat(
        self,
        name: Key,
        when: int | datetime,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Self:
        """As expireat, in milliseconds."""
        return self._add(build.pexpireat(name, when, nx, xx, gt, lt))

    def persist(self, name: Key) -> Self:
        """Lets a key live for ever."""
        return self._add(build.persist(name))

    def ttl(self, name: Key) -> Self:
        """Seconds left; -1: for ever, -2: no such key."""
        return self._add(build.ttl(name))

    def pttl(self, name: Key) -> Self:
        """Milliseconds left; -1: for ever, -2: no such key."""
        return self._add(build.pttl(name))

    def expiretime(self, key: Key) -> Self:
        """When it expires, in seconds since 1970; -1: never, -2: no such key."""
        return self._add(build.expiretime(key))

    def pexpiretime(self, key: Key) -> Self:
        """When it expires, in milliseconds since 1970."""
        return self._add(build.pexpiretime(key))

    def object_encoding(self, name: Key) -> Self:
        """How the server keeps a value."""
        return self._add(build.object_encoding(name))

    def object_idletime(self, name: Key) -> Self:
        """Seconds since a key was last used."""
        return self._add(build.object_idletime(name))

    def object_refcount(self, name: Key) -> Self:
        """References to a value in the server."""
        return self._add(build.object_refcount(name))

    def object_freq(self, name: Key) -> Self:
        """How often a key is used, when the server evicts by that."""
        return self._add(build.object_freq(name))

    def memory_usage(self, key: Key, samples: int | None = None) -> Self:
        """Bytes that a key and its value take."""
        return self._add(build.memory_usage(key, samples))

    def scan(
        self,
        cursor: int = 0,
        match: Value | None = None,
        count: int | None = None,
        _type: str | None = None,
    ) -> Self:
        """One step through the keys of one server: where to go on (0: no more), and
        some keys. scan_iter() does it all, and in a cluster all of it."""
        return self._add(build.scan(cursor, match, count, _type))

    def sort(
        self,
        name: Key,
        start: int | None = None,
        num: int | None = None,
        by: Value | None = None,
        get: Value | Iterable[Value] | None = None,
        desc: bool = False,
        alpha: bool = False,
        store: Key | None = None,
    ) -> Self:
        """The elements of a list, set or sorted set in order; stored with ``store``,
        which gives their number."""
        return self._add(build.sort(name, start, num, by, get, desc, alpha, store))

    def sort_ro(
        self,
        key: Key,
        start: int | None = None,
        num: int | None = None,
        by: Value | None = None,
        get: Value | Iterable[Value] | None = None,
        desc: bool = False,
        alpha: bool = False,
    ) -> Self:
        """As sort, of any replica."""
        return self._add(build.sort_ro(key, start, num, by, get, desc, alpha))
