"""Bits of strings, and counts of distinct things.

Written by tools/methods.py from commands/bits.py: change that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable

from ..commands import bits as build
from ..commands.args import Key, Value
from ._base import Caller, S


class Bits(Caller[S]):
    def setbit(self, name: Key, offset: int, value: int) -> int:
        """Sets a bit; what it was."""
        return self._call(build.setbit(name, offset, value))

    def asetbit(self, name: Key, offset: int, value: int) -> Awaitable[int]:
        """:meth:`setbit` for asyncio."""
        return self._acall(build.setbit(name, offset, value))

    def getbit(self, name: Key, offset: int) -> int:
        """A bit."""
        return self._call(build.getbit(name, offset))

    def agetbit(self, name: Key, offset: int) -> Awaitable[int]:
        """:meth:`getbit` for asyncio."""
        return self._acall(build.getbit(name, offset))

    def bitcount(
        self,
        key: Key,
        start: int | None = None,
        end: int | None = None,
        mode: str | None = None,
    ) -> int:
        """How many bits are 1; ``mode`` BYTE or BIT says what start and end count."""
        return self._call(build.bitcount(key, start, end, mode))

    def abitcount(
        self,
        key: Key,
        start: int | None = None,
        end: int | None = None,
        mode: str | None = None,
    ) -> Awaitable[int]:
        """:meth:`bitcount` for asyncio."""
        return self._acall(build.bitcount(key, start, end, mode))

    def bitpos(
        self,
        key: Key,
        bit: int,
        start: int | None = None,
        end: int | None = None,
        mode: str | None = None,
    ) -> int:
        """Where the first bit of this value is; -1: nowhere."""
        return self._call(build.bitpos(key, bit, start, end, mode))

    def abitpos(
        self,
        key: Key,
        bit: int,
        start: int | None = None,
        end: int | None = None,
        mode: str | None = None,
    ) -> Awaitable[int]:
        """:meth:`bitpos` for asyncio."""
        return self._acall(build.bitpos(key, bit, start, end, mode))

    def bitop(self, operation: str, dest: Key, *keys: Key) -> int:
        """AND, OR, XOR or NOT of values, stored at ``dest``; its length."""
        return self._call(build.bitop(operation, dest, *keys))

    def abitop(self, operation: str, dest: Key, *keys: Key) -> Awaitable[int]:
        """:meth:`bitop` for asyncio."""
        return self._acall(build.bitop(operation, dest, *keys))

    def bitfield(
        self, key: Key, operations: Iterable[Iterable[Value]]
    ) -> list[int | None]:
        """Integers of any width in a string: operations such as ``("SET", "u8", 0,
        255)``, ``("INCRBY", "i5", "#1", 1)``, ``("OVERFLOW", "SAT")``."""
        return self._call(build.bitfield(key, operations))

    def abitfield(
        self, key: Key, operations: Iterable[Iterable[Value]]
    ) -> Awaitable[list[int | None]]:
        """:meth:`bitfield` for asyncio."""
        return self._acall(build.bitfield(key, operations))

    def bitfield_ro(
        self, key: Key, operations: Iterable[Iterable[Value]]
    ) -> list[int | None]:
        """Integers of any width in a string: operations such as ``("GET", "u8",
        0)``."""
        return self._call(build.bitfield_ro(key, operations))

    def abitfield_ro(
        self, key: Key, operations: Iterable[Iterable[Value]]
    ) -> Awaitable[list[int | None]]:
        """:meth:`bitfield_ro` for asyncio."""
        return self._acall(build.bitfield_ro(key, operations))

    def pfadd(self, name: Key, *values: Value) -> bool:
        """Counts values into a HyperLogLog; False when they change nothing."""
        return self._call(build.pfadd(name, *values))

    def apfadd(self, name: Key, *values: Value) -> Awaitable[bool]:
        """:meth:`pfadd` for asyncio."""
        return self._acall(build.pfadd(name, *values))

    def pfcount(self, *sources: Key) -> int:
        """About how many distinct values were added."""
        return self._call(build.pfcount(*sources))

    def apfcount(self, *sources: Key) -> Awaitable[int]:
        """:meth:`pfcount` for asyncio."""
        return self._acall(build.pfcount(*sources))

    def pfmerge(self, dest: Key, *sources: Key) -> bool:
        """Brings several together."""
        return self._call(build.pfmerge(dest, *sources))

    def apfmerge(self, dest: Key, *sources: Key) -> Awaitable[bool]:
        """:meth:`pfmerge` for asyncio."""
        return self._acall(build.pfmerge(dest, *sources))
