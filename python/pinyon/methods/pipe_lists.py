"""Lists.

Written by tools/methods.py from commands/lists.py: change that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from ..commands import lists as build
from ..commands.args import Key, Value
from ._base import Adder


class PipeLists(Adder):
    def lpush(self, name: Key, *values: Value) -> Self:
        """Adds to the left end; the new length."""
        return self._add(build.lpush(name, *values))

    def rpush(self, name: Key, *values: Value) -> Self:
        """Adds to the right end; the new length."""
        return self._add(build.rpush(name, *values))

    def lpushx(self, name: Key, *values: Value) -> Self:
        """Adds to the left end of a list that is there."""
        return self._add(build.lpushx(name, *values))

    def rpushx(self, name: Key, *values: Value) -> Self:
        """Adds to the right end of a list that is there."""
        return self._add(build.rpushx(name, *values))

    def lpop(self, name: Key, count: int | None = None) -> Self:
        """Takes the leftmost, or a list of ``count``; None when there is none."""
        return self._add(build.lpop(name, count))

    def rpop(self, name: Key, count: int | None = None) -> Self:
        """Takes the rightmost, or a list of ``count``; None when there is none."""
        return self._add(build.rpop(name, count))

    def llen(self, name: Key) -> Self:
        """The length; 0 when there is no such key."""
        return self._add(build.llen(name))

    def lrange(self, name: Key, start: int, end: int) -> Self:
        """From ``start`` to ``end``, both included; negative from the end."""
        return self._add(build.lrange(name, start, end))

    def lindex(self, name: Key, index: int) -> Self:
        """The element at ``index``."""
        return self._add(build.lindex(name, index))

    def lset(self, name: Key, index: int, value: Value) -> Self:
        """Sets the element at ``index``."""
        return self._add(build.lset(name, index, value))

    def linsert(self, name: Key, where: str, refvalue: Value, value: Value) -> Self:
        """Adds BEFORE or AFTER an element; the new length, -1: no such element."""
        return self._add(build.linsert(name, where, refvalue, value))

    def lrem(self, name: Key, count: int, value: Value) -> Self:
        """Removes ``count`` equal to ``value``: from the left, negative from the
        right, 0 all; how many."""
        return self._add(build.lrem(name, count, value))

    def ltrim(self, name: Key, start: int, end: int) -> Self:
        """Keeps only what is from ``start`` to ``end``."""
        return self._add(build.ltrim(name, start, end))

    def lpos(
        self,
        name: Key,
        value: Value,
        rank: int | None = None,
        count: int | None = None,
        maxlen: int | None = None,
    ) -> Self:
        """Where ``value`` is, or with ``count`` a list of where."""
        return self._add(build.lpos(name, value, rank, count, maxlen))

    def lmove(
        self, first_list: Key, second_list: Key, src: str = "LEFT", dest: str = "RIGHT"
    ) -> Self:
        """Moves an element from an end of one list to an end of another."""
        return self._add(build.lmove(first_list, second_list, src, dest))

    def rpoplpush(self, src: Key, dst: Key) -> Self:
        """Moves an element from the right end of one list to the left end of
        another."""
        return self._add(build.rpoplpush(src, dst))

    def lmpop(
        self, num_keys: int, *args: Key, direction: str, count: int | None = 1
    ) -> Self:
        """Takes up to ``count`` from the first list that has any: (key, elements)."""
        return self._add(build.lmpop(num_keys, *args, direction=direction, count=count))

    def blpop(self, keys: Key | Iterable[Key], timeout: float = 0) -> Self:
        """Waits for the leftmost of the first list that has any: (key, element)."""
        return self._add(build.blpop(keys, timeout))

    def brpop(self, keys: Key | Iterable[Key], timeout: float = 0) -> Self:
        """Waits for the rightmost of the first list that has any: (key, element)."""
        return self._add(build.brpop(keys, timeout))

    def blmove(
        self,
        first_list: Key,
        second_list: Key,
        timeout: float,
        src: str = "LEFT",
        dest: str = "RIGHT",
    ) -> Self:
        """As lmove, waiting for an element."""
        return self._add(build.blmove(first_list, second_list, timeout, src, dest))

    def brpoplpush(self, src: Key, dst: Key, timeout: float = 0) -> Self:
        """As rpoplpush, waiting for an element."""
        return self._add(build.brpoplpush(src, dst, timeout))

    def blmpop(
        self,
        timeout: float,
        numkeys: int,
        *args: Key,
        direction: str,
        count: int | None = 1,
    ) -> Self:
        """As lmpop, waiting for an element."""
        return self._add(
            build.blmpop(timeout, numkeys, *args, direction=direction, count=count)
        )
