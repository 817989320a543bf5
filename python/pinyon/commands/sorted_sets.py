"""Sorted sets: members with scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from .._core import ArgumentError
from . import shape
from .args import Args, Call, Key, S, Value, count_of, flags, flat, one_of, opt

Weighted: TypeAlias = Iterable[Key] | Mapping[Any, float]


def zadd(
    name: Key,
    mapping: Mapping[Any, float],
    nx: bool = False,
    xx: bool = False,
    ch: bool = False,
    incr: bool = False,
    gt: bool = False,
    lt: bool = False,
) -> Call[Any]:
    """Adds members with their scores; how many are new, with ``ch`` how many are new or
    changed. ``nx``: only new ones, ``xx``: only those there, ``gt`` and ``lt``: only if
    the score grows or falls. ``incr`` adds to the score of one member and gives the new
    one, or None."""
    one_of(nx=nx, xx=xx)
    one_of(nx=nx, gt=gt, lt=lt)
    if not isinstance(mapping, Mapping) or not mapping:
        raise ArgumentError("zadd: mapping wants a dict of members and scores")
    words = flags(nx=nx, xx=xx, gt=gt, lt=lt, ch=ch, incr=incr)
    scores = tuple(w for member, score in mapping.items() for w in (score, member))
    return ("ZADD", name, *words, *scores), shape.floating if incr else None


def zincrby(name: Key, amount: float, value: Value) -> Call[float]:
    """Adds to a member's score; the new one."""
    return ("ZINCRBY", name, amount, value), shape.number


def zrem(name: Key, *values: Value) -> Call[int]:
    """Removes members; how many there were."""
    return ("ZREM", name, *values), None


def zcard(name: Key) -> Call[int]:
    """How many members there are."""
    return ("ZCARD", name), None


def zcount(name: Key, min: Value, max: Value) -> Call[int]:
    """How many have a score from ``min`` to ``max``; "(1" excludes 1, "+inf" is the
    greatest."""
    return ("ZCOUNT", name, min, max), None


def zlexcount(name: Key, min: Value, max: Value) -> Call[int]:
    """How many are between "[a" and "(c" by name, the scores being equal."""
    return ("ZLEXCOUNT", name, min, max), None


def zscore(name: Key, value: Value) -> Call[float | None]:
    """A member's score."""
    return ("ZSCORE", name, value), shape.floating


def zmscore(key: Key, members: Sequence[Value]) -> Call[list[float | None]]:
    """The scores of members."""
    return ("ZMSCORE", key, *members), shape.floats


def zrank(name: Key, value: Value, withscore: bool = False) -> Call[Any]:
    """A member's place from the lowest score, 0 the first, or None; with its score as
    (rank, score)."""
    words = flags(withscore=withscore)
    return ("ZRANK", name, value, *words), shape.rank_score if withscore else None


def zrevrank(name: Key, value: Value, withscore: bool = False) -> Call[Any]:
    """A member's place from the highest score, 0 the first, or None."""
    words = flags(withscore=withscore)
    return ("ZREVRANK", name, value, *words), shape.rank_score if withscore else None


def _limit(offset: int | None, num: int | None) -> Args:
    if (offset is None) != (num is None):
        raise ArgumentError("give both, the offset and the number, or neither")
    return () if offset is None or num is None else ("LIMIT", offset, num)


def zrange(
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
) -> Call[list[Any]]:
    """Members from ``start`` to ``end``, by place, ``byscore`` or ``bylex``; with
    scores as (member, score)."""
    one_of(byscore=byscore, bylex=bylex)
    words = flags(byscore=byscore, bylex=bylex, rev=desc) + _limit(offset, num)
    words += flags(withscores=withscores)
    return ("ZRANGE", name, start, end, *words), shape.scored if withscores else None


def zrevrange(
    name: Key, start: int, end: int, withscores: bool = False
) -> Call[list[Any]]:
    """Members from the highest score on."""
    words = ("ZREVRANGE", name, start, end, *flags(withscores=withscores))
    return words, shape.scored if withscores else None


def zrangestore(
    dest: Key,
    name: Key,
    start: Value,
    end: Value,
    byscore: bool = False,
    bylex: bool = False,
    desc: bool = False,
    offset: int | None = None,
    num: int | None = None,
) -> Call[int]:
    """Stores what zrange gives; how many members that is."""
    words = flags(byscore=byscore, bylex=bylex, rev=desc) + _limit(offset, num)
    return ("ZRANGESTORE", dest, name, start, end, *words), None


def zrangebyscore(
    name: Key,
    min: Value,
    max: Value,
    start: int | None = None,
    num: int | None = None,
    withscores: bool = False,
) -> Call[list[Any]]:
    """Members with a score from ``min`` to ``max``."""
    words = flags(withscores=withscores) + _limit(start, num)
    words = ("ZRANGEBYSCORE", name, min, max, *words)
    return words, shape.scored if withscores else None


def zrevrangebyscore(
    name: Key,
    max: Value,
    min: Value,
    start: int | None = None,
    num: int | None = None,
    withscores: bool = False,
) -> Call[list[Any]]:
    """Members with a score from ``max`` down to ``min``."""
    words = flags(withscores=withscores) + _limit(start, num)
    words = ("ZREVRANGEBYSCORE", name, max, min, *words)
    return words, shape.scored if withscores else None


def zrangebylex(
    name: Key, min: Value, max: Value, start: int | None = None, num: int | None = None
) -> Call[list[S]]:
    """Members between "[a" and "(c" by name, the scores being equal."""
    return ("ZRANGEBYLEX", name, min, max, *_limit(start, num)), None


def zrevrangebylex(
    name: Key, max: Value, min: Value, start: int | None = None, num: int | None = None
) -> Call[list[S]]:
    """As zrangebylex, downwards."""
    return ("ZREVRANGEBYLEX", name, max, min, *_limit(start, num)), None


def zremrangebyrank(name: Key, min: int, max: int) -> Call[int]:
    """Removes by place; how many."""
    return ("ZREMRANGEBYRANK", name, min, max), None


def zremrangebyscore(name: Key, min: Value, max: Value) -> Call[int]:
    """Removes by score; how many."""
    return ("ZREMRANGEBYSCORE", name, min, max), None


def zremrangebylex(name: Key, min: Value, max: Value) -> Call[int]:
    """Removes by name; how many."""
    return ("ZREMRANGEBYLEX", name, min, max), None


def zpopmin(name: Key, count: int | None = None) -> Call[list[tuple[S, float]]]:
    """Takes those with the lowest scores."""
    return ("ZPOPMIN", name, *(() if count is None else (count,))), shape.scored


def zpopmax(name: Key, count: int | None = None) -> Call[list[tuple[S, float]]]:
    """Takes those with the highest scores."""
    return ("ZPOPMAX", name, *(() if count is None else (count,))), shape.scored


def zmpop(
    num_keys: int,
    keys: Key | Iterable[Key],
    min: bool = False,
    max: bool = False,
    count: int | None = 1,
) -> Call[tuple[S, list[tuple[Any, float]]] | None]:
    """Takes up to ``count`` from the first of some sets that has any."""
    words = (num_keys, *flat(keys), _end(min, max), *opt("COUNT", count))
    return ("ZMPOP", *words), shape.popped_scored


def _end(min: bool, max: bool) -> str:
    if min == max:
        raise ArgumentError("give one of min=True and max=True")
    return "MIN" if min else "MAX"


def zrandmember(
    key: Key, count: int | None = None, withscores: bool = False
) -> Call[Any]:
    """Some member, or a list of ``count``, with scores as (member, score)."""
    words = () if count is None else (count, *flags(withscores=withscores))
    scored = count is not None and withscores
    return ("ZRANDMEMBER", key, *words), shape.scored if scored else None


def _many(keys: Weighted, aggregate: str | None) -> Args:
    """numkeys key ... [WEIGHTS ...] [AGGREGATE ...]"""
    words = count_of(tuple(keys))
    if isinstance(keys, Mapping):
        words += ("WEIGHTS", *keys.values())
    return words + opt("AGGREGATE", aggregate)


def zunion(
    keys: Weighted, aggregate: str | None = None, withscores: bool = False
) -> Call[list[Any]]:
    """Members of any of them. A dict of keys gives the weights of their scores;
    ``aggregate``: SUM, MIN or MAX."""
    words = _many(keys, aggregate) + flags(withscores=withscores)
    return ("ZUNION", *words), shape.scored if withscores else None


def zinter(
    keys: Weighted, aggregate: str | None = None, withscores: bool = False
) -> Call[list[Any]]:
    """Members of all of them."""
    words = _many(keys, aggregate) + flags(withscores=withscores)
    return ("ZINTER", *words), shape.scored if withscores else None


def zdiff(keys: Iterable[Key], withscores: bool = False) -> Call[list[Any]]:
    """Members of the first and of none of the others."""
    words = count_of(flat(keys)) + flags(withscores=withscores)
    return ("ZDIFF", *words), shape.scored if withscores else None


def zunionstore(dest: Key, keys: Weighted, aggregate: str | None = None) -> Call[int]:
    """Stores the union; how many members it has."""
    return ("ZUNIONSTORE", dest, *_many(keys, aggregate)), None


def zinterstore(dest: Key, keys: Weighted, aggregate: str | None = None) -> Call[int]:
    """Stores the intersection; how many members it has."""
    return ("ZINTERSTORE", dest, *_many(keys, aggregate)), None


def zdiffstore(dest: Key, keys: Iterable[Key]) -> Call[int]:
    """Stores the difference; how many members it has."""
    return ("ZDIFFSTORE", dest, *count_of(flat(keys))), None


def zintercard(numkeys: int, keys: Iterable[Key], limit: int = 0) -> Call[int]:
    """How many members are in all of them; stops counting at ``limit``."""
    return ("ZINTERCARD", numkeys, *flat(keys), *opt("LIMIT", limit or None)), None


def zscan(
    name: Key,
    cursor: int = 0,
    match: Value | None = None,
    count: int | None = None,
) -> Call[tuple[int, list[tuple[Any, float]]]]:
    """One step through the members; zscan_iter() does it all."""
    words = opt("MATCH", match) + opt("COUNT", count)
    return ("ZSCAN", name, cursor, *words), shape.cursor(shape.scored)


# ---- Those that wait: up to TIMEOUT seconds, 0 for ever ---------------------------


def bzpopmin(
    keys: Key | Iterable[Key], timeout: float = 0
) -> Call[tuple[S, S, float] | None]:
    """Waits for the lowest of the first set that has any: (key, member, score)."""
    return ("BZPOPMIN", *flat(keys), timeout), shape.popped


def bzpopmax(
    keys: Key | Iterable[Key], timeout: float = 0
) -> Call[tuple[S, S, float] | None]:
    """Waits for the highest of the first set that has any: (key, member, score)."""
    return ("BZPOPMAX", *flat(keys), timeout), shape.popped


def bzmpop(
    timeout: float,
    numkeys: int,
    keys: Key | Iterable[Key],
    min: bool = False,
    max: bool = False,
    count: int | None = 1,
) -> Call[tuple[S, list[tuple[Any, float]]] | None]:
    """As zmpop, waiting for a member."""
    words = (numkeys, *flat(keys), _end(min, max), *opt("COUNT", count))
    return ("BZMPOP", timeout, *words), shape.popped_scored
