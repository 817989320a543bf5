"""Lists.

Written by tools/methods.py from commands/lists.py: change that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Any

from ..commands import lists as build
from ..commands.args import Key, Value
from ._base import Caller, S


class Lists(Caller[S]):
    def lpush(self, name: Key, *values: Value) -> int:
        """Adds to the left end; the new length."""
        return self._call(build.lpush(name, *values))

    def alpush(self, name: Key, *values: Value) -> Awaitable[int]:
        """:meth:`lpush` for asyncio."""
        return self._acall(build.lpush(name, *values))

    def rpush(self, name: Key, *values: Value) -> int:
        """Adds to the right end; the new length."""
        return self._call(build.rpush(name, *values))

    def arpush(self, name: Key, *values: Value) -> Awaitable[int]:
        """:meth:`rpush` for asyncio."""
        return self._acall(build.rpush(name, *values))

    def lpushx(self, name: Key, *values: Value) -> int:
        """Adds to the left end of a list that is there."""
        return self._call(build.lpushx(name, *values))

    def alpushx(self, name: Key, *values: Value) -> Awaitable[int]:
        """:meth:`lpushx` for asyncio."""
        return self._acall(build.lpushx(name, *values))

    def rpushx(self, name: Key, *values: Value) -> int:
        """Adds to the right end of a list that is there."""
        return self._call(build.rpushx(name, *values))

    def arpushx(self, name: Key, *values: Value) -> Awaitable[int]:
        """:meth:`rpushx` for asyncio."""
        return self._acall(build.rpushx(name, *values))

    def lpop(self, name: Key, count: int | None = None) -> Any:
        """Takes the leftmost, or a list of ``count``; None when there is none."""
        return self._call(build.lpop(name, count))

    def alpop(self, name: Key, count: int | None = None) -> Awaitable[Any]:
        """:meth:`lpop` for asyncio."""
        return self._acall(build.lpop(name, count))

    def rpop(self, name: Key, count: int | None = None) -> Any:
        """Takes the rightmost, or a list of ``count``; None when there is none."""
        return self._call(build.rpop(name, count))

    def arpop(self, name: Key, count: int | None = None) -> Awaitable[Any]:
        """:meth:`rpop` for asyncio."""
        return self._acall(build.rpop(name, count))

    def llen(self, name: Key) -> int:
        """The length; 0 when there is no such key."""
        return self._call(build.llen(name))

    def allen(self, name: Key) -> Awaitable[int]:
        """:meth:`llen` for asyncio."""
        return self._acall(build.llen(name))

    def lrange(self, name: Key, start: int, end: int) -> list[S]:
        """From ``start`` to ``end``, both included; negative from the end."""
        return self._call(build.lrange(name, start, end))

    def alrange(self, name: Key, start: int, end: int) -> Awaitable[list[S]]:
        """:meth:`lrange` for asyncio."""
        return self._acall(build.lrange(name, start, end))

    def lindex(self, name: Key, index: int) -> S | None:
        """The element at ``index``."""
        return self._call(build.lindex(name, index))

    def alindex(self, name: Key, index: int) -> Awaitable[S | None]:
        """:meth:`lindex` for asyncio."""
        return self._acall(build.lindex(name, index))

    def lset(self, name: Key, index: int, value: Value) -> bool:
        """Sets the element at ``index``."""
        return self._call(build.lset(name, index, value))

    def alset(self, name: Key, index: int, value: Value) -> Awaitable[bool]:
        """:meth:`lset` for asyncio."""
        return self._acall(build.lset(name, index, value))

    def linsert(self, name: Key, where: str, refvalue: Value, value: Value) -> int:
        """Adds BEFORE or AFTER an element; the new length, -1: no such element."""
        return self._call(build.linsert(name, where, refvalue, value))

    def alinsert(
        self, name: Key, where: str, refvalue: Value, value: Value
    ) -> Awaitable[int]:
        """:meth:`linsert` for asyncio."""
        return self._acall(build.linsert(name, where, refvalue, value))

    def lrem(self, name: Key, count: int, value: Value) -> int:
        """Removes ``count`` equal to ``value``: from the left, negative from the
        right, 0 all; how many."""
        return self._call(build.lrem(name, count, value))

    def alrem(self, name: Key, count: int, value: Value) -> Awaitable[int]:
        """:meth:`lrem` for asyncio."""
        return self._acall(build.lrem(name, count, value))

    def ltrim(self, name: Key, start: int, end: int) -> bool:
        """Keeps only what is from ``start`` to ``end``."""
        return self._call(build.ltrim(name, start, end))

    def altrim(self, name: Key, start: int, end: int) -> Awaitable[bool]:
        """:meth:`ltrim` for asyncio."""
        return self._acall(build.ltrim(name, start, end))

    def lpos(
        self,
        name: Key,
        value: Value,
        rank: int | None = None,
        count: int | None = None,
        maxlen: int | None = None,
    ) -> Any:
        """Where ``value`` is, or with ``count`` a list of where."""
        return self._call(build.lpos(name, value, rank, count, maxlen))

    def alpos(
        self,
        name: Key,
        value: Value,
        rank: int | None = None,
        count: int | None = None,
        maxlen: int | None = None,
    ) -> Awaitable[Any]:
        """:meth:`lpos` for asyncio."""
        return self._acall(build.lpos(name, value, rank, count, maxlen))

    def lmove(
        self, first_list: Key, second_list: Key, src: str = "LEFT", dest: str = "RIGHT"
    ) -> S | None:
        """Moves an element from an end of one list to an end of another."""
        return self._call(build.lmove(first_list, second_list, src, dest))

    def almove(
        self, first_list: Key, second_list: Key, src: str = "LEFT", dest: str = "RIGHT"
    ) -> Awaitable[S | None]:
        """:meth:`lmove` for asyncio."""
        return self._acall(build.lmove(first_list, second_list, src, dest))

    def rpoplpush(self, src: Key, dst: Key) -> S | None:
        """Moves an element from the right end of one list to the left end of
        another."""
        return self._call(build.rpoplpush(src, dst))

    def arpoplpush(self, src: Key, dst: Key) -> Awaitable[S | None]:
        """:meth:`rpoplpush` for asyncio."""
        return self._acall(build.rpoplpush(src, dst))

    def lmpop(
        self, num_keys: int, *args: Key, direction: str, count: int | None = 1
    ) -> tuple[S, list[S]] | None:
        """Takes up to ``count`` from the first list that has any: (key, elements)."""
        return self._call(
            build.lmpop(num_keys, *args, direction=direction, count=count)
        )

    def almpop(
        self, num_keys: int, *args: Key, direction: str, count: int | None = 1
    ) -> Awaitable[tuple[S, list[S]] | None]:
        """:meth:`lmpop` for asyncio."""
        return self._acall(
            build.lmpop(num_keys, *args, direction=direction, count=count)
        )

    def blpop(
        self, keys: Key | Iterable[Key], timeout: float = 0
    ) -> tuple[S, S] | None:
        """Waits for the leftmost of the first list that has any: (key, element)."""
        return self._call(build.blpop(keys, timeout))

    def ablpop(
        self, keys: Key | Iterable[Key], timeout: float = 0
    ) -> Awaitable[tuple[S, S] | None]:
        """:meth:`blpop` for asyncio."""
        return self._acall(build.blpop(keys, timeout))

    def brpop(
        self, keys: Key | Iterable[Key], timeout: float = 0
    ) -> tuple[S, S] | None:
        """Waits for the rightmost of the first list that has any: (key, element)."""
        return self._call(build.brpop(keys, timeout))

    def abrpop(
        self, keys: Key | Iterable[Key], timeout: float = 0
    ) -> Awaitable[tuple[S, S] | None]:
        """:meth:`brpop` for asyncio."""
        return self._acall(build.brpop(keys, timeout))

    def blmove(
        self,
        first_list: Key,
        second_list: Key,
        timeout: float,
        src: str = "LEFT",
        dest: str = "RIGHT",
    ) -> S | None:
        """As lmove, waiting for an element."""
        return self._call(build.blmove(first_list, second_list, timeout, src, dest))

    def ablmove(
        self,
        first_list: Key,
        second_list: Key,
        timeout: float,
        src: str = "LEFT",
        dest: str = "RIGHT",
    ) -> Awaitable[S | None]:
        """:meth:`blmove` for asyncio."""
        return self._acall(build.blmove(first_list, second_list, timeout, src, dest))

    def brpoplpush(self, src: Key, dst: Key, timeout: float = 0) -> S | None:
        """As rpoplpush, waiting for an element."""
        return self._call(build.brpoplpush(src, dst, timeout))

    def abrpoplpush(
        self, src: Key, dst: Key, timeout: float = 0
    ) -> Awaitable[S | None]:
        """:meth:`brpoplpush` for asyncio."""
        return self._acall(build.brpoplpush(src, dst, timeout))

    def blmpop(
        self,
        timeout: float,
        numkeys: int,
        *args: Key,
        direction: str,
        count: int | None = 1,
    ) -> tuple[S, list[S]] | None:
        """As lmpop, waiting for an element."""
        return self._call(
            build.blmpop(timeout, numkeys, *args, direction=direction, count=count)
        )

    def ablmpop(
        self,
        timeout: float,
        numkeys: int,
        *args: Key,
        direction: str,
        count: int | None = 1,
    ) -> Awaitable[tuple[S, list[S]] | None]:
        """:meth:`blmpop` for asyncio."""
        return self._acall(
            build.blmpop(timeout, numkeys, *args, direction=direction, count=count)
        )
