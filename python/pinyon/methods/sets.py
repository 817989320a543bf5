"""Sets.

Written by tools/methods.py from commands/sets.py: change that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Any

from ..commands import sets as build
from ..commands.args import Key, Value
from ._base import Caller, S


class Sets(Caller[S]):
    def sadd(self, name: Key, *values: Value) -> int:
        """Adds members; how many are new."""
        return self._call(build.sadd(name, *values))

    def asadd(self, name: Key, *values: Value) -> Awaitable[int]:
        """:meth:`sadd` for asyncio."""
        return self._acall(build.sadd(name, *values))

    def srem(self, name: Key, *values: Value) -> int:
        """Removes members; how many there were."""
        return self._call(build.srem(name, *values))

    def asrem(self, name: Key, *values: Value) -> Awaitable[int]:
        """:meth:`srem` for asyncio."""
        return self._acall(build.srem(name, *values))

    def smembers(self, name: Key) -> set[S]:
        """All members."""
        return self._call(build.smembers(name))

    def asmembers(self, name: Key) -> Awaitable[set[S]]:
        """:meth:`smembers` for asyncio."""
        return self._acall(build.smembers(name))

    def sismember(self, name: Key, value: Value) -> bool:
        """Whether it is a member."""
        return self._call(build.sismember(name, value))

    def asismember(self, name: Key, value: Value) -> Awaitable[bool]:
        """:meth:`sismember` for asyncio."""
        return self._acall(build.sismember(name, value))

    def smismember(
        self, name: Key, values: Value | Iterable[Value], *args: Value
    ) -> list[bool]:
        """Whether each is a member."""
        return self._call(build.smismember(name, values, *args))

    def asmismember(
        self, name: Key, values: Value | Iterable[Value], *args: Value
    ) -> Awaitable[list[bool]]:
        """:meth:`smismember` for asyncio."""
        return self._acall(build.smismember(name, values, *args))

    def scard(self, name: Key) -> int:
        """How many members there are."""
        return self._call(build.scard(name))

    def ascard(self, name: Key) -> Awaitable[int]:
        """:meth:`scard` for asyncio."""
        return self._acall(build.scard(name))

    def spop(self, name: Key, count: int | None = None) -> Any:
        """Takes some member, or a set of up to ``count``."""
        return self._call(build.spop(name, count))

    def aspop(self, name: Key, count: int | None = None) -> Awaitable[Any]:
        """:meth:`spop` for asyncio."""
        return self._acall(build.spop(name, count))

    def srandmember(self, name: Key, number: int | None = None) -> Any:
        """Some member, or a list of ``number``; negative: with repetitions."""
        return self._call(build.srandmember(name, number))

    def asrandmember(self, name: Key, number: int | None = None) -> Awaitable[Any]:
        """:meth:`srandmember` for asyncio."""
        return self._acall(build.srandmember(name, number))

    def smove(self, src: Key, dst: Key, value: Value) -> bool:
        """Moves a member to another set."""
        return self._call(build.smove(src, dst, value))

    def asmove(self, src: Key, dst: Key, value: Value) -> Awaitable[bool]:
        """:meth:`smove` for asyncio."""
        return self._acall(build.smove(src, dst, value))

    def sdiff(self, keys: Key | Iterable[Key], *args: Key) -> set[S]:
        """What is in the first and in none of the others."""
        return self._call(build.sdiff(keys, *args))

    def asdiff(self, keys: Key | Iterable[Key], *args: Key) -> Awaitable[set[S]]:
        """:meth:`sdiff` for asyncio."""
        return self._acall(build.sdiff(keys, *args))

    def sinter(self, keys: Key | Iterable[Key], *args: Key) -> set[S]:
        """What is in all of them."""
        return self._call(build.sinter(keys, *args))

    def asinter(self, keys: Key | Iterable[Key], *args: Key) -> Awaitable[set[S]]:
        """:meth:`sinter` for asyncio."""
        return self._acall(build.sinter(keys, *args))

    def sunion(self, keys: Key | Iterable[Key], *args: Key) -> set[S]:
        """What is in any of them."""
        return self._call(build.sunion(keys, *args))

    def asunion(self, keys: Key | Iterable[Key], *args: Key) -> Awaitable[set[S]]:
        """:meth:`sunion` for asyncio."""
        return self._acall(build.sunion(keys, *args))

    def sdiffstore(self, dest: Key, keys: Key | Iterable[Key], *args: Key) -> int:
        """Stores the difference; how many members it has."""
        return self._call(build.sdiffstore(dest, keys, *args))

    def asdiffstore(
        self, dest: Key, keys: Key | Iterable[Key], *args: Key
    ) -> Awaitable[int]:
        """:meth:`sdiffstore` for asyncio."""
        return self._acall(build.sdiffstore(dest, keys, *args))

    def sinterstore(self, dest: Key, keys: Key | Iterable[Key], *args: Key) -> int:
        """Stores the intersection; how many members it has."""
        return self._call(build.sinterstore(dest, keys, *args))

    def asinterstore(
        self, dest: Key, keys: Key | Iterable[Key], *args: Key
    ) -> Awaitable[int]:
        """:meth:`sinterstore` for asyncio."""
        return self._acall(build.sinterstore(dest, keys, *args))

    def sunionstore(self, dest: Key, keys: Key | Iterable[Key], *args: Key) -> int:
        """Stores the union; how many members it has."""
        return self._call(build.sunionstore(dest, keys, *args))

    def asunionstore(
        self, dest: Key, keys: Key | Iterable[Key], *args: Key
    ) -> Awaitable[int]:
        """:meth:`sunionstore` for asyncio."""
        return self._acall(build.sunionstore(dest, keys, *args))

    def sintercard(
        self, numkeys: int, keys: Key | Iterable[Key], limit: int = 0
    ) -> int:
        """How many members are in all of them; stops counting at ``limit``."""
        return self._call(build.sintercard(numkeys, keys, limit))

    def asintercard(
        self, numkeys: int, keys: Key | Iterable[Key], limit: int = 0
    ) -> Awaitable[int]:
        """:meth:`sintercard` for asyncio."""
        return self._acall(build.sintercard(numkeys, keys, limit))

    def sscan(
        self,
        name: Key,
        cursor: int = 0,
        match: Value | None = None,
        count: int | None = None,
    ) -> tuple[int, list[S]]:
        """One step through the members; sscan_iter() does it all."""
        return self._call(build.sscan(name, cursor, match, count))

    def asscan(
        self,
        name: Key,
        cursor: int = 0,
        match: Value | None = None,
        count: int | None = None,
    ) -> Awaitable[tuple[int, list[S]]]:
        """:meth:`sscan` for asyncio."""
        return self._acall(build.sscan(name, cursor, match, count))
