"""Bits of strings, and counts of distinct things."""

from __future__ import annotations

from collections.abc import Iterable

from . import shape
from .args import Call, Key, Value


def _word(value: Value | None) -> tuple[Value, ...]:
    return () if value is None else (value,)


def setbit(name: Key, offset: int, value: int) -> Call[int]:
    """Sets a bit; what it was."""
    return ("SETBIT", name, offset, 1 if value else 0), None


def getbit(name: Key, offset: int) -> Call[int]:
    """A bit."""
    return ("GETBIT", name, offset), None


def bitcount(
    key: Key,
    start: int | None = None,
    end: int | None = None,
    mode: str | None = None,
) -> Call[int]:
    """How many bits are 1; ``mode`` BYTE or BIT says what start and end count."""
    words = () if start is None or end is None else (start, end, *_word(mode))
    return ("BITCOUNT", key, *words), None


def bitpos(
    key: Key,
    bit: int,
    start: int | None = None,
    end: int | None = None,
    mode: str | None = None,
) -> Call[int]:
    """Where the first bit of this value is; -1: nowhere."""
    words = _word(start)
    words += _word(end) + _word(mode) if start is not None else ()
    return ("BITPOS", key, bit, *words), None


def bitop(operation: str, dest: Key, *keys: Key) -> Call[int]:
    """AND, OR, XOR or NOT of values, stored at ``dest``; its length."""
    return ("BITOP", operation, dest, *keys), None


def bitfield(key: Key, operations: Iterable[Iterable[Value]]) -> Call[list[int | None]]:
    """Integers of any width in a string: operations such as ``("SET", "u8", 0, 255)``,
    ``("INCRBY", "i5", "#1", 1)``, ``("OVERFLOW", "SAT")``."""
    return ("BITFIELD", key, *(w for op in operations for w in op)), None


def bitfield_ro(
    key: Key, operations: Iterable[Iterable[Value]]
) -> Call[list[int | None]]:
    """Integers of any width in a string: operations such as ``("GET", "u8", 0)``."""
    return ("BITFIELD_RO", key, *(w for op in operations for w in op)), None


def pfadd(name: Key, *values: Value) -> Call[bool]:
    """Counts values into a HyperLogLog; False when they change nothing."""
    return ("PFADD", name, *values), shape.boolean


def pfcount(*sources: Key) -> Call[int]:
    """About how many distinct values were added."""
    return ("PFCOUNT", *sources), None


def pfmerge(dest: Key, *sources: Key) -> Call[bool]:
    """Brings several together."""
    return ("PFMERGE", dest, *sources), shape.ok
