"""Strings and counters.

Written by tools/methods.py from commands/strings.py: change that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..commands import strings as build
from ..commands.args import Key, Moment, Seconds, Value
from ._base import Caller, S


class Strings(Caller[S]):
    if TYPE_CHECKING:

        def get(self, key: Key, /) -> S | None:
            """The value, or None."""

        def aget(self, key: Key, /) -> Awaitable[S | None]:
            """:meth:`get` for asyncio."""

    def set(
        self,
        name: Key,
        value: Value,
        ex: Seconds | None = None,
        px: int | timedelta | None = None,
        nx: bool = False,
        xx: bool = False,
        keepttl: bool = False,
        get: bool = False,
        exat: Moment | None = None,
        pxat: int | datetime | None = None,
        *,
        ifeq: Value | None = None,
    ) -> Any:
        """Sets a value: True, or None when ``nx``, ``xx`` or ``ifeq`` forbade it.

        ``ex`` seconds or ``px`` milliseconds to live, or until ``exat`` or ``pxat``;
        ``keepttl`` leaves that as it is. ``nx``: only when there is none yet;
        ``xx``: only when there is one; ``ifeq``: only when it is this (Valkey 8.1,
        Redis 8.4). ``get``: the reply is what was there before."""
        return self._call(
            build.set(name, value, ex, px, nx, xx, keepttl, get, exat, pxat, ifeq=ifeq)
        )

    def aset(
        self,
        name: Key,
        value: Value,
        ex: Seconds | None = None,
        px: int | timedelta | None = None,
        nx: bool = False,
        xx: bool = False,
        keepttl: bool = False,
        get: bool = False,
        exat: Moment | None = None,
        pxat: int | datetime | None = None,
        *,
        ifeq: Value | None = None,
    ) -> Awaitable[Any]:
        """:meth:`set` for asyncio."""
        return self._acall(
            build.set(name, value, ex, px, nx, xx, keepttl, get, exat, pxat, ifeq=ifeq)
        )

    def setex(self, name: Key, time: int | timedelta, value: Value) -> bool:
        """Sets a value to live ``time`` seconds."""
        return self._call(build.setex(name, time, value))

    def asetex(self, name: Key, time: int | timedelta, value: Value) -> Awaitable[bool]:
        """:meth:`setex` for asyncio."""
        return self._acall(build.setex(name, time, value))

    def psetex(self, name: Key, time_ms: int | timedelta, value: Value) -> bool:
        """Sets a value to live ``time_ms`` milliseconds."""
        return self._call(build.psetex(name, time_ms, value))

    def apsetex(
        self, name: Key, time_ms: int | timedelta, value: Value
    ) -> Awaitable[bool]:
        """:meth:`psetex` for asyncio."""
        return self._acall(build.psetex(name, time_ms, value))

    def setnx(self, name: Key, value: Value) -> bool:
        """Sets a value if there is none yet."""
        return self._call(build.setnx(name, value))

    def asetnx(self, name: Key, value: Value) -> Awaitable[bool]:
        """:meth:`setnx` for asyncio."""
        return self._acall(build.setnx(name, value))

    def getset(self, name: Key, value: Value) -> S | None:
        """Sets a value; what was there before."""
        return self._call(build.getset(name, value))

    def agetset(self, name: Key, value: Value) -> Awaitable[S | None]:
        """:meth:`getset` for asyncio."""
        return self._acall(build.getset(name, value))

    def getdel(self, name: Key) -> S | None:
        """The value, which is deleted."""
        return self._call(build.getdel(name))

    def agetdel(self, name: Key) -> Awaitable[S | None]:
        """:meth:`getdel` for asyncio."""
        return self._acall(build.getdel(name))

    def getex(
        self,
        name: Key,
        ex: Seconds | None = None,
        px: int | timedelta | None = None,
        exat: Moment | None = None,
        pxat: int | datetime | None = None,
        persist: bool = False,
    ) -> S | None:
        """The value, whose time to live is set anew, or with ``persist`` taken away."""
        return self._call(build.getex(name, ex, px, exat, pxat, persist))

    def agetex(
        self,
        name: Key,
        ex: Seconds | None = None,
        px: int | timedelta | None = None,
        exat: Moment | None = None,
        pxat: int | datetime | None = None,
        persist: bool = False,
    ) -> Awaitable[S | None]:
        """:meth:`getex` for asyncio."""
        return self._acall(build.getex(name, ex, px, exat, pxat, persist))

    def mget(self, keys: Key | Iterable[Key], *args: Key) -> list[S | None]:
        """The values in the order of the keys, None for what is not there. In a
        cluster the keys may be in any slots."""
        return self._call(build.mget(keys, *args))

    def amget(self, keys: Key | Iterable[Key], *args: Key) -> Awaitable[list[S | None]]:
        """:meth:`mget` for asyncio."""
        return self._acall(build.mget(keys, *args))

    def mset(self, mapping: Mapping[Any, Value]) -> bool:
        """Sets many values. In a cluster they may be in any slots; those of one slot
        are set at once."""
        return self._call(build.mset(mapping))

    def amset(self, mapping: Mapping[Any, Value]) -> Awaitable[bool]:
        """:meth:`mset` for asyncio."""
        return self._acall(build.mset(mapping))

    def msetnx(self, mapping: Mapping[Any, Value]) -> bool:
        """Sets all of them, or none if one is there already."""
        return self._call(build.msetnx(mapping))

    def amsetnx(self, mapping: Mapping[Any, Value]) -> Awaitable[bool]:
        """:meth:`msetnx` for asyncio."""
        return self._acall(build.msetnx(mapping))

    def append(self, key: Key, value: Value) -> int:
        """Adds to the end; the new length."""
        return self._call(build.append(key, value))

    def aappend(self, key: Key, value: Value) -> Awaitable[int]:
        """:meth:`append` for asyncio."""
        return self._acall(build.append(key, value))

    def strlen(self, name: Key) -> int:
        """The value's length in bytes."""
        return self._call(build.strlen(name))

    def astrlen(self, name: Key) -> Awaitable[int]:
        """:meth:`strlen` for asyncio."""
        return self._acall(build.strlen(name))

    def getrange(self, key: Key, start: int, end: int) -> S:
        """Bytes ``start`` to ``end``, both included; negative from the end."""
        return self._call(build.getrange(key, start, end))

    def agetrange(self, key: Key, start: int, end: int) -> Awaitable[S]:
        """:meth:`getrange` for asyncio."""
        return self._acall(build.getrange(key, start, end))

    def setrange(self, name: Key, offset: int, value: Value) -> int:
        """Overwrites from ``offset`` on; the new length."""
        return self._call(build.setrange(name, offset, value))

    def asetrange(self, name: Key, offset: int, value: Value) -> Awaitable[int]:
        """:meth:`setrange` for asyncio."""
        return self._acall(build.setrange(name, offset, value))

    def incr(self, name: Key, amount: int = 1) -> int:
        """Adds ``amount`` to a counter that begins at 0; the new value."""
        return self._call(build.incr(name, amount))

    def aincr(self, name: Key, amount: int = 1) -> Awaitable[int]:
        """:meth:`incr` for asyncio."""
        return self._acall(build.incr(name, amount))

    def incrby(self, name: Key, amount: int = 1) -> int:
        """Adds ``amount`` to a counter that begins at 0; the new value."""
        return self._call(build.incrby(name, amount))

    def aincrby(self, name: Key, amount: int = 1) -> Awaitable[int]:
        """:meth:`incrby` for asyncio."""
        return self._acall(build.incrby(name, amount))

    def decr(self, name: Key, amount: int = 1) -> int:
        """Takes ``amount`` from a counter that begins at 0; the new value."""
        return self._call(build.decr(name, amount))

    def adecr(self, name: Key, amount: int = 1) -> Awaitable[int]:
        """:meth:`decr` for asyncio."""
        return self._acall(build.decr(name, amount))

    def decrby(self, name: Key, amount: int = 1) -> int:
        """Takes ``amount`` from a counter that begins at 0; the new value."""
        return self._call(build.decrby(name, amount))

    def adecrby(self, name: Key, amount: int = 1) -> Awaitable[int]:
        """:meth:`decrby` for asyncio."""
        return self._acall(build.decrby(name, amount))

    def incrbyfloat(self, name: Key, amount: float = 1.0) -> float:
        """Adds to a number that begins at 0; the new value."""
        return self._call(build.incrbyfloat(name, amount))

    def aincrbyfloat(self, name: Key, amount: float = 1.0) -> Awaitable[float]:
        """:meth:`incrbyfloat` for asyncio."""
        return self._acall(build.incrbyfloat(name, amount))

    def lcs(
        self,
        key1: Key,
        key2: Key,
        len: bool = False,
        idx: bool = False,
        minmatchlen: int = 0,
        withmatchlen: bool = False,
    ) -> Any:
        """The longest common subsequence of two values, its length, or where it is."""
        return self._call(build.lcs(key1, key2, len, idx, minmatchlen, withmatchlen))

    def alcs(
        self,
        key1: Key,
        key2: Key,
        len: bool = False,
        idx: bool = False,
        minmatchlen: int = 0,
        withmatchlen: bool = False,
    ) -> Awaitable[Any]:
        """:meth:`lcs` for asyncio."""
        return self._acall(build.lcs(key1, key2, len, idx, minmatchlen, withmatchlen))
