"""Keys of any type, and when they expire."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from . import shape
from .args import (
    Call,
    Key,
    Moment,
    S,
    Seconds,
    Value,
    at_ms,
    at_ms_exact,
    flags,
    flat,
    opt,
    to_ms,
)
from .args import ms as in_ms


def delete(*names: Key) -> Call[int]:
    """How many there were. In a cluster they may be in any slots."""
    return ("DEL", *names), None


def unlink(*names: Key) -> Call[int]:
    """As delete; their memory is freed later, by another thread of the server."""
    return ("UNLINK", *names), None


def exists(*names: Key) -> Call[int]:
    """How many of them there are."""
    return ("EXISTS", *names), None


def touch(*args: Key) -> Call[int]:
    """Marks keys as just used; how many there are."""
    return ("TOUCH", *args), None


def type(name: Key) -> Call[str]:
    """string, list, set, zset, hash, stream, or none."""
    return ("TYPE", name), shape.text


def keys(pattern: Value = "*") -> Call[list[S]]:
    """All keys that match. It stops the server while it looks: prefer scan_iter()."""
    return ("KEYS", pattern), None


def randomkey() -> Call[S | None]:
    """Some key."""
    return ("RANDOMKEY",), None


def rename(src: Key, dst: Key) -> Call[bool]:
    """Renames a key, over another one if need be."""
    return ("RENAME", src, dst), shape.ok


def renamenx(src: Key, dst: Key) -> Call[bool]:
    """Renames a key unless the new name is taken."""
    return ("RENAMENX", src, dst), shape.boolean


def copy(
    source: Key,
    destination: Key,
    destination_db: int | None = None,
    replace: bool = False,
) -> Call[bool]:
    """Copies a value to another key."""
    words = opt("DB", destination_db) + flags(replace=replace)
    return ("COPY", source, destination, *words), shape.boolean


def move(name: Key, db: int) -> Call[bool]:
    """Moves a key to another database."""
    return ("MOVE", name, db), shape.boolean


def dump(name: Key) -> Call[bytes | None]:
    """A value as the server writes it to its files; needs a client that does not
    decode."""
    return ("DUMP", name), None


def restore(
    name: Key,
    ttl: int,
    value: bytes,
    replace: bool = False,
    absttl: bool = False,
    idletime: int | None = None,
    frequency: int | None = None,
) -> Call[bool]:
    """Makes a key of what dump() gave, to live ``ttl`` milliseconds (0: for ever)."""
    words = flags(replace=replace, absttl=absttl)
    words += opt("IDLETIME", idletime) + opt("FREQ", frequency)
    return ("RESTORE", name, ttl, value, *words), shape.ok


def _when(nx: bool, xx: bool, gt: bool, lt: bool) -> tuple[Value, ...]:
    return flags(nx=nx, xx=xx, gt=gt, lt=lt)


def expire(
    name: Key,
    time: Seconds,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> Call[bool]:
    """Lets a key live ``time`` seconds from now; False when there is none. ``nx``: only
    if it would live for ever, ``xx``: only if not, ``gt`` and ``lt``: only to lengthen
    or to shorten its life."""
    amount, when = to_ms(time), _when(nx, xx, gt, lt)
    if amount % 1000:
        return ("PEXPIRE", name, amount, *when), shape.boolean
    return ("EXPIRE", name, amount // 1000, *when), shape.boolean


def pexpire(
    name: Key,
    time: int | timedelta,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> Call[bool]:
    """As expire, in milliseconds."""
    return ("PEXPIRE", name, in_ms(time), *_when(nx, xx, gt, lt)), shape.boolean


def expireat(
    name: Key,
    when: Moment,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> Call[bool]:
    """Lets a key live until a moment: a datetime, or seconds since 1970."""
    moment, flag = at_ms(when), _when(nx, xx, gt, lt)
    if moment % 1000:
        return ("PEXPIREAT", name, moment, *flag), shape.boolean
    return ("EXPIREAT", name, moment // 1000, *flag), shape.boolean


def pexpireat(
    name: Key,
    when: int | datetime,
    nx: bool = False,
    xx: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> Call[bool]:
    """As expireat, in milliseconds."""
    flag = _when(nx, xx, gt, lt)
    return ("PEXPIREAT", name, at_ms_exact(when), *flag), shape.boolean


def persist(name: Key) -> Call[bool]:
    """Lets a key live for ever."""
    return ("PERSIST", name), shape.boolean


def ttl(name: Key) -> Call[int]:
    """Seconds left; -1: for ever, -2: no such key."""
    return ("TTL", name), None


def pttl(name: Key) -> Call[int]:
    """Milliseconds left; -1: for ever, -2: no such key."""
    return ("PTTL", name), None


def expiretime(key: Key) -> Call[int]:
    """When it expires, in seconds since 1970; -1: never, -2: no such key."""
    return ("EXPIRETIME", key), None


def pexpiretime(key: Key) -> Call[int]:
    """When it expires, in milliseconds since 1970."""
    return ("PEXPIRETIME", key), None


def object_encoding(name: Key) -> Call[str | None]:
    """How the server keeps a value."""
    return ("OBJECT", "ENCODING", name), shape.maybe_text


def object_idletime(name: Key) -> Call[int | None]:
    """Seconds since a key was last used."""
    return ("OBJECT", "IDLETIME", name), None


def object_refcount(name: Key) -> Call[int | None]:
    """References to a value in the server."""
    return ("OBJECT", "REFCOUNT", name), None


def object_freq(name: Key) -> Call[int | None]:
    """How often a key is used, when the server evicts by that."""
    return ("OBJECT", "FREQ", name), None


def memory_usage(key: Key, samples: int | None = None) -> Call[int | None]:
    """Bytes that a key and its value take."""
    return ("MEMORY", "USAGE", key, *opt("SAMPLES", samples)), None


def scan(
    cursor: int = 0,
    match: Value | None = None,
    count: int | None = None,
    _type: str | None = None,
) -> Call[tuple[int, list[S]]]:
    """One step through the keys of one server: where to go on (0: no more), and some
    keys. scan_iter() does it all, and in a cluster all of it."""
    words = opt("MATCH", match) + opt("COUNT", count) + opt("TYPE", _type)
    return ("SCAN", cursor, *words), shape.cursor(shape.as_is)


def sort(
    name: Key,
    start: int | None = None,
    num: int | None = None,
    by: Value | None = None,
    get: Value | Iterable[Value] | None = None,
    desc: bool = False,
    alpha: bool = False,
    store: Key | None = None,
) -> Call[Any]:
    """The elements of a list, set or sorted set in order; stored with ``store``, which
    gives their number."""
    words = opt("BY", by)
    if start is not None and num is not None:
        words += ("LIMIT", start, num)
    for pattern in () if get is None else flat(get):
        words += ("GET", pattern)
    words += flags(desc=desc, alpha=alpha) + opt("STORE", store)
    return ("SORT", name, *words), None


def sort_ro(
    key: Key,
    start: int | None = None,
    num: int | None = None,
    by: Value | None = None,
    get: Value | Iterable[Value] | None = None,
    desc: bool = False,
    alpha: bool = False,
) -> Call[list[Any]]:
    """As sort, of any replica."""
    (_, *words), _ = sort(key, start, num, by, get, desc, alpha)
    return ("SORT_RO", *words), None
