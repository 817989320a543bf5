"""Places on the earth, kept in sorted sets.

Written by tools/methods.py from commands/geo.py: change that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from ..commands import geo as build
from ..commands.args import Key, Value
from ._base import Caller, S


class Geo(Caller[S]):
    def geoadd(
        self,
        name: Key,
        values: Sequence[Value],
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
    ) -> int:
        """Adds places: ``values`` is longitude, latitude, name, longitude ...; how
        many are new."""
        return self._call(build.geoadd(name, values, nx, xx, ch))

    def ageoadd(
        self,
        name: Key,
        values: Sequence[Value],
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
    ) -> Awaitable[int]:
        """:meth:`geoadd` for asyncio."""
        return self._acall(build.geoadd(name, values, nx, xx, ch))

    def geodist(
        self, name: Key, place1: Value, place2: Value, unit: str | None = None
    ) -> float | None:
        """How far two places are apart, in m, km, mi or ft."""
        return self._call(build.geodist(name, place1, place2, unit))

    def ageodist(
        self, name: Key, place1: Value, place2: Value, unit: str | None = None
    ) -> Awaitable[float | None]:
        """:meth:`geodist` for asyncio."""
        return self._acall(build.geodist(name, place1, place2, unit))

    def geohash(self, name: Key, *values: Value) -> list[str | None]:
        """The geohashes of places."""
        return self._call(build.geohash(name, *values))

    def ageohash(self, name: Key, *values: Value) -> Awaitable[list[str | None]]:
        """:meth:`geohash` for asyncio."""
        return self._acall(build.geohash(name, *values))

    def geopos(self, name: Key, *values: Value) -> list[tuple[float, float] | None]:
        """The longitude and latitude of places."""
        return self._call(build.geopos(name, *values))

    def ageopos(
        self, name: Key, *values: Value
    ) -> Awaitable[list[tuple[float, float] | None]]:
        """:meth:`geopos` for asyncio."""
        return self._acall(build.geopos(name, *values))

    def geosearch(
        self,
        name: Key,
        member: Value | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: str = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: str | None = None,
        count: int | None = None,
        any: bool = False,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
    ) -> list[Any]:
        """Places in a circle or a box around a member or a point; ``sort``: ASC or
        DESC by distance. With what was asked for beside the name: [name, distance,
        hash, (longitude, latitude)]."""
        return self._call(
            build.geosearch(
                name,
                member,
                longitude,
                latitude,
                unit,
                radius,
                width,
                height,
                sort,
                count,
                any,
                withcoord,
                withdist,
                withhash,
            )
        )

    def ageosearch(
        self,
        name: Key,
        member: Value | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: str = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: str | None = None,
        count: int | None = None,
        any: bool = False,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
    ) -> Awaitable[list[Any]]:
        """:meth:`geosearch` for asyncio."""
        return self._acall(
            build.geosearch(
                name,
                member,
                longitude,
                latitude,
                unit,
                radius,
                width,
                height,
                sort,
                count,
                any,
                withcoord,
                withdist,
                withhash,
            )
        )

    def geosearchstore(
        self,
        dest: Key,
        name: Key,
        member: Value | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: str = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: str | None = None,
        count: int | None = None,
        any: bool = False,
        storedist: bool = False,
    ) -> int:
        """Stores what geosearch finds; how many."""
        return self._call(
            build.geosearchstore(
                dest,
                name,
                member,
                longitude,
                latitude,
                unit,
                radius,
                width,
                height,
                sort,
                count,
                any,
                storedist,
            )
        )

    def ageosearchstore(
        self,
        dest: Key,
        name: Key,
        member: Value | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: str = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: str | None = None,
        count: int | None = None,
        any: bool = False,
        storedist: bool = False,
    ) -> Awaitable[int]:
        """:meth:`geosearchstore` for asyncio."""
        return self._acall(
            build.geosearchstore(
                dest,
                name,
                member,
                longitude,
                latitude,
                unit,
                radius,
                width,
                height,
                sort,
                count,
                any,
                storedist,
            )
        )
