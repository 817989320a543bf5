"""Iterators over keys, fields and members, without holding the server up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from . import _core
from .commands import hashes, keys, sets, sorted_sets
from .commands.args import Call, Key, Value
from .methods._base import Caller, S
from .session import shaped

__all__ = ["Scans"]


class Scans(Caller[S], _core.Client):
    """Iterations. What is there at the beginning and at the end of one comes at least
    once; what comes or goes meanwhile may come or not. ``count`` is how much to look at
    in one step."""

    _settings: dict[str, Any]

    # ---- Keys, of all primaries ---------------------------------------------------

    def scan_iter(
        self,
        match: Value | None = None,
        count: int | None = None,
        _type: str | None = None,
    ) -> Iterator[S]:
        """All keys, in a cluster those of all primaries."""
        if self._settings["kind"] == "cluster":
            self.execute("PING")  # so that the nodes are known
        for node in self._owners():
            cursor = None
            while cursor != 0:
                call: Call[tuple[int, list[S]]] = keys.scan(
                    cursor or 0, match, count, _type
                )
                cursor, found = shaped(call, self._run([call[0]], node=node)[0])
                yield from found

    async def ascan_iter(
        self,
        match: Value | None = None,
        count: int | None = None,
        _type: str | None = None,
    ) -> AsyncIterator[S]:
        """:meth:`scan_iter` for ``async for``."""
        if self._settings["kind"] == "cluster":
            await self.aexecute("PING")
        for node in self._owners():
            cursor = None
            while cursor != 0:
                call: Call[tuple[int, list[S]]] = keys.scan(
                    cursor or 0, match, count, _type
                )
                cursor, found = shaped(
                    call, (await self._arun([call[0]], node=node))[0]
                )
                for key in found:
                    yield key

    def _owners(self) -> list[int | None]:
        """The nodes that have keys of their own; None: whichever is the primary."""
        if self._settings["kind"] in ("single", "sentinel"):
            return [None]
        return [n[0] for n in self._nodes() if n[3] in ("primary", "member") and n[5]]

    # ---- Of one key ----------------------------------------------------------------

    def _steps(self, step: Any, *args: Any) -> Iterator[Any]:
        cursor = None
        while cursor != 0:
            call: Call[tuple[int, Any]] = step(args[0], cursor or 0, *args[1:])
            cursor, found = self._call(call)
            yield from found.items() if isinstance(found, dict) else found

    async def _asteps(self, step: Any, *args: Any) -> AsyncIterator[Any]:
        cursor = None
        while cursor != 0:
            call: Call[tuple[int, Any]] = step(args[0], cursor or 0, *args[1:])
            cursor, found = await self._acall(call)
            for part in found.items() if isinstance(found, dict) else found:
                yield part

    def hscan_iter(
        self, name: Key, match: Value | None = None, count: int | None = None
    ) -> Iterator[tuple[S, S]]:
        """The fields of a hash, as (field, value)."""
        return self._steps(hashes.hscan, name, match, count)

    def ahscan_iter(
        self, name: Key, match: Value | None = None, count: int | None = None
    ) -> AsyncIterator[tuple[S, S]]:
        """:meth:`hscan_iter` for ``async for``."""
        return self._asteps(hashes.hscan, name, match, count)

    def sscan_iter(
        self, name: Key, match: Value | None = None, count: int | None = None
    ) -> Iterator[S]:
        """The members of a set."""
        return self._steps(sets.sscan, name, match, count)

    def asscan_iter(
        self, name: Key, match: Value | None = None, count: int | None = None
    ) -> AsyncIterator[S]:
        """:meth:`sscan_iter` for ``async for``."""
        return self._asteps(sets.sscan, name, match, count)

    def zscan_iter(
        self, name: Key, match: Value | None = None, count: int | None = None
    ) -> Iterator[tuple[S, float]]:
        """The members of a sorted set, as (member, score)."""
        return self._steps(sorted_sets.zscan, name, match, count)

    def azscan_iter(
        self, name: Key, match: Value | None = None, count: int | None = None
    ) -> AsyncIterator[tuple[S, float]]:
        """:meth:`zscan_iter` for ``async for``."""
        return self._asteps(sorted_sets.zscan, name, match, count)
