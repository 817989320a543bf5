"""Streams: entries with ids, read by consumers and groups of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

from .._core import ArgumentError
from . import shape
from .args import Args, Call, Key, S, Value, flags, one_of, opt, pairs
from .args import ms as in_ms

Entries: TypeAlias = list[tuple[S, dict[S, S] | None]]


def _trim(
    maxlen: int | None, minid: Value | None, approximate: bool, limit: int | None
) -> Args:
    one_of(maxlen=maxlen, minid=minid)
    if maxlen is None and minid is None:
        return ()
    words: Args = ("MAXLEN",) if minid is None else ("MINID",)
    words += ("~",) if approximate else ("=",)
    words += (maxlen,) if maxlen is not None else (minid,) if minid is not None else ()
    return words + opt("LIMIT", limit)


def xadd(
    name: Key,
    fields: Mapping[Any, Value],
    id: Value = "*",
    maxlen: int | None = None,
    approximate: bool = True,
    nomkstream: bool = False,
    minid: Value | None = None,
    limit: int | None = None,
) -> Call[S | None]:
    """Adds an entry; its id. ``maxlen`` or ``minid`` trim the stream, by default to
    about that. With ``nomkstream`` None when there is no such stream."""
    words = flags(nomkstream=nomkstream) + _trim(maxlen, minid, approximate, limit)
    return ("XADD", name, *words, id, *pairs(fields, "fields")), None


def xlen(name: Key) -> Call[int]:
    """How many entries there are."""
    return ("XLEN", name), None


def xrange(
    name: Key, min: Value = "-", max: Value = "+", count: int | None = None
) -> Call[Entries[S]]:
    """Entries from ``min`` to ``max``, as (id, fields)."""
    return ("XRANGE", name, min, max, *opt("COUNT", count)), shape.entries


def xrevrange(
    name: Key, max: Value = "+", min: Value = "-", count: int | None = None
) -> Call[Entries[S]]:
    """Entries from ``max`` down to ``min``, as (id, fields)."""
    return ("XREVRANGE", name, max, min, *opt("COUNT", count)), shape.entries


def xdel(name: Key, *ids: Value) -> Call[int]:
    """Deletes entries; how many there were."""
    return ("XDEL", name, *ids), None


def xtrim(
    name: Key,
    maxlen: int | None = None,
    approximate: bool = True,
    minid: Value | None = None,
    limit: int | None = None,
) -> Call[int]:
    """Deletes the oldest entries; how many."""
    words = _trim(maxlen, minid, approximate, limit)
    if not words:
        raise ArgumentError("xtrim: give maxlen= or minid=")
    return ("XTRIM", name, *words), None


def _streams(streams: Mapping[Any, Value]) -> Args:
    if not isinstance(streams, Mapping) or not streams:
        raise ArgumentError("streams wants a dict of stream: id")
    return ("STREAMS", *streams, *streams.values())


def xread(
    streams: Mapping[Any, Value], count: int | None = None, block: int | None = None
) -> Call[dict[S, Entries[S]]]:
    """Entries behind the id given for each stream ("$": those to come), by stream.
    Waits up to ``block`` milliseconds for some, 0 for ever; empty when none came."""
    words = opt("COUNT", count) + opt("BLOCK", block)
    return ("XREAD", *words, *_streams(streams)), shape.streams


# ---- Groups ---------------------------------------------------------------------


def xgroup_create(
    name: Key,
    groupname: Value,
    id: Value = "$",
    mkstream: bool = False,
    entries_read: int | None = None,
) -> Call[bool]:
    """Makes a group that begins behind ``id``."""
    words = flags(mkstream=mkstream) + opt("ENTRIESREAD", entries_read)
    return ("XGROUP", "CREATE", name, groupname, id, *words), shape.ok


def xgroup_createconsumer(
    name: Key, groupname: Value, consumername: Value
) -> Call[bool]:
    """Makes a consumer."""
    words = (name, groupname, consumername)
    return ("XGROUP", "CREATECONSUMER", *words), shape.boolean


def xgroup_delconsumer(name: Key, groupname: Value, consumername: Value) -> Call[int]:
    """Removes a consumer; how many entries were pending for it."""
    return ("XGROUP", "DELCONSUMER", name, groupname, consumername), None


def xgroup_destroy(name: Key, groupname: Value) -> Call[bool]:
    """Removes a group."""
    return ("XGROUP", "DESTROY", name, groupname), shape.boolean


def xgroup_setid(
    name: Key, groupname: Value, id: Value, entries_read: int | None = None
) -> Call[bool]:
    """Sets where a group goes on."""
    words = opt("ENTRIESREAD", entries_read)
    return ("XGROUP", "SETID", name, groupname, id, *words), shape.ok


def xreadgroup(
    groupname: Value,
    consumername: Value,
    streams: Mapping[Any, Value],
    count: int | None = None,
    block: int | None = None,
    noack: bool = False,
) -> Call[dict[S, Entries[S]]]:
    """Entries for a consumer of a group: with the id ">" new ones, else those pending
    for it. Waits up to ``block`` milliseconds, 0 for ever."""
    words = opt("COUNT", count) + opt("BLOCK", block) + flags(noack=noack)
    words += _streams(streams)
    return ("XREADGROUP", "GROUP", groupname, consumername, *words), shape.streams


def xack(name: Key, groupname: Value, *ids: Value) -> Call[int]:
    """Says that entries are dealt with; how many were pending."""
    return ("XACK", name, groupname, *ids), None


def xpending(name: Key, groupname: Value) -> Call[dict[str, Any]]:
    """How many entries are pending, from which to which, and for whom."""
    return ("XPENDING", name, groupname), shape.pending


def xpending_range(
    name: Key,
    groupname: Value,
    min: Value,
    max: Value,
    count: int,
    consumername: Value | None = None,
    idle: int | None = None,
) -> Call[list[dict[str, Any]]]:
    """The pending entries one by one."""
    words = (*opt("IDLE", idle), min, max, count)
    if consumername is not None:
        words += (consumername,)
    return ("XPENDING", name, groupname, *words), shape.pending_entries


def xclaim(
    name: Key,
    groupname: Value,
    consumername: Value,
    min_idle_time: int | timedelta,
    message_ids: Sequence[Value],
    idle: int | None = None,
    time: int | None = None,
    retrycount: int | None = None,
    force: bool = False,
    justid: bool = False,
) -> Call[list[Any]]:
    """Takes pending entries over from another consumer: (id, fields), or ids."""
    words = opt("IDLE", idle) + opt("TIME", time) + opt("RETRYCOUNT", retrycount)
    words += flags(force=force, justid=justid)
    head = (name, groupname, consumername, in_ms(min_idle_time), *message_ids)
    return ("XCLAIM", *head, *words), None if justid else shape.entries


def xautoclaim(
    name: Key,
    groupname: Value,
    consumername: Value,
    min_idle_time: int | timedelta,
    start_id: Value = "0-0",
    count: int | None = None,
    justid: bool = False,
) -> Call[tuple[S, list[Any], list[S]]]:
    """Takes over what is pending for too long: where to go on, the entries, and the ids
    of those that were deleted meanwhile."""
    words = opt("COUNT", count) + flags(justid=justid)
    head = (name, groupname, consumername, in_ms(min_idle_time), start_id)
    return ("XAUTOCLAIM", *head, *words), shape.claimed


def xinfo_stream(name: Key, full: bool = False) -> Call[dict[str, Any]]:
    """What the server knows of a stream."""
    return ("XINFO", "STREAM", name, *flags(full=full)), shape.stream_info


def xinfo_groups(name: Key) -> Call[list[dict[str, Any]]]:
    """The groups of a stream."""
    return ("XINFO", "GROUPS", name), shape.records


def xinfo_consumers(name: Key, groupname: Value) -> Call[list[dict[str, Any]]]:
    """The consumers of a group."""
    return ("XINFO", "CONSUMERS", name, groupname), shape.records


def xsetid(name: Key, id: Value) -> Call[bool]:
    """Sets the last id of a stream."""
    return ("XSETID", name, id), shape.ok
