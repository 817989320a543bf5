"""Streams: entries with ids, read by consumers and groups of them.

Written by tools/methods.py from commands/streams.py: change that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Self

from ..commands import streams as build
from ..commands.args import Key, Value
from ._base import Adder


class PipeStreams(Adder):
    def xadd(
        self,
        name: Key,
        fields: Mapping[Any, Value],
        id: Value = "*",
        maxlen: int | None = None,
        approximate: bool = True,
        nomkstream: bool = False,
        minid: Value | None = None,
        limit: int | None = None,
    ) -> Self:
        """Adds an entry; its id. ``maxlen`` or ``minid`` trim the stream, by default
        to about that. With ``nomkstream`` None when there is no such stream."""
        return self._add(
            build.xadd(name, fields, id, maxlen, approximate, nomkstream, minid, limit)
        )

    def xlen(self, name: Key) -> Self:
        """How many entries there are."""
        return self._add(build.xlen(name))

    def xrange(
        self, name: Key, min: Value = "-", max: Value = "+", count: int | None = None
    ) -> Self:
        """Entries from ``min`` to ``max``, as (id, fields)."""
        return self._add(build.xrange(name, min, max, count))

    def xrevrange(
        self, name: Key, max: Value = "+", min: Value = "-", count: int | None = None
    ) -> Self:
        """Entries from ``max`` down to ``min``, as (id, fields)."""
        return self._add(build.xrevrange(name, max, min, count))

    def xdel(self, name: Key, *ids: Value) -> Self:
        """Deletes entries; how many there were."""
        return self._add(build.xdel(name, *ids))

    def xtrim(
        self,
        name: Key,
        maxlen: int | None = None,
        approximate: bool = True,
        minid: Value | None = None,
        limit: int | None = None,
    ) -> Self:
        """Deletes the oldest entries; how many."""
        return self._add(build.xtrim(name, maxlen, approximate, minid, limit))

    def xread(
        self,
        streams: Mapping[Any, Value],
        count: int | None = None,
        block: int | None = None,
    ) -> Self:
        """Entries behind the id given for each stream ("$": those to come), by
        stream. Waits up to ``block`` milliseconds for some, 0 for ever; empty when
        none came."""
        return self._add(build.xread(streams, count, block))

    def xgroup_create(
        self,
        name: Key,
        groupname: Value,
        id: Value = "$",
        mkstream: bool = False,
        entries_read: int | None = None,
    ) -> Self:
        """Makes a group that begins behind ``id``."""
        return self._add(
            build.xgroup_create(name, groupname, id, mkstream, entries_read)
        )

    def xgroup_createconsumer(
        self, name: Key, groupname: Value, consumername: Value
    ) -> Self:
        """Makes a consumer."""
        return self._add(build.xgroup_createconsumer(name, groupname, consumername))

    def xgroup_delconsumer(
        self, name: Key, groupname: Value, consumername: Value
    ) -> Self:
        """Removes a consumer; how many entries were pending for it."""
        return self._add(build.xgroup_delconsumer(name, groupname, consumername))

    def xgroup_destroy(self, name: Key, groupname: Value) -> Self:
        """Removes a group."""
        return self._add(build.xgroup_destroy(name, groupname))

    def xgroup_setid(
        self, name: Key, groupname: Value, id: Value, entries_read: int | None = None
    ) -> Self:
        """Sets where a group goes on."""
        return self._add(build.xgroup_setid(name, groupname, id, entries_read))

    def xreadgroup(
        self,
        groupname: Value,
        consumername: Value,
        streams: Mapping[Any, Value],
        count: int | None = None,
        block: int | None = None,
        noack: bool = False,
    ) -> Self:
        """Entries for a consumer of a group: with the id ">" new ones, else those
        pending for it. Waits up to ``block`` milliseconds, 0 for ever."""
        return self._add(
            build.xreadgroup(groupname, consumername, streams, count, block, noack)
        )

    def xack(self, name: Key, groupname: Value, *ids: Value) -> Self:
        """Says that entries are dealt with; how many were pending."""
        return self._add(build.xack(name, groupname, *ids))

    def xpending(self, name: Key, groupname: Value) -> Self:
        """How many entries are pending, from which to which, and for whom."""
        return self._add(build.xpending(name, groupname))

    def xpending_range(
        self,
        name: Key,
        groupname: Value,
        min: Value,
        max: Value,
        count: int,
        consumername: Value | None = None,
        idle: int | None = None,
    ) -> Self:
        """The pending entries one by one."""
        return self._add(
            build.xpending_range(name, groupname, min, max, count, consumername, idle)
        )

    def xclaim(
        self,
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
    ) -> Self:
        """Takes pending entries over from another consumer: (id, fields), or ids."""
        return self._add(
            build.xclaim(
                name,
                groupname,
                consumername,
                min_idle_time,
                message_ids,
                idle,
                time,
                retrycount,
                force,
                justid,
            )
        )

    def xautoclaim(
        self,
        name: Key,
        groupname: Value,
        consumername: Value,
        min_idle_time: int | timedelta,
        start_id: Value = "0-0",
        count: int | None = None,
        justid: bool = False,
    ) -> Self:
        """Takes over what is pending for too long: where to go on, the entries, and
        the ids of those that were deleted meanwhile."""
        return self._add(
            build.xautoclaim(
                name, groupname, consumername, min_idle_time, start_id, count, justid
            )
        )

    def xinfo_stream(self, name: Key, full: bool = False) -> Self:
        """What the server knows of a stream."""
        return self._add(build.xinfo_stream(name, full))

    def xinfo_groups(self, name: Key) -> Self:
        """The groups of a stream."""
        return self._add(build.xinfo_groups(name))

    def xinfo_consumers(self, name: Key, groupname: Value) -> Self:
        """The consumers of a group."""
        return self._add(build.xinfo_consumers(name, groupname))

    def xsetid(self, name: Key, id: Value) -> Self:
        """Sets the last id of a stream."""
        return self._add(build.xsetid(name, id))
