"""Strings and counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from . import shape
from .args import Call, Key, Moment, S, Seconds, Value, expiry, flags, flat, one_of, opt
from .args import pairs as pairs_of


def get(key: Key) -> Call[S | None]:
    """The value, or None."""
    return ("GET", key), None


def set(
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
) -> Call[Any]:
    """Sets a value: True, or None when ``nx``, ``xx`` or ``ifeq`` forbade it.

    ``ex`` seconds or ``px`` milliseconds to live, or until ``exat`` or ``pxat``;
    ``keepttl`` leaves that as it is. ``nx``: only when there is none yet; ``xx``: only
    when there is one; ``ifeq``: only when it is this (Valkey 8.1, Redis 8.4). ``get``:
    the reply is what was there before."""
    words: tuple[Value, ...] = ()
    if nx or xx or get or ifeq is not None:
        one_of(nx=nx, xx=xx, ifeq=ifeq)
        words = flags(nx=nx, xx=xx) + opt("IFEQ", ifeq) + flags(get=get)
    if keepttl or not (ex is px is exat is pxat is None):
        words += expiry(ex, px, exat, pxat, keepttl=keepttl)
    return ("SET", name, value, *words), None if get else shape.ok_or_none


def setex(name: Key, time: int | timedelta, value: Value) -> Call[bool]:
    """Sets a value to live ``time`` seconds."""
    seconds = int(time.total_seconds()) if isinstance(time, timedelta) else time
    return ("SETEX", name, seconds, value), shape.ok


def psetex(name: Key, time_ms: int | timedelta, value: Value) -> Call[bool]:
    """Sets a value to live ``time_ms`` milliseconds."""
    return ("PSETEX", name, expiry(px=time_ms)[1], value), shape.ok


def setnx(name: Key, value: Value) -> Call[bool]:
    """Sets a value if there is none yet."""
    return ("SETNX", name, value), shape.boolean


def getset(name: Key, value: Value) -> Call[S | None]:
    """Sets a value; what was there before."""
    return ("GETSET", name, value), None


def getdel(name: Key) -> Call[S | None]:
    """The value, which is deleted."""
    return ("GETDEL", name), None


def getex(
    name: Key,
    ex: Seconds | None = None,
    px: int | timedelta | None = None,
    exat: Moment | None = None,
    pxat: int | datetime | None = None,
    persist: bool = False,
) -> Call[S | None]:
    """The value, whose time to live is set anew, or with ``persist`` taken away."""
    return ("GETEX", name, *expiry(ex, px, exat, pxat, persist=persist)), None


def mget(keys: Key | Iterable[Key], *args: Key) -> Call[list[S | None]]:
    """The values in the order of the keys, None for what is not there. In a cluster
    the keys may be in any slots."""
    return ("MGET", *flat(keys, args)), None


def mset(mapping: Mapping[Any, Value]) -> Call[bool]:
    """Sets many values. In a cluster they may be in any slots; those of one slot are
    set at once."""
    return ("MSET", *pairs_of(mapping)), shape.ok


def msetnx(mapping: Mapping[Any, Value]) -> Call[bool]:
    """Sets all of them, or none if one is there already."""
    return ("MSETNX", *pairs_of(mapping)), shape.boolean


def append(key: Key, value: Value) -> Call[int]:
    """Adds to the end; the new length."""
    return ("APPEND", key, value), None


def strlen(name: Key) -> Call[int]:
    """The value's length in bytes."""
    return ("STRLEN", name), None


def getrange(key: Key, start: int, end: int) -> Call[S]:
    """Bytes ``start`` to ``end``, both included; negative from the end."""
    return ("GETRANGE", key, start, end), None


def setrange(name: Key, offset: int, value: Value) -> Call[int]:
    """Overwrites from ``offset`` on; the new length."""
    return ("SETRANGE", name, offset, value), None


def incr(name: Key, amount: int = 1) -> Call[int]:
    """Adds ``amount`` to a counter that begins at 0; the new value."""
    return ("INCRBY", name, amount), None


def incrby(name: Key, amount: int = 1) -> Call[int]:
    """Adds ``amount`` to a counter that begins at 0; the new value."""
    return ("INCRBY", name, amount), None


def decr(name: Key, amount: int = 1) -> Call[int]:
    """Takes ``amount`` from a counter that begins at 0; the new value."""
    return ("DECRBY", name, amount), None


def decrby(name: Key, amount: int = 1) -> Call[int]:
    """Takes ``amount`` from a counter that begins at 0; the new value."""
    return ("DECRBY", name, amount), None


def incrbyfloat(name: Key, amount: float = 1.0) -> Call[float]:
    """Adds to a number that begins at 0; the new value."""
    return ("INCRBYFLOAT", name, amount), shape.number


def lcs(
    key1: Key,
    key2: Key,
    len: bool = False,
    idx: bool = False,
    minmatchlen: int = 0,
    withmatchlen: bool = False,
) -> Call[Any]:
    """The longest common subsequence of two values, its length, or where it is."""
    words = flags(len=len, idx=idx) + opt("MINMATCHLEN", minmatchlen or None)
    words += flags(withmatchlen=withmatchlen)
    return ("LCS", key1, key2, *words), shape.record if idx else None
