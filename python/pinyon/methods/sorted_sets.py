"""Sorted sets: members with scores.

Written by tools/methods.py from commands/sorted_sets.py: change that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any

from ..commands import sorted_sets as build
from ..commands.args import Key, Value
from ..commands.sorted_sets import Weighted
from ._base import Caller, S


class SortedSets(Caller[S]):
    def zadd(
        self,
        name: Key,
        mapping: Mapping[Any, float],
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
        incr: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Any:
        """Adds members with their scores; how many are new, with ``ch`` how many are
        new or changed. ``nx``: only new ones, ``xx``: only those there, ``gt`` and
        ``lt``: only if the score grows or falls. ``incr`` adds to the score of one
        member and gives the new one, or None."""
        return self._call(build.zadd(name, mapping, nx, xx, ch, incr, gt, lt))

    def azadd(
        self,
        name: Key,
        mapping: Mapping[Any, float],
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
        incr: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Awaitable[Any]:
        """:meth:`zadd` for asyncio."""
        return self._acall(build.zadd(name, mapping, nx, xx, ch, incr, gt, lt))

    def zincrby(self, name: Key, amount: float, value: Value) -> float:
        """Adds to a member's score; the new one."""
        return self._call(build.zincrby(name, amount, value))

    def azincrby(self, name: Key, amount: float, value: Value) -> Awaitable[float]:
        """:meth:`zincrby` for asyncio."""
        return self._acall(build.zincrby(name, amount, value))

    def zrem(self, name: Key, *values: Value) -> int:
        """Removes members; how many there were."""
        return self._call(build.zrem(name, *values))

    def azrem(self, name: Key, *values: Value) -> Awaitable[int]:
        """:meth:`zrem` for asyncio."""
        return self._acall(build.zrem(name, *values))

    def zcard(self, name: Key) -> int:
        """How many members there are."""
        return self._call(build.zcard(name))

    def azcard(self, name: Key) -> Awaitable[int]:
        """:meth:`zcard` for asyncio."""
        return self._acall(build.zcard(name))

    def zcount(self, name: Key, min: Value, max: Value) -> int:
        """How many have a score from ``min`` to ``max``; "(1" excludes 1, "+inf" is
        the greatest."""
        return self._call(build.zcount(name, min, max))

    def azcount(self, name: Key, min: Value, max: Value) -> Awaitable[int]:
        """:meth:`zcount` for asyncio."""
        return self._acall(build.zcount(name, min, max))

    def zlexcount(self, name: Key, min: Value, max: Value) -> int:
        """How many are between "[a" and "(c" by name, the scores being equal."""
        return self._call(build.zlexcount(name, min, max))

    def azlexcount(self, name: Key, min: Value, max: Value) -> Awaitable[int]:
        """:meth:`zlexcount` for asyncio."""
        return self._acall(build.zlexcount(name, min, max))

    def zscore(self, name: Key, value: Value) -> float | None:
        """A member's score."""
        return self._call(build.zscore(name, value))

    def azscore(self, name: Key, value: Value) -> Awaitable[float | None]:
        """:meth:`zscore` for asyncio."""
        return self._acall(build.zscore(name, value))

    def zmscore(self, key: Key, members: Sequence[Value]) -> list[float | None]:
        """The scores of members."""
        return self._call(build.zmscore(key, members))

    def azmscore(
        self, key: Key, members: Sequence[Value]
    ) -> Awaitable[list[float | None]]:
        """:meth:`zmscore` for asyncio."""
        return self._acall(build.zmscore(key, members))

    def zrank(self, name: Key, value: Value, withscore: bool = False) -> Any:
        """A member's place from the lowest score, 0 the first, or None; with its
        score as (rank, score)."""
        return self._call(build.zrank(name, value, withscore))

    def azrank(
        self, name: Key, value: Value, withscore: bool = False
    ) -> Awaitable[Any]:
        """:meth:`zrank` for asyncio."""
        return self._acall(build.zrank(name, value, withscore))

    def zrevrank(self, name: Key, value: Value, withscore: bool = False) -> Any:
        """A member's place from the highest score, 0 the first, or None."""
        return self._call(build.zrevrank(name, value, withscore))

    def azrevrank(
        self, name: Key, value: Value, withscore: bool = False
    ) -> Awaitable[Any]:
        """:meth:`zrevrank` for asyncio."""
        return self._acall(build.zrevrank(name, value, withscore))

    def zrange(
        self,
        name: Key,
        start: Value,
        end: Value,
        desc: bool = False,
        withscores: bool = False,
        *,
        byscore: bool = False,
        bylex: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> list[Any]:
        """Members from ``start`` to ``end``, by place, ``byscore`` or ``bylex``;
        with scores as (member, score)."""
        return self._call(
            build.zrange(
                name,
                start,
                end,
                desc,
                withscores,
                byscore=byscore,
                bylex=bylex,
                offset=offset,
                num=num,
            )
        )

    def azrange(
        self,
        name: Key,
        start: Value,
        end: Value,
        desc: bool = False,
        withscores: bool = False,
        *,
        byscore: bool = False,
        bylex: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> Awaitable[list[Any]]:
        """:meth:`zrange` for asyncio."""
        return self._acall(
            build.zrange(
                name,
                start,
                end,
                desc,
                withscores,
                byscore=byscore,
                bylex=bylex,
                offset=offset,
                num=num,
            )
        )

    def zrevrange(
        self, name: Key, start: int, end: int, withscores: bool = False
    ) -> list[Any]:
        """Members from the highest score on."""
        return self._call(build.zrevrange(name, start, end, withscores))

    def azrevrange(
        self, name: Key, start: int, end: int, withscores: bool = False
    ) -> Awaitable[list[Any]]:
        """:meth:`zrevrange` for asyncio."""
        return self._acall(build.zrevrange(name, start, end, withscores))

    def zrangestore(
        self,
        dest: Key,
        name: Key,
        start: Value,
        end: Value,
        byscore: bool = False,
        bylex: bool = False,
        desc: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> int:
        """Stores what zrange gives; how many members that is."""
        return self._call(
            build.zrangestore(dest, name, start, end, byscore, bylex, desc, offset, num)
        )

    def azrangestore(
        self,
        dest: Key,
        name: Key,
        start: Value,
        end: Value,
        byscore: bool = False,
        bylex: bool = False,
        desc: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> Awaitable[int]:
        """:meth:`zrangestore` for asyncio."""
        return self._acall(
            build.zrangestore(dest, name, start, end, byscore, bylex, desc, offset, num)
        )

    def zrangebyscore(
        self,
        name: Key,
        min: Value,
        max: Value,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
    ) -> list[Any]:
        """Members with a score from ``min`` to ``max``."""
        return self._call(build.zrangebyscore(name, min, max, start, num, withscores))

    def azrangebyscore(
        self,
        name: Key,
        min: Value,
        max: Value,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
    ) -> Awaitable[list[Any]]:
        """:meth:`zrangebyscore` for asyncio."""
        return self._acall(build.zrangebyscore(name, min, max, start, num, withscores))

    def zrevrangebyscore(
        self,
        name: Key,
        max: Value,
        min: Value,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
    ) -> list[Any]:
        """Members with a score from ``max`` down to ``min``."""
        return self._call(
            build.zrevrangebyscore(name, max, min, start, num, withscores)
        )

    def azrevrangebyscore(
        self,
        name: Key,
        max: Value,
        min: Value,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
    ) -> Awaitable[list[Any]]:
        """:meth:`zrevrangebyscore` for asyncio."""
        return self._acall(
            build.zrevrangebyscore(name, max, min, start, num, withscores)
        )

    def zrangebylex(
        self,
        name: Key,
        min: Value,
        max: Value,
        start: int | None = None,
        num: int | None = None,
    ) -> list[S]:
        """Members between "[a" and "(c" by name, the scores being equal."""
        return self._call(build.zrangebylex(name, min, max, start, num))

    def azrangebylex(
        self,
        name: Key,
        min: Value,
        max: Value,
        start: int | None = None,
        num: int | None = None,
    ) -> Awaitable[list[S]]:
        """:meth:`zrangebylex` for asyncio."""
        return self._acall(build.zrangebylex(name, min, max, start, num))

    def zrevrangebylex(
        self,
        name: Key,
        max: Value,
        min: Value,
        start: int | None = None,
        num: int | None = None,
    ) -> list[S]:
        """As zrangebylex, downwards."""
        return self._call(build.zrevrangebylex(name, max, min, start, num))

    def azrevrangebylex(
        self,
        name: Key,
        max: Value,
        min: Value,
        start: int | None = None,
        num: int | None = None,
    ) -> Awaitable[list[S]]:
        """:meth:`zrevrangebylex` for asyncio."""
        return self._acall(build.zrevrangebylex(name, max, min, start, num))

    def zremrangebyrank(self, name: Key, min: int, max: int) -> int:
        """Removes by place; how many."""
        return self._call(build.zremrangebyrank(name, min, max))

    def azremrangebyrank(self, name: Key, min: int, max: int) -> Awaitable[int]:
        """:meth:`zremrangebyrank` for asyncio."""
        return self._acall(build.zremrangebyrank(name, min, max))

    def zremrangebyscore(self, name: Key, min: Value, max: Value) -> int:
        """Removes by score; how many."""
        return self._call(build.zremrangebyscore(name, min, max))

    def azremrangebyscore(self, name: Key, min: Value, max: Value) -> Awaitable[int]:
        """:meth:`zremrangebyscore` for asyncio."""
        return self._acall(build.zremrangebyscore(name, min, max))

    def zremrangebylex(self, name: Key, min: Value, max: Value) -> int:
        """Removes by name; how many."""
        return self._call(build.zremrangebylex(name, min, max))

    def azremrangebylex(self, name: Key, min: Value, max: Value) -> Awaitable[int]:
        """:meth:`zremrangebylex` for asyncio."""
        return self._acall(build.zremrangebylex(name, min, max))

    def zpopmin(self, name: Key, count: int | None = None) -> list[tuple[S, float]]:
        """Takes those with the lowest scores."""
        return self._call(build.zpopmin(name, count))

    def azpopmin(
        self, name: Key, count: int | None = None
    ) -> Awaitable[list[tuple[S, float]]]:
        """:meth:`zpopmin` for asyncio."""
        return self._acall(build.zpopmin(name, count))

    def zpopmax(self, name: Key, count: int | None = None) -> list[tuple[S, float]]:
        """Takes those with the highest scores."""
        return self._call(build.zpopmax(name, count))

    def azpopmax(
        self, name: Key, count: int | None = None
    ) -> Awaitable[list[tuple[S, float]]]:
        """:meth:`zpopmax` for asyncio."""
        return self._acall(build.zpopmax(name, count))

    def zmpop(
        self,
        num_keys: int,
        keys: Key | Iterable[Key],
        min: bool = False,
        max: bool = False,
        count: int | None = 1,
    ) -> tuple[S, list[tuple[Any, float]]] | None:
        """Takes up to ``count`` from the first of some sets that has any."""
        return self._call(build.zmpop(num_keys, keys, min, max, count))

    def azmpop(
        self,
        num_keys: int,
        keys: Key | Iterable[Key],
        min: bool = False,
        max: bool = False,
        count: int | None = 1,
    ) -> Awaitable[tuple[S, list[tuple[Any, float]]] | None]:
        """:meth:`zmpop` for asyncio."""
        return self._acall(build.zmpop(num_keys, keys, min, max, count))

    def zrandmember(
        self, key: Key, count: int | None = None, withscores: bool = False
    ) -> Any:
        """Some member, or a list of ``count``, with scores as (member, score)."""
        return self._call(build.zrandmember(key, count, withscores))

    def azrandmember(
        self, key: Key, count: int | None = None, withscores: bool = False
    ) -> Awaitable[Any]:
        """:meth:`zrandmember` for asyncio."""
        return self._acall(build.zrandmember(key, count, withscores))

    def zunion(
        self, keys: Weighted, aggregate: str | None = None, withscores: bool = False
    ) -> list[Any]:
        """Members of any of them. A dict of keys gives the weights of their scores;
        ``aggregate``: SUM, MIN or MAX."""
        return self._call(build.zunion(keys, aggregate, withscores))

    def azunion(
        self, keys: Weighted, aggregate: str | None = None, withscores: bool = False
    ) -> Awaitable[list[Any]]:
        """:meth:`zunion` for asyncio."""
        return self._acall(build.zunion(keys, aggregate, withscores))

    def zinter(
        self, keys: Weighted, aggregate: str | None = None, withscores: bool = False
    ) -> list[Any]:
        """Members of all of them."""
        return self._call(build.zinter(keys, aggregate, withscores))

    def azinter(
        self, keys: Weighted, aggregate: str | None = None, withscores: bool = False
    ) -> Awaitable[list[Any]]:
        """:meth:`zinter` for asyncio."""
        return self._acall(build.zinter(keys, aggregate, withscores))

    def zdiff(self, keys: Iterable[Key], withscores: bool = False) -> list[Any]:
        """Members of the first and of none of the others."""
        return self._call(build.zdiff(keys, withscores))

    def azdiff(
        self, keys: Iterable[Key], withscores: bool = False
    ) -> Awaitable[list[Any]]:
        """:meth:`zdiff` for asyncio."""
        return self._acall(build.zdiff(keys, withscores))

    def zunionstore(
        self, dest: Key, keys: Weighted, aggregate: str | None = None
    ) -> int:
        """Stores the union; how many members it has."""
        return self._call(build.zunionstore(dest, keys, aggregate))

    def azunionstore(
        self, dest: Key, keys: Weighted, aggregate: str | None = None
    ) -> Awaitable[int]:
        """:meth:`zunionstore` for asyncio."""
        return self._acall(build.zunionstore(dest, keys, aggregate))

    def zinterstore(
        self, dest: Key, keys: Weighted, aggregate: str | None = None
    ) -> int:
        """Stores the intersection; how many members it has."""
        return self._call(build.zinterstore(dest, keys, aggregate))

    def azinterstore(
        self, dest: Key, keys: Weighted, aggregate: str | None = None
    ) -> Awaitable[int]:
        """:meth:`zinterstore` for asyncio."""
        return self._acall(build.zinterstore(dest, keys, aggregate))

    def zdiffstore(self, dest: Key, keys: Iterable[Key]) -> int:
        """Stores the difference; how many members it has."""
        return self._call(build.zdiffstore(dest, keys))

    def azdiffstore(self, dest: Key, keys: Iterable[Key]) -> Awaitable[int]:
        """:meth:`zdiffstore` for asyncio."""
        return self._acall(build.zdiffstore(dest, keys))

    def zintercard(self, numkeys: int, keys: Iterable[Key], limit: int = 0) -> int:
        """How many members are in all of them; stops counting at ``limit``."""
        return self._call(build.zintercard(numkeys, keys, limit))

    def azintercard(
        self, numkeys: int, keys: Iterable[Key], limit: int = 0
    ) -> Awaitable[int]:
        """:meth:`zintercard` for asyncio."""
        return self._acall(build.zintercard(numkeys, keys, limit))

    def zscan(
        self,
        name: Key,
        cursor: int = 0,
        match: Value | None = None,
        count: int | None = None,
    ) -> tuple[int, list[tuple[Any, float]]]:
        """One step through the members; zscan_iter() does it all."""
        return self._call(build.zscan(name, cursor, match, count))

    def azscan(
        self,
        name: Key,
        cursor: int = 0,
        match: Value | None = None,
        count: int | None = None,
    ) -> Awaitable[tuple[int, list[tuple[Any, float]]]]:
        """:meth:`zscan` for asyncio."""
        return self._acall(build.zscan(name, cursor, match, count))

    def bzpopmin(
        self, keys: Key | Iterable[Key], timeout: float = 0
    ) -> tuple[S, S, float] | None:
        """Waits for the lowest of the first set that has any: (key, member, score)."""
        return self._call(build.bzpopmin(keys, timeout))

    def abzpopmin(
        self, keys: Key | Iterable[Key], timeout: float = 0
    ) -> Awaitable[tuple[S, S, float] | None]:
        """:meth:`bzpopmin` for asyncio."""
        return self._acall(build.bzpopmin(keys, timeout))

    def bzpopmax(
        self, keys: Key | Iterable[Key], timeout: float = 0
    ) -> tuple[S, S, float] | None:
        """Waits for the highest of the first set that has any: (key, member, score)."""
        return self._call(build.bzpopmax(keys, timeout))

    def abzpopmax(
        self, keys: Key | Iterable[Key], timeout: float = 0
    ) -> Awaitable[tuple[S, S, float] | None]:
        """:meth:`bzpopmax` for asyncio."""
        return self._acall(build.bzpopmax(keys, timeout))

    def bzmpop(
        self,
        timeout: float,
        numkeys: int,
        keys: Key | Iterable[Key],
        min: bool = False,
        max: bool = False,
        count: int | None = 1,
    ) -> tuple[S, list[tuple[Any, float]]] | None:
        """As zmpop, waiting for a member."""
        return self._call(build.bzmpop(timeout, numkeys, keys, min, max, count))

    def abzmpop(
        self,
        timeout: float,
        numkeys: int,
        keys: Key | Iterable[Key],
        min: bool = False,
        max: bool = False,
        count: int | None = 1,
    ) -> Awaitable[tuple[S, list[tuple[Any, float]]] | None]:
        """:meth:`bzmpop` for asyncio."""
        return self._acall(build.bzmpop(timeout, numkeys, keys, min, max, count))
