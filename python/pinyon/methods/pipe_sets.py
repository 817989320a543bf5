"""Sets.

Written by tools/methods.py from commands/sets.py: change that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from ..commands import sets as build
from ..commands.args import Key, Value
from ._base import Adder


class PipeSets(Adder):
    def sadd(self, name: Key, *values: Value) -> Self:
        """Adds members; how many are new."""
        return self._add(build.sadd(name, *values))

    def srem(self, name: Key, *values: Value) -> Self:
        """Removes members; how many there were."""
        return self._add(build.srem(name, *values))

    def smembers(self, name: Key) -> Self:
        """All members."""
        return self._add(build.smembers(name))

    def sismember(self, name: Key, value: Value) -> Self:
        """Whether it is a member."""
        return self._add(build.sismember(name, value))

    def smismember(
        self, name: Key, values: Value | Iterable[Value], *args: Value
    ) -> Self:
        """Whether each is a member."""
        return self._add(build.smismember(name, values, *args))

    def scard(self, name: Key) -> Self:
        """How many members there are."""
        return self._add(build.scard(name))

    def spop(self, name: Key, count: int | None = None) -> Self:
        """Takes some member, or a set of up to ``count``."""
        return self._add(build.spop(name, count))

    def srandmember(self, name: Key, number: int | None = None) -> Self:
        """Some member, or a list of ``number``; negative: with repetitions."""
        return self._add(build.srandmember(name, number))

    def smove(self, src: Key, dst: Key, value: Value) -> Self:
        """Moves a member to another set."""
        return self._add(build.smove(src, dst, value))

    def sdiff(self, keys: Key | Iterable[Key], *args: Key) -> Self:
        """What is in the first and in none of the others."""
        return self._add(build.sdiff(keys, *args))

    def sinter(self, keys: Key | Iterable[Key], *args: Key) -> Self:
        """What is in all of them."""
        return self._add(build.sinter(keys, *args))

    def sunion(self, keys: Key | Iterable[Key], *args: Key) -> Self:
        """What is in any of them."""
        return self._add(build.sunion(keys, *args))

    def sdiffstore(self, dest: Key, keys: Key | Iterable[Key], *args: Key) -> Self:
        """Stores the difference; how many members it has."""
        return self._add(build.sdiffstore(dest, keys, *args))

    def sinterstore(self, dest: Key, keys: Key | Iterable[Key], *args: Key) -> Self:
        """Stores the intersection; how many members it has."""
        return self._add(build.sinterstore(dest, keys, *args))

    def sunionstore(self, dest: Key, keys: Key | Iterable[Key], *args: Key) -> Self:
        """Stores the union; how many members it has."""
        return self._add(build.sunionstore(dest, keys, *args))

    def sintercard(
        self, numkeys: int, keys: Key | Iterable[Key], limit: int = 0
    ) -> Self:
        """How many members are in all of them; stops counting at ``limit``."""
        return self._add(build.sintercard(numkeys, keys, limit))

    def sscan(
        self,
        name: Key,
        cursor: int = 0,
        match: Value | None = None,
        count: int | None = None,
    ) -> Self:
        """One step through the members; sscan_iter() does it all."""
        return self._add(build.sscan(name, cursor, match, count))
