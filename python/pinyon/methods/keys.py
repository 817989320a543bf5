"""Keys of any type, and when they expire.

Written by tools/methods.py from commands/keys.py: change that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from datetime import datetime, timedelta
from typing import Any

from ..commands import keys as build
from ..commands.args import Key, Moment, Seconds, Value
from ._base import Caller, S


class Keys(Caller[S]):
    def delete(self, *names: Key) -> int:
        """How many there were. In a cluster they may be in any slots."""
        return self._call(build.delete(*names))

    def adelete(self, *names: Key) -> Awaitable[int]:
        """:meth:`delete` for asyncio."""
        return self._acall(build.delete(*names))

    def unlink(self, *names: Key) -> int:
        """As delete; their memory is freed later, by another thread of the server."""
        return self._call(build.unlink(*names))

    def aunlink(self, *names: Key) -> Awaitable[int]:
        """:meth:`unlink` for asyncio."""
        return self._acall(build.unlink(*names))

    def exists(self, *names: Key) -> int:
        """How many of them there are."""
        return self._call(build.exists(*names))

    def aexists(self, *names: Key) -> Awaitable[int]:
        """:meth:`exists` for asyncio."""
        return self._acall(build.exists(*names))

    def touch(self, *args: Key) -> int:
        """Marks keys as just used; how many there are."""
        return self._call(build.touch(*args))

    def atouch(self, *args: Key) -> Awaitable[int]:
        """:meth:`touch` for asyncio."""
        return self._acall(build.touch(*args))

    def type(self, name: Key) -> str:
        """string, list, set, zset, hash, stream, or none."""
        return self._call(build.type(name))

    def atype(self, name: Key) -> Awaitable[str]:
        """:meth:`type` for asyncio."""
        return self._acall(build.type(name))

    def keys(self, pattern: Value = "*") -> list[S]:
        """All keys that match. It stops the server while it looks: prefer
        scan_iter()."""
        return self._call(build.keys(pattern))

    def akeys(self, pattern: Value = "*") -> Awaitable[list[S]]:
        """:meth:`keys` for asyncio."""
        return self._acall(build.keys(pattern))

    def randomkey(self) -> S | None:
        """Some key."""
        return self._call(build.randomkey())

    def arandomkey(self) -> Awaitable[S | None]:
        """:meth:`randomkey` for asyncio."""
        return self._acall(build.randomkey())

    def rename(self, src: Key, dst: Key) -> bool:
        """Renames a key, over another one if need be."""
        return self._call(build.rename(src, dst))

    def arename(self, src: Key, dst: Key) -> Awaitable[bool]:
        """:meth:`rename` for asyncio."""
        return self._acall(build.rename(src, dst))

    def renamenx(self, src: Key, dst: Key) -> bool:
        """Renames a key unless the new name is taken."""
        return self._call(build.renamenx(src, dst))

    def arenamenx(self, src: Key, dst: Key) -> Awaitable[bool]:
        """:meth:`renamenx` for asyncio."""
        return self._acall(build.renamenx(src, dst))

    def copy(
        self,
        source: Key,
        destination: Key,
        destination_db: int | None = None,
        replace: bool = False,
    ) -> bool:
        """Copies a value to another key."""
        return self._call(build.copy(source, destination, destination_db, replace))

    def acopy(
        self,
        source: Key,
        destination: Key,
        destination_db: int | None = None,
        replace: bool = False,
    ) -> Awaitable[bool]:
        """:meth:`copy` for asyncio."""
        return self._acall(build.copy(source, destination, destination_db, replace))

    def move(self, name: Key, db: int) -> bool:
        """Moves a key to another database."""
        return self._call(build.move(name, db))

    def amove(self, name: Key, db: int) -> Awaitable[bool]:
        """:meth:`move` for asyncio."""
        return self._acall(build.move(name, db))

    def dump(self, name: Key) -> bytes | None:
        """A value as the server writes it to its files; needs a client that does not
        decode."""
        return self._call(build.dump(name))

    def adump(self, name: Key) -> Awaitable[bytes | None]:
        """:meth:`dump` for asyncio."""
        return self._acall(build.dump(name))

    def restore(
        self,
        name: Key,
        ttl: int,
        value: bytes,
        replace: bool = False,
        absttl: bool = False,
        idletime: int | None = None,
        frequency: int | None = None,
    ) -> bool:
        """Makes a key of what dump() gave, to live ``ttl`` milliseconds (0: for
        ever)."""
        return self._call(
            build.restore(name, ttl, value, replace, absttl, idletime, frequency)
        )

    def arestore(
        self,
        name: Key,
        ttl: int,
        value: bytes,
        replace: bool = False,
        absttl: bool = False,
        idletime: int | None = None,
        frequency: int | None = None,
    ) -> Awaitable[bool]:
        """:meth:`restore` for asyncio."""
        return self._acall(
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
    ) -> bool:
        """Lets a key live ``time`` seconds from now; False when there is none.
        ``nx``: only if it would live for ever, ``xx``: only if not, ``gt`` and
        ``lt``: only to lengthen or to shorten its life."""
        return self._call(build.expire(name, time, nx, xx, gt, lt))

    def aexpire(
        self,
        name: Key,
        time: Seconds,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Awaitable[bool]:
        """:meth:`expire` for asyncio."""
        return self._acall(build.expire(name, time, nx, xx, gt, lt))

    def pexpire(
        self,
        name: Key,
        time: int | timedelta,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """As expire, in milliseconds."""
        return self._call(build.pexpire(name, time, nx, xx, gt, lt))

    def apexpire(
        self,
        name: Key,
        time: int | timedelta,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Awaitable[bool]:
        """:meth:`pexpire` for asyncio."""
        return self._acall(build.pexpire(name, time, nx, xx, gt, lt))

    def expireat(
        self,
        name: Key,
        when: Moment,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """Lets a key live until a moment: a datetime, or seconds since 1970."""
        return self._call(build.expireat(name, when, nx, xx, gt, lt))

    def aexpireat(
        self,
        name: Key,
        when: Moment,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Awaitable[bool]:
        """:meth:`expireat` for asyncio."""
        return self._acall(build.expireat(name, when, nx, xx, gt, lt))

    def pexpireat(
        self,
        name: Key,
        when: int | datetime,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """As expireat, in milliseconds."""
        return self._call(build.pexpireat(name, when, nx, xx, gt, lt))

    def apexpireat(
        self,
        name: Key,
        when: int | datetime,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Awaitable[bool]:
        """:meth:`pexpireat` for asyncio."""
        return self._acall(build.pexpireat(name, when, nx, xx, gt, lt))

    def persist(self, name: Key) -> bool:
        """Lets a key live for ever."""
        return self._call(build.persist(name))

    def apersist(self, name: Key) -> Awaitable[bool]:
        """:meth:`persist` for asyncio."""
        return self._acall(build.persist(name))

    def ttl(self, name: Key) -> int:
        """Seconds left; -1: for ever, -2: no such key."""
        return self._call(build.ttl(name))

    def attl(self, name: Key) -> Awaitable[int]:
        """:meth:`ttl` for asyncio."""
        return self._acall(build.ttl(name))

    def pttl(self, name: Key) -> int:
        """Milliseconds left; -1: for ever, -2: no such key."""
        return self._call(build.pttl(name))

    def apttl(self, name: Key) -> Awaitable[int]:
        """:meth:`pttl` for asyncio."""
        return self._acall(build.pttl(name))

    def expiretime(self, key: Key) -> int:
        """When it expires, in seconds since 1970; -1: never, -2: no such key."""
        return self._call(build.expiretime(key))

    def aexpiretime(self, key: Key) -> Awaitable[int]:
        """:meth:`expiretime` for asyncio."""
        return self._acall(build.expiretime(key))

    def pexpiretime(self, key: Key) -> int:
        """When it expires, in milliseconds since 1970."""
        return self._call(build.pexpiretime(key))

    def apexpiretime(self, key: Key) -> Awaitable[int]:
        """:meth:`pexpiretime` for asyncio."""
        return self._acall(build.pexpiretime(key))

    def object_encoding(self, name: Key) -> str | None:
        """How the server keeps a value."""
        return self._call(build.object_encoding(name))

    def aobject_encoding(self, name: Key) -> Awaitable[str | None]:
        """:meth:`object_encoding` for asyncio."""
        return self._acall(build.object_encoding(name))

    def object_idletime(self, name: Key) -> int | None:
        """Seconds since a key was last used."""
        return self._call(build.object_idletime(name))

    def aobject_idletime(self, name: Key) -> Awaitable[int | None]:
        """:meth:`object_idletime` for asyncio."""
        return self._acall(build.object_idletime(name))

    def object_refcount(self, name: Key) -> int | None:
        """References to a value in the server."""
        return self._call(build.object_refcount(name))

    def aobject_refcount(self, name: Key) -> Awaitable[int | None]:
        """:meth:`object_refcount` for asyncio."""
        return self._acall(build.object_refcount(name))

    def object_freq(self, name: Key) -> int | None:
        """How often a key is used, when the server evicts by that."""
        return self._call(build.object_freq(name))

    def aobject_freq(self, name: Key) -> Awaitable[int | None]:
        """:meth:`object_freq` for asyncio."""
        return self._acall(build.object_freq(name))

    def memory_usage(self, key: Key, samples: int | None = None) -> int | None:
        """Bytes that a key and its value take."""
        return self._call(build.memory_usage(key, samples))

    def amemory_usage(
        self, key: Key, samples: int | None = None
    ) -> Awaitable[int | None]:
        """:meth:`memory_usage` for asyncio."""
        return self._acall(build.memory_usage(key, samples))

    def scan(
        self,
        cursor: int = 0,
        match: Value | None = None,
        count: int | None = None,
        _type: str | None = None,
    ) -> tuple[int, list[S]]:
        """One step through the keys of one server: where to go on (0: no more), and
        some keys. scan_iter() does it all, and in a cluster all of it."""
        return self._call(build.scan(cursor, match, count, _type))

    def ascan(
        self,
        cursor: int = 0,
        match: Value | None = None,
        count: int | None = None,
        _type: str | None = None,
    ) -> Awaitable[tuple[int, list[S]]]:
        """:meth:`scan` for asyncio."""
        return self._acall(build.scan(cursor, match, count, _type))

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
    ) -> Any:
        """The elements of a list, set or sorted set in order; stored with ``store``,
        which gives their number."""
        return self._call(build.sort(name, start, num, by, get, desc, alpha, store))

    def asort(
        self,
        name: Key,
        start: int | None = None,
        num: int | None = None,
        by: Value | None = None,
        get: Value | Iterable[Value] | None = None,
        desc: bool = False,
        alpha: bool = False,
        store: Key | None = None,
    ) -> Awaitable[Any]:
        """:meth:`sort` for asyncio."""
        return self._acall(build.sort(name, start, num, by, get, desc, alpha, store))

    def sort_ro(
        self,
        key: Key,
        start: int | None = None,
        num: int | None = None,
        by: Value | None = None,
        get: Value | Iterable[Value] | None = None,
        desc: bool = False,
        alpha: bool = False,
    ) -> list[Any]:
        """As sort, of any replica."""
        return self._call(build.sort_ro(key, start, num, by, get, desc, alpha))

    def asort_ro(
        self,
        key: Key,
        start: int | None = None,
        num: int | None = None,
        by: Value | None = None,
        get: Value | Iterable[Value] | None = None,
        desc: bool = False,
        alpha: bool = False,
    ) -> Awaitable[list[Any]]:
        """:meth:`sort_ro` for asyncio."""
        return self._acall(build.sort_ro(key, start, num, by, get, desc, alpha))
