"""Hashes: fields and values under one key.

Written by tools/methods.py from commands/hashes.py: change that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ..commands import hashes as build
from ..commands.args import Key, Moment, Seconds, Value
from ._base import Caller, S


class Hashes(Caller[S]):
    def hset(
        self,
        name: Key,
        key: Value | None = None,
        value: Value | None = None,
        mapping: Mapping[Any, Value] | None = None,
        items: Iterable[Value] | None = None,
    ) -> int:
        """Sets a field, a ``mapping`` of fields, or ``items`` field, value, field
        ...; how many are new."""
        return self._call(build.hset(name, key, value, mapping, items))

    def ahset(
        self,
        name: Key,
        key: Value | None = None,
        value: Value | None = None,
        mapping: Mapping[Any, Value] | None = None,
        items: Iterable[Value] | None = None,
    ) -> Awaitable[int]:
        """:meth:`hset` for asyncio."""
        return self._acall(build.hset(name, key, value, mapping, items))

    def hsetnx(self, name: Key, key: Value, value: Value) -> bool:
        """Sets a field if it is not there yet."""
        return self._call(build.hsetnx(name, key, value))

    def ahsetnx(self, name: Key, key: Value, value: Value) -> Awaitable[bool]:
        """:meth:`hsetnx` for asyncio."""
        return self._acall(build.hsetnx(name, key, value))

    def hmset(self, name: Key, mapping: Mapping[Any, Value]) -> bool:
        """Sets a mapping of fields; hset() tells how many are new."""
        return self._call(build.hmset(name, mapping))

    def ahmset(self, name: Key, mapping: Mapping[Any, Value]) -> Awaitable[bool]:
        """:meth:`hmset` for asyncio."""
        return self._acall(build.hmset(name, mapping))

    def hget(self, name: Key, key: Value) -> S | None:
        """A field's value, or None."""
        return self._call(build.hget(name, key))

    def ahget(self, name: Key, key: Value) -> Awaitable[S | None]:
        """:meth:`hget` for asyncio."""
        return self._acall(build.hget(name, key))

    def hmget(
        self, name: Key, keys: Value | Iterable[Value], *args: Value
    ) -> list[S | None]:
        """The values of fields, in their order."""
        return self._call(build.hmget(name, keys, *args))

    def ahmget(
        self, name: Key, keys: Value | Iterable[Value], *args: Value
    ) -> Awaitable[list[S | None]]:
        """:meth:`hmget` for asyncio."""
        return self._acall(build.hmget(name, keys, *args))

    def hgetall(self, name: Key) -> dict[S, S]:
        """All fields; empty when there is no such key."""
        return self._call(build.hgetall(name))

    def ahgetall(self, name: Key) -> Awaitable[dict[S, S]]:
        """:meth:`hgetall` for asyncio."""
        return self._acall(build.hgetall(name))

    def hdel(self, name: Key, *keys: Value) -> int:
        """Deletes fields; how many there were."""
        return self._call(build.hdel(name, *keys))

    def ahdel(self, name: Key, *keys: Value) -> Awaitable[int]:
        """:meth:`hdel` for asyncio."""
        return self._acall(build.hdel(name, *keys))

    def hexists(self, name: Key, key: Value) -> bool:
        """Whether there is such a field."""
        return self._call(build.hexists(name, key))

    def ahexists(self, name: Key, key: Value) -> Awaitable[bool]:
        """:meth:`hexists` for asyncio."""
        return self._acall(build.hexists(name, key))

    def hincrby(self, name: Key, key: Value, amount: int = 1) -> int:
        """Adds to a field that begins at 0; the new value."""
        return self._call(build.hincrby(name, key, amount))

    def ahincrby(self, name: Key, key: Value, amount: int = 1) -> Awaitable[int]:
        """:meth:`hincrby` for asyncio."""
        return self._acall(build.hincrby(name, key, amount))

    def hincrbyfloat(self, name: Key, key: Value, amount: float = 1.0) -> float:
        """Adds to a field that begins at 0; the new value."""
        return self._call(build.hincrbyfloat(name, key, amount))

    def ahincrbyfloat(
        self, name: Key, key: Value, amount: float = 1.0
    ) -> Awaitable[float]:
        """:meth:`hincrbyfloat` for asyncio."""
        return self._acall(build.hincrbyfloat(name, key, amount))

    def hkeys(self, name: Key) -> list[S]:
        """The names of all fields."""
        return self._call(build.hkeys(name))

    def ahkeys(self, name: Key) -> Awaitable[list[S]]:
        """:meth:`hkeys` for asyncio."""
        return self._acall(build.hkeys(name))

    def hvals(self, name: Key) -> list[S]:
        """The values of all fields."""
        return self._call(build.hvals(name))

    def ahvals(self, name: Key) -> Awaitable[list[S]]:
        """:meth:`hvals` for asyncio."""
        return self._acall(build.hvals(name))

    def hlen(self, name: Key) -> int:
        """How many fields there are."""
        return self._call(build.hlen(name))

    def ahlen(self, name: Key) -> Awaitable[int]:
        """:meth:`hlen` for asyncio."""
        return self._acall(build.hlen(name))

    def hstrlen(self, name: Key, key: Value) -> int:
        """The length of a field's value in bytes."""
        return self._call(build.hstrlen(name, key))

    def ahstrlen(self, name: Key, key: Value) -> Awaitable[int]:
        """:meth:`hstrlen` for asyncio."""
        return self._acall(build.hstrlen(name, key))

    def hrandfield(
        self, key: Key, count: int | None = None, withvalues: bool = False
    ) -> Any:
        """Some field; ``count`` of them as a list, with values as (field, value)."""
        return self._call(build.hrandfield(key, count, withvalues))

    def ahrandfield(
        self, key: Key, count: int | None = None, withvalues: bool = False
    ) -> Awaitable[Any]:
        """:meth:`hrandfield` for asyncio."""
        return self._acall(build.hrandfield(key, count, withvalues))

    def hscan(
        self,
        name: Key,
        cursor: int = 0,
        match: Value | None = None,
        count: int | None = None,
    ) -> tuple[int, dict[S, S]]:
        """One step through the fields; hscan_iter() does it all."""
        return self._call(build.hscan(name, cursor, match, count))

    def ahscan(
        self,
        name: Key,
        cursor: int = 0,
        match: Value | None = None,
        count: int | None = None,
    ) -> Awaitable[tuple[int, dict[S, S]]]:
        """:meth:`hscan` for asyncio."""
        return self._acall(build.hscan(name, cursor, match, count))

    def hexpire(
        self,
        name: Key,
        seconds: Seconds,
        *fields: Value,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> list[int]:
        """Lets fields live so long; for each 1: done, 0: a condition forbade it, 2:
        gone at once, -2: no such field."""
        return self._call(
            build.hexpire(name, seconds, *fields, nx=nx, xx=xx, gt=gt, lt=lt)
        )

    def ahexpire(
        self,
        name: Key,
        seconds: Seconds,
        *fields: Value,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Awaitable[list[int]]:
        """:meth:`hexpire` for asyncio."""
        return self._acall(
            build.hexpire(name, seconds, *fields, nx=nx, xx=xx, gt=gt, lt=lt)
        )

    def hpexpire(
        self,
        name: Key,
        milliseconds: int | timedelta,
        *fields: Value,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> list[int]:
        """As hexpire, in milliseconds."""
        return self._call(
            build.hpexpire(name, milliseconds, *fields, nx=nx, xx=xx, gt=gt, lt=lt)
        )

    def ahpexpire(
        self,
        name: Key,
        milliseconds: int | timedelta,
        *fields: Value,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Awaitable[list[int]]:
        """:meth:`hpexpire` for asyncio."""
        return self._acall(
            build.hpexpire(name, milliseconds, *fields, nx=nx, xx=xx, gt=gt, lt=lt)
        )

    def hexpireat(
        self,
        name: Key,
        unix_time_seconds: Moment,
        *fields: Value,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> list[int]:
        """Lets fields live until a moment; replies as of hexpire."""
        return self._call(
            build.hexpireat(
                name, unix_time_seconds, *fields, nx=nx, xx=xx, gt=gt, lt=lt
            )
        )

    def ahexpireat(
        self,
        name: Key,
        unix_time_seconds: Moment,
        *fields: Value,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Awaitable[list[int]]:
        """:meth:`hexpireat` for asyncio."""
        return self._acall(
            build.hexpireat(
                name, unix_time_seconds, *fields, nx=nx, xx=xx, gt=gt, lt=lt
            )
        )

    def hpexpireat(
        self,
        name: Key,
        unix_time_milliseconds: int | datetime,
        *fields: Value,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> list[int]:
        """As hexpireat, in milliseconds."""
        return self._call(
            build.hpexpireat(
                name, unix_time_milliseconds, *fields, nx=nx, xx=xx, gt=gt, lt=lt
            )
        )

    def ahpexpireat(
        self,
        name: Key,
        unix_time_milliseconds: int | datetime,
        *fields: Value,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Awaitable[list[int]]:
        """:meth:`hpexpireat` for asyncio."""
        return self._acall(
            build.hpexpireat(
                name, unix_time_milliseconds, *fields, nx=nx, xx=xx, gt=gt, lt=lt
            )
        )

    def hpersist(self, name: Key, *fields: Value) -> list[int]:
        """Lets fields live for ever; for each 1: done, -1: it did already, -2: no
        field."""
        return self._call(build.hpersist(name, *fields))

    def ahpersist(self, name: Key, *fields: Value) -> Awaitable[list[int]]:
        """:meth:`hpersist` for asyncio."""
        return self._acall(build.hpersist(name, *fields))

    def httl(self, key: Key, *fields: Value) -> list[int]:
        """Seconds left of fields; -1: for ever, -2: no such field."""
        return self._call(build.httl(key, *fields))

    def ahttl(self, key: Key, *fields: Value) -> Awaitable[list[int]]:
        """:meth:`httl` for asyncio."""
        return self._acall(build.httl(key, *fields))

    def hpttl(self, key: Key, *fields: Value) -> list[int]:
        """Milliseconds left of fields; -1: for ever, -2: no such field."""
        return self._call(build.hpttl(key, *fields))

    def ahpttl(self, key: Key, *fields: Value) -> Awaitable[list[int]]:
        """:meth:`hpttl` for asyncio."""
        return self._acall(build.hpttl(key, *fields))

    def hexpiretime(self, key: Key, *fields: Value) -> list[int]:
        """When fields expire, in seconds since 1970."""
        return self._call(build.hexpiretime(key, *fields))

    def ahexpiretime(self, key: Key, *fields: Value) -> Awaitable[list[int]]:
        """:meth:`hexpiretime` for asyncio."""
        return self._acall(build.hexpiretime(key, *fields))

    def hgetex(
        self,
        key: Key,
        *fields: Value,
        ex: Seconds | None = None,
        px: int | timedelta | None = None,
        exat: Moment | None = None,
        pxat: int | datetime | None = None,
        persist: bool = False,
    ) -> list[S | None]:
        """The values of fields, whose time to live is set anew (Redis 8, Valkey 9)."""
        return self._call(
            build.hgetex(
                key, *fields, ex=ex, px=px, exat=exat, pxat=pxat, persist=persist
            )
        )

    def ahgetex(
        self,
        key: Key,
        *fields: Value,
        ex: Seconds | None = None,
        px: int | timedelta | None = None,
        exat: Moment | None = None,
        pxat: int | datetime | None = None,
        persist: bool = False,
    ) -> Awaitable[list[S | None]]:
        """:meth:`hgetex` for asyncio."""
        return self._acall(
            build.hgetex(
                key, *fields, ex=ex, px=px, exat=exat, pxat=pxat, persist=persist
            )
        )

    def hsetex(
        self,
        name: Key,
        mapping: Mapping[Any, Value],
        ex: Seconds | None = None,
        px: int | timedelta | None = None,
        exat: Moment | None = None,
        pxat: int | datetime | None = None,
        keepttl: bool = False,
        fnx: bool = False,
        fxx: bool = False,
    ) -> bool:
        """Sets fields with a time to live (Redis 8, Valkey 9). ``fnx``: only if none
        of them is there; ``fxx``: only if all are."""
        return self._call(
            build.hsetex(name, mapping, ex, px, exat, pxat, keepttl, fnx, fxx)
        )

    def ahsetex(
        self,
        name: Key,
        mapping: Mapping[Any, Value],
        ex: Seconds | None = None,
        px: int | timedelta | None = None,
        exat: Moment | None = None,
        pxat: int | datetime | None = None,
        keepttl: bool = False,
        fnx: bool = False,
        fxx: bool = False,
    ) -> Awaitable[bool]:
        """:meth:`hsetex` for asyncio."""
        return self._acall(
            build.hsetex(name, mapping, ex, px, exat, pxat, keepttl, fnx, fxx)
        )
