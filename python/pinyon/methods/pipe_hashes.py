"""Hashes: fields and values under one key.

Written by tools/methods.py from commands/hashes.py: change that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Self

from ..commands import hashes as build
from ..commands.args import Key, Moment, Seconds, Value
from ._base import Adder


class PipeHashes(Adder):
    def hset(
        self,
        name: Key,
        key: Value | None = None,
        value: Value | None = None,
        mapping: Mapping[Any, Value] | None = None,
        items: Iterable[Value] | None = None,
    ) -> Self:
        """Sets a field, a ``mapping`` of fields, or ``items`` field, value, field
        ...; how many are new."""
        return self._add(build.hset(name, key, value, mapping, items))

    def hsetnx(self, name: Key, key: Value, value: Value) -> Self:
        """Sets a field if it is not there yet."""
        return self._add(build.hsetnx(name, key, value))

    def hmset(self, name: Key, mapping: Mapping[Any, Value]) -> Self:
        """Sets a mapping of fields; hset() tells how many are new."""
        return self._add(build.hmset(name, mapping))

    def hget(self, name: Key, key: Value) -> Self:
        """A field's value, or None."""
        return self._add(build.hget(name, key))

    def hmget(self, name: Key, keys: Value | Iterable[Value], *args: Value) -> Self:
        """The values of fields, in their order."""
        return self._add(build.hmget(name, keys, *args))

    def hgetall(self, name: Key) -> Self:
        """All fields; empty when there is no such key."""
        return self._add(build.hgetall(name))

    def hdel(self, name: Key, *keys: Value) -> Self:
        """Deletes fields; how many there were."""
        return self._add(build.hdel(name, *keys))

    def hexists(self, name: Key, key: Value) -> Self:
        """Whether there is such a field."""
        return self._add(build.hexists(name, key))

    def hincrby(self, name: Key, key: Value, amount: int = 1) -> Self:
        """Adds to a field that begins at 0; the new value."""
        return self._add(build.hincrby(name, key, amount))

    def hincrbyfloat(self, name: Key, key: Value, amount: float = 1.0) -> Self:
        """Adds to a field that begins at 0; the new value."""
        return self._add(build.hincrbyfloat(name, key, amount))

    def hkeys(self, name: Key) -> Self:
        """The names of all fields."""
        return self._add(build.hkeys(name))

    def hvals(self, name: Key) -> Self:
        """The values of all fields."""
        return self._add(build.hvals(name))

    def hlen(self, name: Key) -> Self:
        """How many fields there are."""
        return self._add(build.hlen(name))

    def hstrlen(self, name: Key, key: Value) -> Self:
        """The length of a field's value in bytes."""
        return self._add(build.hstrlen(name, key))

    def hrandfield(
        self, key: Key, count: int | None = None, withvalues: bool = False
    ) -> Self:
        """Some field; ``count`` of them as a list, with values as (field, value)."""
        return self._add(build.hrandfield(key, count, withvalues))

    def hscan(
        self,
        name: Key,
        cursor: int = 0,
        match: Value | None = None,
        count: int | None = None,
    ) -> Self:
        """One step through the fields; hscan_iter() does it all."""
        return self._add(build.hscan(name, cursor, match, count))

    def hexpire(
        self,
        name: Key,
        seconds: Seconds,
        *fields: Value,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Self:
        """Lets fields live so long; for each 1: done, 0: a condition forbade it, 2:
        gone at once, -2: no such field."""
        return self._add(
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
    ) -> Self:
        """As hexpire, in milliseconds."""
        return self._add(
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
    ) -> Self:
        """Lets fields live until a moment; replies as of hexpire."""
        return self._add(
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
    ) -> Self:
        """As hexpireat, in milliseconds."""
        return self._add(
            build.hpexpireat(
                name, unix_time_milliseconds, *fields, nx=nx, xx=xx, gt=gt, lt=lt
            )
        )

    def hpersist(self, name: Key, *fields: Value) -> Self:
        """Lets fields live for ever; for each 1: done, -1: it did already, -2: no
        field."""
        return self._add(build.hpersist(name, *fields))

    def httl(self, key: Key, *fields: Value) -> Self:
        """Seconds left of fields; -1: for ever, -2: no such field."""
        return self._add(build.httl(key, *fields))

    def hpttl(self, key: Key, *fields: Value) -> Self:
        """Milliseconds left of fields; -1: for ever, -2: no such field."""
        return self._add(build.hpttl(key, *fields))

    def hexpiretime(self, key: Key, *fields: Value) -> Self:
        """When fields expire, in seconds since 1970."""
        return self._add(build.hexpiretime(key, *fields))

    def hgetex(
        self,
        key: Key,
        *fields: Value,
        ex: Seconds | None = None,
        px: int | timedelta | None = None,
        exat: Moment | None = None,
        pxat: int | datetime | None = None,
        persist: bool = False,
    ) -> Self:
        """The values of fields, whose time to live is set anew (Redis 8, Valkey 9)."""
        return self._add(
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
    ) -> Self:
        """Sets fields with a time to live (Redis 8, Valkey 9). ``fnx``: only if none
        of them is there; ``fxx``: only if all are."""
        return self._add(
            build.hsetex(name, mapping, ex, px, exat, pxat, keepttl, fnx, fxx)
        )
