"""Streams: entries with ids, read by consumers and groups of them.

Written by tools/methods.py from commands/streams.py: change that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ..commands import streams as build
from ..commands.args import Key, Value
from ..commands.streams import Entries
from ._base import Caller, S


class Streams(Caller[S]):
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
    ) -> S | None:
        """Adds an entry; its id. ``maxlen`` or ``minid`` trim the stream, by default
        to about that. With ``nomkstream`` None when there is no such stream."""
        return self._call(
            build.xadd(name, fields, id, maxlen, approximate, nomkstream, minid, limit)
        )

    def axadd(
        self,
        name: Key,
        fields: Mapping[Any, Value],
        id: Value = "*",
        maxlen: int | None = None,
        approximate: bool = True,
        nomkstream: bool = False,
        minid: Value | None = None,
        limit: int | None = None,
    ) -> Awaitable[S | None]:
        """:meth:`xadd` for asyncio."""
        return self._acall(
            build.xadd(name, fields, id, maxlen, approximate, nomkstream, minid, limit)
        )

    def xlen(self, name: Key) -> int:
        """How many entries there are."""
        return self._call(build.xlen(name))

    def axlen(self, name: Key) -> Awaitable[int]:
        """:meth:`xlen` for asyncio."""
        return self._acall(build.xlen(name))

    def xrange(
        self, name: Key, min: Value = "-", max: Value = "+", count: int | None = None
    ) -> Entries[S]:
        """Entries from ``min`` to ``max``, as (id, fields)."""
        return self._call(build.xrange(name, min, max, count))

    def axrange(
        self, name: Key, min: Value = "-", max: Value = "+", count: int | None = None
    ) -> Awaitable[Entries[S]]:
        """:meth:`xrange` for asyncio."""
        return self._acall(build.xrange(name, min, max, count))

    def xrevrange(
        self, name: Key, max: Value = "+", min: Value = "-", count: int | None = None
    ) -> Entries[S]:
        """Entries from ``max`` down to ``min``, as (id, fields)."""
        return self._call(build.xrevrange(name, max, min, count))

    def axrevrange(
        self, name: Key, max: Value = "+", min: Value = "-", count: int | None = None
    ) -> Awaitable[Entries[S]]:
        """:meth:`xrevrange` for asyncio."""
        return self._acall(build.xrevrange(name, max, min, count))

    def xdel(self, name: Key, *ids: Value) -> int:
        """Deletes entries; how many there were."""
        return self._call(build.xdel(name, *ids))

    def axdel(self, name: Key, *ids: Value) -> Awaitable[int]:
        """:meth:`xdel` for asyncio."""
        return self._acall(build.xdel(name, *ids))

    def xtrim(
        self,
        name: Key,
        maxlen: int | None = None,
        approximate: bool = True,
        minid: Value | None = None,
        limit: int | None = None,
    ) -> int:
        """Deletes the oldest entries; how many."""
        return self._call(build.xtrim(name, maxlen, approximate, minid, limit))

    def axtrim(
        self,
        name: Key,
        maxlen: int | None = None,
        approximate: bool = True,
        minid: Value | None = None,
        limit: int | None = None,
    ) -> Awaitable[int]:
        """:meth:`xtrim` for asyncio."""
        return self._acall(build.xtrim(name, maxlen, approximate, minid, limit))

    def xread(
        self,
        streams: Mapping[Any, Value],
        count: int | None = None,
        block: int | None = None,
    ) -> dict[S, Entries[S]]:
        """Entries behind the id given for each stream ("$": those to come), by
        stream. Waits up to ``block`` milliseconds for some, 0 for ever; empty when
        none came."""
        return self._call(build.xread(streams, count, block))

    def axread(
        self,
        streams: Mapping[Any, Value],
        count: int | None = None,
        block: int | None = None,
    ) -> Awaitable[dict[S, Entries[S]]]:
        """:meth:`xread` for asyncio."""
        return self._acall(build.xread(streams, count, block))

    def xgroup_create(
        self,
        name: Key,
        groupname: Value,
        id: Value = "$",
        mkstream: bool = False,
        entries_read: int | None = None,
    ) -> bool:
        """Makes a group that begins behind ``id``."""
        return self._call(
            build.xgroup_create(name, groupname, id, mkstream, entries_read)
        )

    def axgroup_create(
        self,
        name: Key,
        groupname: Value,
        id: Value = "$",
        mkstream: bool = False,
        entries_read: int | None = None,
    ) -> Awaitable[bool]:
        """:meth:`xgroup_create` for asyncio."""
        return self._acall(
            build.xgroup_create(name, groupname, id, mkstream, entries_read)
        )

    def xgroup_createconsumer(
        self, name: Key, groupname: Value, consumername: Value
    ) -> bool:
        """Makes a consumer."""
        return self._call(build.xgroup_createconsumer(name, groupname, consumername))

    def axgroup_createconsumer(
        self, name: Key, groupname: Value, consumername: Value
    ) -> Awaitable[bool]:
        """:meth:`xgroup_createconsumer` for asyncio."""
        return self._acall(build.xgroup_createconsumer(name, groupname, consumername))

    def xgroup_delconsumer(
        self, name: Key, groupname: Value, consumername: Value
    ) -> int:
        """Removes a consumer; how many entries were pending for it."""
        return self._call(build.xgroup_delconsumer(name, groupname, consumername))

    def axgroup_delconsumer(
        self, name: Key, groupname: Value, consumername: Value
    ) -> Awaitable[int]:
        """:meth:`xgroup_delconsumer` for asyncio."""
        return self._acall(build.xgroup_delconsumer(name, groupname, consumername))

    def xgroup_destroy(self, name: Key, groupname: Value) -> bool:
        """Removes a group."""
        return self._call(build.xgroup_destroy(name, groupname))

    def axgroup_destroy(self, name: Key, groupname: Value) -> Awaitable[bool]:
        """:meth:`xgroup_destroy` for asyncio."""
        return self._acall(build.xgroup_destroy(name, groupname))

    def xgroup_setid(
        self, name: Key, groupname: Value, id: Value, entries_read: int | None = None
    ) -> bool:
        """Sets where a group goes on."""
        return self._call(build.xgroup_setid(name, groupname, id, entries_read))

    def axgroup_setid(
        self, name: Key, groupname: Value, id: Value, entries_read: int | None = None
    ) -> Awaitable[bool]:
        """:meth:`xgroup_setid` for asyncio."""
        return self._acall(build.xgroup_setid(name, groupname, id, entries_read))

    def xreadgroup(
        self,
        groupname: Value,
        consumername: Value,
        streams: Mapping[Any, Value],
        count: int | None = None,
        block: int | None = None,
        noack: bool = False,
    ) -> dict[S, Entries[S]]:
        """Entries for a consumer of a group: with the id ">" new ones, else those
        pending for it. Waits up to ``block`` milliseconds, 0 for ever."""
        return self._call(
            build.xreadgroup(groupname, consumername, streams, count, block, noack)
        )

    def axreadgroup(
        self,
        groupname: Value,
        consumername: Value,
        streams: Mapping[Any, Value],
        count: int | None = None,
        block: int | None = None,
        noack: bool = False,
    ) -> Awaitable[dict[S, Entries[S]]]:
        """:meth:`xreadgroup` for asyncio."""
        return self._acall(
            build.xreadgroup(groupname, consumername, streams, count, block, noack)
        )

    def xack(self, name: Key, groupname: Value, *ids: Value) -> int:
        """Says that entries are dealt with; how many were pending."""
        return self._call(build.xack(name, groupname, *ids))

    def axack(self, name: Key, groupname: Value, *ids: Value) -> Awaitable[int]:
        """:meth:`xack` for asyncio."""
        return self._acall(build.xack(name, groupname, *ids))

    def xpending(self, name: Key, groupname: Value) -> dict[str, Any]:
        """How many entries are pending, from which to which, and for whom."""
        return self._call(build.xpending(name, groupname))

    def axpending(self, name: Key, groupname: Value) -> Awaitable[dict[str, Any]]:
        """:meth:`xpending` for asyncio."""
        return self._acall(build.xpending(name, groupname))

    def xpending_range(
        self,
        name: Key,
        groupname: Value,
        min: Value,
        max: Value,
        count: int,
        consumername: Value | None = None,
        idle: int | None = None,
    ) -> list[dict[str, Any]]:
        """The pending entries one by one."""
        return self._call(
            build.xpending_range(name, groupname, min, max, count, consumername, idle)
        )

    def axpending_range(
        self,
        name: Key,
        groupname: Value,
        min: Value,
        max: Value,
        count: int,
        consumername: Value | None = None,
        idle: int | None = None,
    ) -> Awaitable[list[dict[str, Any]]]:
        """:meth:`xpending_range` for asyncio."""
        return self._acall(
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
    ) -> list[Any]:
        """Takes pending entries over from another consumer: (id, fields), or ids."""
        return self._call(
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

    def axclaim(
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
    ) -> Awaitable[list[Any]]:
        """:meth:`xclaim` for asyncio."""
        return self._acall(
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
    ) -> tuple[S, list[Any], list[S]]:
        """Takes over what is pending for too long: where to go on, the entries, and
        the ids of those that were deleted meanwhile."""
        return self._call(
            build.xautoclaim(
                name, groupname, consumername, min_idle_time, start_id, count, justid
            )
        )

    def axautoclaim(
        self,
        name: Key,
        groupname: Value,
        consumername: Value,
        min_idle_time: int | timedelta,
        start_id: Value = "0-0",
        count: int | None = None,
        justid: bool = False,
    ) -> Awaitable[tuple[S, list[Any], list[S]]]:
        """:meth:`xautoclaim` for asyncio."""
        return self._acall(
            build.xautoclaim(
                name, groupname, consumername, min_idle_time, start_id, count, justid
            )
        )

    def xinfo_stream(self, name: Key, full: bool = False) -> dict[str, Any]:
        """What the server knows of a stream."""
        return self._call(build.xinfo_stream(name, full))

    def axinfo_stream(self, name: Key, full: bool = False) -> Awaitable[dict[str, Any]]:
        """:meth:`xinfo_stream` for asyncio."""
        return self._acall(build.xinfo_stream(name, full))

    def xinfo_groups(self, name: Key) -> list[dict[str, Any]]:
        """The groups of a stream."""
        return self._call(build.xinfo_groups(name))

    def axinfo_groups(self, name: Key) -> Awaitable[list[dict[str, Any]]]:
        """:meth:`xinfo_groups` for asyncio."""
        return self._acall(build.xinfo_groups(name))

    def xinfo_consumers(self, name: Key, groupname: Value) -> list[dict[str, Any]]:
        """The consumers of a group."""
        return self._call(build.xinfo_consumers(name, groupname))

    def axinfo_consumers(
        self, name: Key, groupname: Value
    ) -> Awaitable[list[dict[str, Any]]]:
        """:meth:`xinfo_consumers` for asyncio."""
        return self._acall(build.xinfo_consumers(name, groupname))

    def xsetid(self, name: Key, id: Value) -> bool:
        """Sets the last id of a stream."""
        return self._call(build.xsetid(name, id))

    def axsetid(self, name: Key, id: Value) -> Awaitable[bool]:
        """:meth:`xsetid` for asyncio."""
        return self._acall(build.xsetid(name, id))
