"""Sorted sets: members with scores.

Written by tools/methods.py from commands/sorted_sets.py: change that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from ..commands import sorted_sets as build
from ..commands.args import Key, Value
from ..commands.sorted_sets import Weighted
from ._base import Adder


class PipeSortedSets(Adder):
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
    ) -> Self:
        """Adds members with their scores; how many are new, with ``ch`` how many are
        new or changed. ``nx``: only new ones, ``xx``: only those there, ``gt`` and
        ``lt``: only if the score grows or falls. ``incr`` adds to the score of one
        member and gives the new one, or None."""
        return self._add(build.zadd(name, mapping, nx, xx, ch, incr, gt, lt))

    def zincrby(self, name: Key, amount: float, value: Value) -> Self:
        """Adds to a member's score; the new one."""
        return self._add(build.zincrby(name, amount, value))

    def zrem(self, name: Key, *values: Value) -> Self:
        """Removes members; how many there were."""
        return self._add(build.zrem(name, *values))

    def zcard(self, name: Key) -> Self:
        """How many members there are."""
        return self._add(build.zcard(name))

    def zcount(self, name: Key, min: Value, max: Value) -> Self:
        """How many have a score from ``min`` to ``max``; "(1" excludes 1, "+inf" is
        the greatest."""
        return self._add(build.zcount(name, min, max))

    def zlexcount(self, name: Key, min: Value, max: Value) -> Self:
        """How many are between "[a" and "(c" by name, the scores being equal."""
        return self._add(build.zlexcount(name, min, max))

    def zscore(self, name: Key, value: Value) -> Self:
        """A member's score."""
        return self._add(build.zscore(name, value))

    def zmscore(self, key: Key, members: Sequence[Value]) -> Self:
        """The scores of members."""
        return self._add(build.zmscore(key, members))

    def zrank(self, name: Key, value: Value, withscore: bool = False) -> Self:
        """A member's place from the lowest score, 0 the first, or None; with its
        score as (rank, score)."""
        return self._add(build.zrank(name, value, withscore))

    def zrevrank(self, name: Key, value: Value, withscore: bool = False) -> Self:
        """A member's place from the highest score, 0 the first, or None."""
        return self._add(build.zrevrank(name, value, withscore))

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
    ) -> Self:
        """Members from ``start`` to ``end``, by place, ``byscore`` or ``bylex``;
        with scores as (member, score)."""
        return self._add(
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
    ) -> Self:
        """Members from the highest score on."""
        return self._add(build.zrevrange(name, start, end, withscores))

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
    ) -> Self:
        """Stores what zrange gives; how many members that is."""
        return self._add(
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
    ) -> Self:
        """Members with a score from ``min`` to ``max``."""
        return self._add(build.zrangebyscore(name, min, max, start, num, withscores))

    def zrevrangebyscore(
        self,
        name: Key,
        max: Value,
        min: Value,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
    ) -> Self:
        """Members with a score from ``max`` down to ``min``."""
        return self._add(build.zrevrangebyscore(name, max, min, start, num, withscores))

    def zrangebylex(
        self,
        name: Key,
        min: Value,
        max: Value,
        start: int | None = None,
        num: int | None = None,
    ) -> Self:
        """Members between "[a" and "(c" by name, the scores being equal."""
        return self._add(build.zrangebylex(name, min, max, start, num))

    def zrevrangebylex(
        self,
        name: Key,
        max: Value,
        min: Value,
        start: int | None = None,
        num: int | None = None,
    ) -> Self:
        """As zrangebylex, downwards."""
        return self._add(build.zrevrangebylex(name, max, min, start, num))

    def zremrangebyrank(self, name: Key, min: int, max: int) -> Self:
        """Removes by place; how many."""
        return self._add(build.zremrangebyrank(name, min, max))

    def zremrangebyscore(self, name: Key, min: Value, max: Value) -> Self:
        """Removes by score; how many."""
        return self._add(build.zremrangebyscore(name, min, max))

    def zremrangebylex(self, name: Key, min: Value, max: Value) -> Self:
        """Removes by name; how many."""
        return self._add(build.zremrangebylex(name, min, max))

    def zpopmin(self, name: Key, count: int | None = None) -> Self:
        """Takes those with the lowest scores."""
        return self._add(build.zpopmin(name, count))

    def zpopmax(self, name: Key, count: int | None = None) -> Self:
        """Takes those with the highest scores."""
        return self._add(build.zpopmax(name, count))

    def zmpop(
        self,
        num_keys: int,
        keys: Key | Iterable[Key],
        min: bool = False,
        max: bool = False,
        count: int | None = 1,
    ) -> Self:
        """Takes up to ``count`` from the first of some sets that has any."""
        return self._add(build.zmpop(num_keys, keys, min, max, count))

    def zrandmember(
        self, key: Key, count: int | None = None, withscores: bool = False
    ) -> Self:
        """Some member, or a list of ``count``, with scores as (member, score)."""
        return self._add(build.zrandmember(key, count, withscores))

    def zunion(
        self, keys: Weighted, aggregate: str | None = None, withscores: bool = False
    ) -> Self:
        """Members of any of them. A dict of keys gives the weights of their scores;
        ``aggregate``: SUM, MIN or MAX."""
        return self._add(build.zunion(keys, aggregate, withscores))

    def zinter(
        self, keys: Weighted, aggregate: str | None = None, withscores: bool = False
    ) -> Self:
        """Members of all of them."""
        return self._add(build.zinter(keys, aggregate, withscores))

    def zdiff(self, keys: Iterable[Key], withscores: bool = False) -> Self:
        """Members of the first and of none of the others."""
        return self._add(build.zdiff(keys, withscores))

    def zunionstore(
        self, dest: Key, keys: Weighted, aggregate: str | None = None
    ) -> Self:
        """Stores the union; how many members it has."""
        return self._add(build.zunionstore(dest, keys, aggregate))

    def zinterstore(
        self, dest: Key, keys: Weighted, aggregate: str | None = None
    ) -> Self:
        """Stores the intersection; how many members it has."""
        return self._add(build.zinterstore(dest, keys, aggregate))

    def zdiffstore(self, dest: Key, keys: Iterable[Key]) -> Self:
        """Stores the difference; how many members it has."""
        return self._add(build.zdiffstore(dest, keys))

    def zintercard(self, numkeys: int, keys: Iterable[Key], limit: int = 0) -> Self:
        """How many members are in all of them; stops counting at ``limit``."""
        return self._add(build.zintercard(numkeys, keys, limit))

    def zscan(
        self,
        name: Key,
        cursor: int = 0,
        match: Value | None = None,
        count: int | None = None,
    ) -> Self:
        """One step through the members; zscan_iter() does it all."""
        return self._add(build.zscan(name, cursor, match, count))

    def bzpopmin(self, keys: Key | Iterable[Key], timeout: float = 0) -> Self:
        """Waits for the lowest of the first set that has any: (key, member, score)."""
        return self._add(build.bzpopmin(keys, timeout))

    def bzpopmax(self, keys: Key | Iterable[Key], timeout: float = 0) -> Self:
        """Waits for the highest of the first set that has any: (key, member, score)."""
        return self._add(build.bzpopmax(keys, timeout))

    def bzmpop(
        self,
        timeout: float,
        numkeys: int,
        keys: Key | Iterable[Key],
        min: bool = False,
        max: bool = False,
        count: int | None = 1,
    ) -> Self:
        """As zmpop, waiting for a member."""
        return self._add(build.bzmpop(timeout, numkeys, keys, min, max, count))
