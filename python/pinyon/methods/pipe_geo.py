"""Places on the earth, kept in sorted sets.

Written by tools/methods.py from commands/geo.py: change that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from ..commands import geo as build
from ..commands.args import Key, Value
from ._base import Adder


class PipeGeo(Adder):
    def geoadd(
        self,
        name: Key,
        values: Sequence[Value],
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
    ) -> Self:
        """Adds places: ``values`` is longitude, latitude, name, longitude ...; how
        many are new."""
        return self._add(build.geoadd(name, values, nx, xx, ch))

    def geodist(
        self, name: Key, place1: Value, place2: Value, unit: str | None = None
    ) -> Self:
        """How far two places are apart, in m, km, mi or ft."""
        return self._add(build.geodist(name, place1, place2, unit))

    def geohash(self, name: Key, *values: Value) -> Self:
        """The geohashes of places."""
        return self._add(build.geohash(name, *values))

    def geopos(self, name: Key, *values: Value) -> Self:
        """The longitude and latitude of places."""
        return self._add(build.geopos(name, *values))

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
    ) -> Self:
        """Places in a circle or a box around a member or a point; ``sort``: ASC or
        DESC by distance. With what was asked for beside the name: [name, distance,
        hash, (longitude, latitude)]."""
        return self._add(
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
    ) -> Self:
        """Stores what geosearch finds; how many."""
        return self._add(
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
