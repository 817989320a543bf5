"""Bits of strings, and counts of distinct things.

Written by tools/methods.py from commands/bits.py: change that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from ..commands import bits as build
from ..commands.args import Key, Value
from ._base import Adder


class PipeBits(Adder):
    def setbit(self, name: Key, offset: int, value: int) -> Self:
        """Sets a bit; what it was."""
        return self._add(build.setbit(name, offset, value))

    def getbit(self, name: Key, offset: int) -> Self:
        """A bit."""
        return self._add(build.getbit(name, offset))

    def bitcount(
        self,
        key: Key,
        start: int | None = None,
        end: int | None = None,
        mode: str | None = None,
    ) -> Self:
        """How many bits are 1; ``mode`` BYTE or BIT says what start and end count."""
        return self._add(build.bitcount(key, start, end, mode))

    def bitpos(
        self,
        key: Key,
        bit: int,
        start: int | None = None,
        end: int | None = None,
        mode: str | None = None,
    ) -> Self:
        """Where the first bit of this value is; -1: nowhere."""
        return self._add(build.bitpos(key, bit, start, end, mode))

    def bitop(self, operation: str, dest: Key, *keys: Key) -> Self:
        """AND, OR, XOR or NOT of values, stored at ``dest``; its length."""
        return self._add(build.bitop(operation, dest, *keys))

    def bitfield(self, key: Key, operations: Iterable[Iterable[Value]]) -> Self:
        """Integers of any width in a string: operations such as ``("SET", "u8", 0,
        255)``, ``("INCRBY", "i5", "#1", 1)``, ``("OVERFLOW", "SAT")``."""
        return self._add(build.bitfield(key, operations))

    def bitfield_ro(self, key: Key, operations: Iterable[Iterable[Value]]) -> Self:
        """Integers of any width in a string: operations such as ``("GET", "u8",
        0)``."""
        return self._add(build.bitfield_ro(key, operations))

    def pfadd(self, name: Key, *values: Value) -> Self:
        """Counts values into a HyperLogLog; False when they change nothing."""
        return self._add(build.pfadd(name, *values))

    def pfcount(self, *sources: Key) -> Self:
        """About how many distinct values were added."""
        return self._add(build.pfcount(*sources))

    def pfmerge(self, dest: Key, *sources: Key) -> Self:
        """Brings several together."""
        return self._add(build.pfmerge(dest, *sources))
