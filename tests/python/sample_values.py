"""What values are made of in tests, and when two of them are the same."""

from __future__ import annotations

import datetime as dt
import struct
import zoneinfo
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from pinyon import _core

INT, ZSTD, META, RAW = 1, 2, 4, 8
SECRET = b"0123456789abcdef"
CODEC = _core.Codec()
SIGNED = _core.Codec("pickle", secret=SECRET)


def there_and_back(value: Any, codec: Any = CODEC) -> Any:
    return codec.decode(*codec.encode(value))


def same(a: Any, b: Any) -> bool:
    """Equality with types, order of dicts, bits of floats, zones and folds."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return struct.pack("<d", a) == struct.pack("<d", b)
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, Decimal):
        return a.as_tuple() == b.as_tuple()
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if isinstance(a, set | frozenset):
        return len(a) == len(b) and all(any(same(x, y) for y in b) for x in a)
    if isinstance(a, dt.datetime | dt.time):
        return (
            a.replace(tzinfo=None) == b.replace(tzinfo=None)
            and a.fold == b.fold
            and same(a.tzinfo, b.tzinfo)
        )
    if isinstance(a, dt.timezone):
        return a.__getinitargs__() == b.__getinitargs__()
    if isinstance(a, zoneinfo.ZoneInfo):
        return a.key == b.key
    return bool(a == b)


zones = st.one_of(
    st.none(),
    st.builds(
        dt.timezone,
        st.timedeltas(
            min_value=dt.timedelta(hours=-23, minutes=-59),
            max_value=dt.timedelta(hours=23, minutes=59),
        ),
    ),
    st.just(dt.timezone(dt.timedelta(hours=1), "CET")),
    st.just(zoneinfo.ZoneInfo("Europe/Paris")),
)
texts = st.text(st.characters(exclude_categories=("Cs",)))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**300), 2**300),
    st.floats(),
    texts,
    st.binary(),
    st.binary().map(bytearray),
    st.complex_numbers(),
    st.datetimes(timezones=zones),
    st.dates(),
    st.times(timezones=zones),
    st.timedeltas(),
    st.decimals(),
    st.uuids(),
    zones,
)
keys = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    texts,
    st.binary(),
    st.dates(),
    st.uuids(),
    st.tuples(st.integers(), texts),
    st.frozensets(st.integers(), max_size=3),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(keys, inner),
        st.sets(keys),
        st.frozensets(keys),
    ),
    max_leaves=25,
)
