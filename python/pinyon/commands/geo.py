"""Places on the earth, kept in sorted sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._core import ArgumentError
from . import shape
from .args import Args, Call, Key, Value, flags, one_of, opt


def geoadd(
    name: Key,
    values: Sequence[Value],
    nx: bool = False,
    xx: bool = False,
    ch: bool = False,
) -> Call[int]:
    """Adds places: ``values`` is longitude, latitude, name, longitude ...; how many are
    new."""
    one_of(nx=nx, xx=xx)
    if not values or len(values) % 3:
        raise ArgumentError("geoadd: values are longitude, latitude, name, ...")
    return ("GEOADD", name, *flags(nx=nx, xx=xx, ch=ch), *values), None


def geodist(
    name: Key, place1: Value, place2: Value, unit: str | None = None
) -> Call[float | None]:
    """How far two places are apart, in m, km, mi or ft."""
    words = () if unit is None else (unit,)
    return ("GEODIST", name, place1, place2, *words), shape.floating


def geohash(name: Key, *values: Value) -> Call[list[str | None]]:
    """The geohashes of places."""
    return ("GEOHASH", name, *values), lambda reply: [
        shape.maybe_text(part) for part in reply
    ]


def geopos(name: Key, *values: Value) -> Call[list[tuple[float, float] | None]]:
    """The longitude and latitude of places."""
    return ("GEOPOS", name, *values), shape.positions


def _search(
    member: Value | None,
    longitude: float | None,
    latitude: float | None,
    unit: str,
    radius: float | None,
    width: float | None,
    height: float | None,
    sort: str | None,
    count: int | None,
    any: bool,
) -> Args:
    words = opt("FROMMEMBER", member)
    if longitude is not None and latitude is not None:
        words += ("FROMLONLAT", longitude, latitude)
    if len(words) not in (2, 3):
        raise ArgumentError("give member=, or longitude= and latitude=")
    if radius is not None and width is None and height is None:
        words += ("BYRADIUS", radius, unit)
    elif radius is None and width is not None and height is not None:
        words += ("BYBOX", width, height, unit)
    else:
        raise ArgumentError("give radius=, or width= and height=")
    if any and count is None:
        raise ArgumentError("any= wants count=")
    words += () if sort is None else (sort,)
    return words + opt("COUNT", count) + flags(any=any)


def geosearch(
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
) -> Call[list[Any]]:
    """Places in a circle or a box around a member or a point; ``sort``: ASC or DESC by
    distance. With what was asked for beside the name: [name, distance, hash,
    (longitude, latitude)]."""
    words = _search(
        member, longitude, latitude, unit, radius, width, height, sort, count, any
    )
    words += flags(withcoord=withcoord, withdist=withdist, withhash=withhash)
    return ("GEOSEARCH", name, *words), shape.places(withdist, withhash, withcoord)


def geosearchstore(
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
) -> Call[int]:
    """Stores what geosearch finds; how many."""
    words = _search(
        member, longitude, latitude, unit, radius, width, height, sort, count, any
    )
    return ("GEOSEARCHSTORE", dest, name, *words, *flags(storedist=storedist)), None
