"""Lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import shape
from .args import Call, Key, S, Value, flat, opt


def lpush(name: Key, *values: Value) -> Call[int]:
    """Adds to the left end; the new length."""
    return ("LPUSH", name, *values), None


def rpush(name: Key, *values: Value) -> Call[int]:
    """Adds to the right end; the new length."""
    return ("RPUSH", name, *values), None


def lpushx(name: Key, *values: Value) -> Call[int]:
    """Adds to the left end of a list that is there."""
    return ("LPUSHX", name, *values), None


def rpushx(name: Key, *values: Value) -> Call[int]:
    """Adds to the right end of a list that is there."""
    return ("RPUSHX", name, *values), None


def lpop(name: Key, count: int | None = None) -> Call[Any]:
    """Takes the leftmost, or a list of ``count``; None when there is none."""
    return ("LPOP", name, *(() if count is None else (count,))), None


def rpop(name: Key, count: int | None = None) -> Call[Any]:
    """Takes the rightmost, or a list of ``count``; None when there is none."""
    return ("RPOP", name, *(() if count is None else (count,))), None


def llen(name: Key) -> Call[int]:
    """The length; 0 when there is no such key."""
    return ("LLEN", name), None


def lrange(name: Key, start: int, end: int) -> Call[list[S]]:
    """From ``start`` to ``end``, both included; negative from the end."""
    return ("LRANGE", name, start, end), None


def lindex(name: Key, index: int) -> Call[S | None]:
    """The element at ``index``."""
    return ("LINDEX", name, index), None


def lset(name: Key, index: int, value: Value) -> Call[bool]:
    """Sets the element at ``index``."""
    return ("LSET", name, index, value), shape.ok


def linsert(name: Key, where: str, refvalue: Value, value: Value) -> Call[int]:
    """Adds BEFORE or AFTER an element; the new length, -1: no such element."""
    return ("LINSERT", name, where, refvalue, value), None


def lrem(name: Key, count: int, value: Value) -> Call[int]:
    """Removes ``count`` equal to ``value``: from the left, negative from the right, 0
    all; how many."""
    return ("LREM", name, count, value), None


def ltrim(name: Key, start: int, end: int) -> Call[bool]:
    """Keeps only what is from ``start`` to ``end``."""
    return ("LTRIM", name, start, end), shape.ok


def lpos(
    name: Key,
    value: Value,
    rank: int | None = None,
    count: int | None = None,
    maxlen: int | None = None,
) -> Call[Any]:
    """Where ``value`` is, or with ``count`` a list of where."""
    words = opt("RANK", rank) + opt("COUNT", count) + opt("MAXLEN", maxlen)
    return ("LPOS", name, value, *words), None


def lmove(
    first_list: Key, second_list: Key, src: str = "LEFT", dest: str = "RIGHT"
) -> Call[S | None]:
    """Moves an element from an end of one list to an end of another."""
    return ("LMOVE", first_list, second_list, src, dest), None


def rpoplpush(src: Key, dst: Key) -> Call[S | None]:
    """Moves an element from the right end of one list to the left end of another."""
    return ("RPOPLPUSH", src, dst), None


def lmpop(
    num_keys: int, *args: Key, direction: str, count: int | None = 1
) -> Call[tuple[S, list[S]] | None]:
    """Takes up to ``count`` from the first list that has any: (key, elements)."""
    words = (num_keys, *args, direction, *opt("COUNT", count))
    return ("LMPOP", *words), shape.pair


# ---- Those that wait: up to TIMEOUT seconds, 0 for ever ---------------------------


def blpop(keys: Key | Iterable[Key], timeout: float = 0) -> Call[tuple[S, S] | None]:
    """Waits for the leftmost of the first list that has any: (key, element)."""
    return ("BLPOP", *flat(keys), timeout), shape.pair


def brpop(keys: Key | Iterable[Key], timeout: float = 0) -> Call[tuple[S, S] | None]:
    """Waits for the rightmost of the first list that has any: (key, element)."""
    return ("BRPOP", *flat(keys), timeout), shape.pair


def blmove(
    first_list: Key,
    second_list: Key,
    timeout: float,
    src: str = "LEFT",
    dest: str = "RIGHT",
) -> Call[S | None]:
    """As lmove, waiting for an element."""
    return ("BLMOVE", first_list, second_list, src, dest, timeout), None


def brpoplpush(src: Key, dst: Key, timeout: float = 0) -> Call[S | None]:
    """As rpoplpush, waiting for an element."""
    return ("BRPOPLPUSH", src, dst, timeout), None


def blmpop(
    timeout: float, numkeys: int, *args: Key, direction: str, count: int | None = 1
) -> Call[tuple[S, list[S]] | None]:
    """As lmpop, waiting for an element."""
    words = (numkeys, *args, direction, *opt("COUNT", count))
    return ("BLMPOP", timeout, *words), shape.pair
