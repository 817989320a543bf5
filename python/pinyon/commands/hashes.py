"""Hashes: fields and values under one key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from .._core import ArgumentError
from . import shape
from .args import (
    Args,
    Call,
    Key,
    Moment,
    S,
    Seconds,
    Value,
    at_ms,
    at_ms_exact,
    count_of,
    expiry,
    flags,
    flat,
    opt,
    pairs,
    to_ms,
)
from .args import ms as in_ms


def hset(
    name: Key,
    key: Value | None = None,
    value: Value | None = None,
    mapping: Mapping[Any, Value] | None = None,
    items: Iterable[Value] | None = None,
) -> Call[int]:
    """Sets a field, a ``mapping`` of fields, or ``items`` field, value, field ...; how
    many are new."""
    words: Args = () if items is None else flat(items)
    if key is not None and value is not None:
        words += (key, value)
    if mapping is not None:
        words += pairs(mapping)
    if not words:
        raise ArgumentError("hset: give key and value, mapping= or items=")
    return ("HSET", name, *words), None


def hsetnx(name: Key, key: Value, value: Value) -> Call[bool]:
    """Sets a field if it is not there yet."""
    return ("HSETNX", name, key, value), shape.boolean


def hmset(name: Key, mapping: Mapping[Any, Value]) -> Call[bool]:
    """Sets a mapping of fields; hset() tells how many are new."""
    return ("HMSET", name, *pairs(mapping)), shape.ok


def hget(name: Key, key: Value) -> Call[S | None]:
    """A field's value, or None."""
    return ("HGET", name, key), None


def hmget(
    name: Key, keys: Value | Iterable[Value], *args: Value
) -> Call[list[S | None]]:
    """The values of fields, in their order."""
    return ("HMGET", name, *flat(keys, args)), None


def hgetall(name: Key) -> Call[dict[S, S]]:
    """All fields; empty when there is no such key."""
    return ("HGETALL", name), shape.mapping


def hdel(name: Key, *keys: Value) -> Call[int]:
    """Deletes fields; how many there were."""
    return ("HDEL", name, *keys), None


def hexists(name: Key, key: Value) -> Call[bool]:
    """Whether there is such a field."""
    return ("HEXISTS", name, key), shape.boolean


def hincrby(name: Key, key: Value, amount: int = 1) -> Call[int]:
    """Adds to a field that begins at 0; the new value."""
    return ("HINCRBY", name, key, amount), None


def hincrbyfloat(name: Key, key: Value, amount: float = 1.0) -> Call[float]:
    """Adds to a field that begins at 0; the new value."""
    return ("HINCRBYFLOAT", name, key, amount), shape.number


def hkeys(name: Key) -> Call[list[S]]:
    """The names of all fields."""
    return ("HKEYS", name), None


def hvals(name: Key) -> Call[list[S]]:
    """The values of all fields."""
    return ("HVALS", name), None


def hlen(name: Key) -> Call[int]:
    """How many fields there are."""
    return ("HLEN", name), None


def hstrlen(name: Key, key: Value) -> Call[int]:
    """The length of a field's value in bytes."""
    return ("HSTRLEN", name, key), None


def hrandfield(
    key: Key, count: int | None = None, withvalues: bool = False
) -> Call[Any]:
    """Some field; ``count`` of them as a list, with values as (field, value)."""
    words = () if count is None else (count, *flags(withvalues=withvalues))
    pairs_too = count is not None and withvalues
    return ("HRANDFIELD", key, *words), shape.two_lists if pairs_too else None


def hscan(
    name: Key,
    cursor: int = 0,
    match: Value | None = None,
    count: int | None = None,
) -> Call[tuple[int, dict[S, S]]]:
    """One step through the fields; hscan_iter() does it all."""
    words = opt("MATCH", match) + opt("COUNT", count)
    return ("HSCAN", name, cursor, *words), shape.cursor(shape.mapping)


# ---- Fields that expire: Redis 7.4, Valkey 9 -------------------------------------


def _fields(fields: Args) -> Args:
    return ("FIELDS", *count_of(fields))


def hexpire(
    name: Key,
    seconds: Seconds,
    *fields: Value,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> Call[list[int]]:
    """Lets fields live so long; for each 1: done, 0: a condition forbade it, 2: gone at
    once, -2: no such field."""
    amount, when = to_ms(seconds), flags(nx=nx, xx=xx, gt=gt, lt=lt)
    if amount % 1000:
        return ("HPEXPIRE", name, amount, *when, *_fields(fields)), None
    return ("HEXPIRE", name, amount // 1000, *when, *_fields(fields)), None


def hpexpire(
    name: Key,
    milliseconds: int | timedelta,
    *fields: Value,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> Call[list[int]]:
    """As hexpire, in milliseconds."""
    when = flags(nx=nx, xx=xx, gt=gt, lt=lt)
    return ("HPEXPIRE", name, in_ms(milliseconds), *when, *_fields(fields)), None


def hexpireat(
    name: Key,
    unix_time_seconds: Moment,
    *fields: Value,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> Call[list[int]]:
    """Lets fields live until a moment; replies as of hexpire."""
    when = flags(nx=nx, xx=xx, gt=gt, lt=lt)
    moment = at_ms(unix_time_seconds)
    return ("HPEXPIREAT", name, moment, *when, *_fields(fields)), None


def hpexpireat(
    name: Key,
    unix_time_milliseconds: int | datetime,
    *fields: Value,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> Call[list[int]]:
    """As hexpireat, in milliseconds."""
    when = flags(nx=nx, xx=xx, gt=gt, lt=lt)
    moment = at_ms_exact(unix_time_milliseconds)
    return ("HPEXPIREAT", name, moment, *when, *_fields(fields)), None


def hpersist(name: Key, *fields: Value) -> Call[list[int]]:
    """Lets fields live for ever; for each 1: done, -1: it did already, -2: no field."""
    return ("HPERSIST", name, *_fields(fields)), None


def httl(key: Key, *fields: Value) -> Call[list[int]]:
    """Seconds left of fields; -1: for ever, -2: no such field."""
    return ("HTTL", key, *_fields(fields)), None


def hpttl(key: Key, *fields: Value) -> Call[list[int]]:
    """Milliseconds left of fields; -1: for ever, -2: no such field."""
    return ("HPTTL", key, *_fields(fields)), None


def hexpiretime(key: Key, *fields: Value) -> Call[list[int]]:
    """When fields expire, in seconds since 1970."""
    return ("HEXPIRETIME", key, *_fields(fields)), None


def hgetex(
    key: Key,
    *fields: Value,
    ex: Seconds | None = None,
    px: int | timedelta | None = None,
    exat: Moment | None = None,
    pxat: int | datetime | None = None,
    persist: bool = False,
) -> Call[list[S | None]]:
    """The values of fields, whose time to live is set anew (Redis 8, Valkey 9)."""
    until = expiry(ex, px, exat, pxat, persist=persist)
    return ("HGETEX", key, *until, *_fields(fields)), None


def hsetex(
    name: Key,
    mapping: Mapping[Any, Value],
    ex: Seconds | None = None,
    px: int | timedelta | None = None,
    exat: Moment | None = None,
    pxat: int | datetime | None = None,
    keepttl: bool = False,
    fnx: bool = False,
    fxx: bool = False,
) -> Call[bool]:
    """Sets fields with a time to live (Redis 8, Valkey 9). ``fnx``: only if none of
    them is there; ``fxx``: only if all are."""
    until = flags(fnx=fnx, fxx=fxx) + expiry(ex, px, exat, pxat, keepttl=keepttl)
    words = ("FIELDS", len(mapping), *pairs(mapping))
    return ("HSETEX", name, *until, *words), shape.boolean
