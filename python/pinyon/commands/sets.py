"""Sets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import shape
from .args import Call, Key, S, Value, flat, opt


def sadd(name: Key, *values: Value) -> Call[int]:
    """Adds members; how many are new."""
    return ("SADD", name, *values), None


def srem(name: Key, *values: Value) -> Call[int]:
    """Removes members; how many there were."""
    return ("SREM", name, *values), None


def smembers(name: Key) -> Call[set[S]]:
    """All members."""
    return ("SMEMBERS", name), shape.members


def sismember(name: Key, value: Value) -> Call[bool]:
    """Whether it is a member."""
    return ("SISMEMBER", name, value), shape.boolean


def smismember(
    name: Key, values: Value | Iterable[Value], *args: Value
) -> Call[list[bool]]:
    """Whether each is a member."""
    return ("SMISMEMBER", name, *flat(values, args)), shape.booleans


def scard(name: Key) -> Call[int]:
    """How many members there are."""
    return ("SCARD", name), None


def spop(name: Key, count: int | None = None) -> Call[Any]:
    """Takes some member, or a set of up to ``count``."""
    words = () if count is None else (count,)
    return ("SPOP", name, *words), None if count is None else shape.members


def srandmember(name: Key, number: int | None = None) -> Call[Any]:
    """Some member, or a list of ``number``; negative: with repetitions."""
    return ("SRANDMEMBER", name, *(() if number is None else (number,))), None


def smove(src: Key, dst: Key, value: Value) -> Call[bool]:
    """Moves a member to another set."""
    return ("SMOVE", src, dst, value), shape.boolean


def sdiff(keys: Key | Iterable[Key], *args: Key) -> Call[set[S]]:
    """What is in the first and in none of the others."""
    return ("SDIFF", *flat(keys, args)), shape.members


def sinter(keys: Key | Iterable[Key], *args: Key) -> Call[set[S]]:
    """What is in all of them."""
    return ("SINTER", *flat(keys, args)), shape.members


def sunion(keys: Key | Iterable[Key], *args: Key) -> Call[set[S]]:
    """What is in any of them."""
    return ("SUNION", *flat(keys, args)), shape.members


def sdiffstore(dest: Key, keys: Key | Iterable[Key], *args: Key) -> Call[int]:
    """Stores the difference; how many members it has."""
    return ("SDIFFSTORE", dest, *flat(keys, args)), None


def sinterstore(dest: Key, keys: Key | Iterable[Key], *args: Key) -> Call[int]:
    """Stores the intersection; how many members it has."""
    return ("SINTERSTORE", dest, *flat(keys, args)), None


def sunionstore(dest: Key, keys: Key | Iterable[Key], *args: Key) -> Call[int]:
    """Stores the union; how many members it has."""
    return ("SUNIONSTORE", dest, *flat(keys, args)), None


def sintercard(numkeys: int, keys: Key | Iterable[Key], limit: int = 0) -> Call[int]:
    """How many members are in all of them; stops counting at ``limit``."""
    return ("SINTERCARD", numkeys, *flat(keys), *opt("LIMIT", limit or None)), None


def sscan(
    name: Key,
    cursor: int = 0,
    match: Value | None = None,
    count: int | None = None,
) -> Call[tuple[int, list[S]]]:
    """One step through the members; sscan_iter() does it all."""
    words = opt("MATCH", match) + opt("COUNT", count)
    return ("SSCAN", name, cursor, *words), shape.cursor(shape.as_is)
