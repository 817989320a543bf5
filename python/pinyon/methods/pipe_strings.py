"""Strings and counters.

Written by tools/methods.py from commands/strings.py: change that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Self

from ..commands import strings as build
from ..commands.args import Key, Moment, Seconds, Value
from ._base import Adder


class PipeStrings(Adder):
    def get(self, key: Key) -> Self:
        """The value, or None."""
        return self._add(build.get(key))

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
    ) -> Self:
        """Sets a value: True, or None when ``nx``, ``xx`` or ``ifeq`` forbade it.

        ``ex`` seconds or ``px`` milliseconds to live, or until ``exat`` or ``pxat``;
        ``keepttl`` leaves that as it is. ``nx``: only when there is none yet;
        ``xx``: only when there is one; ``ifeq``: only when it is this (Valkey 8.1,
        Redis 8.4). ``get``: the reply is what was there before."""
        return self._add(
            build.set(name, value, ex, px, nx, xx, keepttl, get, exat, pxat, ifeq=ifeq)
        )

    def setex(self, name: Key, time: int | timedelta, value: Value) -> Self:
        """Sets a value to live ``time`` seconds."""
        return self._add(build.setex(name, time, value))

    def psetex(self, name: Key, time_ms: int | timedelta, value: Value) -> Self:
        """Sets a value to live ``time_ms`` milliseconds."""
        return self._add(build.psetex(name, time_ms, value))

    def setnx(self, name: Key, value: Value) -> Self:
        """Sets a value if there is none yet."""
        return self._add(build.setnx(name, value))

    def getset(self, name: Key, value: Value) -> Self:
        """Sets a value; what was there before."""
        return self._add(build.getset(name, value))

    def getdel(self, name: Key) -> Self:
        """The value, which is deleted."""
        return self._add(build.getdel(name))

    def getex(
        self,
        name: Key,
        ex: Seconds | None = None,
        px: int | timedelta | None = None,
        exat: Moment | None = None,
        pxat: int | datetime | None = None,
        persist: bool = False,
    ) -> Self:
        """The value, whose time to live is set anew, or with ``persist`` taken away."""
        return self._add(build.getex(name, ex, px, exat, pxat, persist))

    def mget(self, keys: Key | Iterable[Key], *args: Key) -> Self:
        """The values in the order of the keys, None for what is not there. In a
        cluster the keys may be in any slots."""
        return self._add(build.mget(keys, *args))

    def mset(self, mapping: Mapping[Any, Value]) -> Self:
        """Sets many values. In a cluster they may be in any slots; those of one slot
        are set at once."""
        return self._add(build.mset(mapping))

    def msetnx(self, mapping: Mapping[Any, Value]) -> Self:
        """Sets all of them, or none if one is there already."""
        return self._add(build.msetnx(mapping))

    def append(self, key: Key, value: Value) -> Self:
        """Adds to the end; the new length."""
        return self._add(build.append(key, value))

    def strlen(self, name: Key) -> Self:
        """The value's length in bytes."""
        return self._add(build.strlen(name))

    def getrange(self, key: Key, start: int, end: int) -> Self:
        """Bytes ``start`` to ``end``, both included; negative from the end."""
        return self._add(build.getrange(key, start, end))

    def setrange(self, name: Key, offset: int, value: Value) -> Self:
        """Overwrites from ``offset`` on; the new length."""
        return self._add(build.setrange(name, offset, value))

    def incr(self, name: Key, amount: int = 1) -> Self:
        """Adds ``amount`` to a counter that begins at 0; the new value."""
        return self._add(build.incr(name, amount))

    def incrby(self, name: Key, amount: int = 1) -> Self:
        """Adds ``amount`` to a counter that begins at 0; the new value."""
        return self._add(build.incrby(name, amount))

    def decr(self, name: Key, amount: int = 1) -> Self:
        """Takes ``amount`` from a counter that begins at 0; the new value."""
        return self._add(build.decr(name, amount))

    def decrby(self, name: Key, amount: int = 1) -> Self:
        """Takes ``amount`` from a counter that begins at 0; the new value."""
        return self._add(build.decrby(name, amount))

    def incrbyfloat(self, name: Key, amount: float = 1.0) -> Self:
        """Adds to a number that begins at 0; the new value."""
        return self._add(build.incrbyfloat(name, amount))

    def lcs(
        self,
        key1: Key,
        key2: Key,
        len: bool = False,
        idx: bool = False,
        minmatchlen: int = 0,
        withmatchlen: bool = False,
    ) -> Self:
        """The longest common subsequence of two values, its length, or where it is."""
        return self._add(build.lcs(key1, key2, len, idx, minmatchlen, withmatchlen))
