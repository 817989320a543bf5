"""Values: what comes out equals what went in, type included, or there is an error."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import enum
import gc
import math
import os
import struct
import sys
import threading
import uuid
import zoneinfo
from collections import OrderedDict, namedtuple
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from pinyon import _core
from pinyon._values import register, register_annotation
from sample_values import (
    CODEC,
    INT,
    META,
    RAW,
    SIGNED,
    ZSTD,
    same,
    there_and_back,
    values,
)


@given(values)
def test_what_comes_out_equals_what_went_in(value: Any) -> None:
    assert same(there_and_back(value), value)
    assert same(there_and_back([value]), [value])
    with_meta = CODEC.encode(value, 123, 456)
    assert same(CODEC.decode(*with_meta), value)
    assert CODEC.meta(*with_meta) == (123, 456)


@given(values)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_compressed_or_not_the_value_is_the_same(value: Any) -> None:
    codec = _core.Codec(compress_min=0)
    assert same(codec.decode(*codec.encode(value)), value)
    assert same(codec.decode(*codec.encode([value] * 20)), [value] * 20)


@pytest.mark.parametrize(
    "value",
    [
        *(
            sign * 2**n + d
            for n in (7, 8, 15, 16, 31, 32, 63, 64)
            for d in (-1, 0, 1)
            for sign in (1, -1)
        ),
        -0.0,
        math.inf,
        struct.unpack("<d", b"\x01\0\0\0\0\0\xf8\x7f")[0],
        Decimal("sNaN123"),
        Decimal("-0E+7"),
        "\0",
        "x" * 31,
        "x" * 32,
        "x" * 70_000,
        dt.datetime(2024, 10, 27, 2, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")),
        dt.timezone(dt.timedelta(microseconds=-1), "odd"),
        dt.datetime.min,
        dt.datetime.max,
        dt.timedelta.min,
        dt.timedelta.max,
        list(range(70_000)),
        tuple(range(300)),
        {i: str(i) for i in range(70_000)},
        set(range(300)),
        ((((("deep",) * 60,) * 2,),),),
        {"b": 1, "a": 2},
    ],
    ids=lambda value: repr(value)[:30],
)
def test_edges_of_the_format(value: Any) -> None:
    assert same(there_and_back(value), value)
    assert same(there_and_back([value]), [value])


def test_rows_share_their_keys() -> None:
    rows = [{f"k{i % 7}": i, f"{i:031}": i, "": i, "é": i} for i in range(500)]
    back = there_and_back(rows)
    assert same(back, rows)
    first, second = list(back[0]), list(back[7])
    assert first[0] is second[0]
    assert first[3] is second[3]


# ---- The envelope -------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, 1, -1, 2**63 - 1, -(2**63)])
def test_an_int_of_64_bits_is_a_counter(value: int) -> None:
    assert CODEC.encode(value) == (struct.pack("<q", value), INT)
    # with metadata in front the store could not add to it, so it is not marked
    data, bits = CODEC.encode(value, 1, 2)
    assert bits == META
    assert CODEC.decode(data, bits) == value


def test_an_int_beyond_64_bits_or_a_bool_is_no_counter() -> None:
    assert CODEC.encode(2**63)[1] == 0
    assert CODEC.encode(True)[1] == 0


def test_bytes_are_stored_as_they_are() -> None:
    assert CODEC.encode(b"abc") == (b"abc", RAW)
    assert CODEC.encode(b"") == (b"", RAW)
    assert CODEC.encode(b"abc", 0, 0) == (bytes(10) + b"abc", RAW | META)


def test_metadata_is_laid_out_as_documented_and_saturates() -> None:
    data, bits = CODEC.encode(None, 0x010203040506, 7)
    assert (data, bits) == (b"\x06\x05\x04\x03\x02\x01\x07\0\0\0\x01", META)
    data, bits = CODEC.encode(None, 2**60, 2**40)
    assert CODEC.meta(data, bits) == (2**48 - 1, 2**32 - 1)
    assert CODEC.meta(*CODEC.encode(None)) is None
    assert CODEC.meta(b"short", META) is None


def test_the_bytes_never_change() -> None:
    """Stored values outlive the version that wrote them."""
    tz = dt.timezone(dt.timedelta(hours=1), "X")
    golden = {
        "01": None,
        "02": False,
        "03": True,
        "05000000000000f83f": 1.5,
        "06c3a9": "é",
        "0893c001c3": [None, 1, True],
        "08c7050293a16102c0": ("a", 2, None),
        "0881a16bcbbff8000000000000": {"k": -1.5},
        "08c702039105": {5},
        "08c702049105": frozenset({5}),
        "08c70901010000000000000000": 2**64,
        "08d60807e70102": dt.date(2023, 1, 2),
        "08c70c0a000000010000000200000003": dt.timedelta(1, 2, 3),
        "08c70a0b00000000d693a4000158": tz,
        "08c7030c312e30": Decimal("1.0"),
        "08d80d" + "00" * 15 + "01": uuid.UUID(int=1),
        "08c7030e555443": zoneinfo.ZoneInfo("UTC"),
    }
    for expected, value in golden.items():
        data, bits = CODEC.encode(value)
        assert (data.hex(), bits) == (expected, 0), repr(value)
        assert same(CODEC.decode(data, bits), value)


def test_a_large_value_is_compressed_only_if_that_helps() -> None:
    data, bits = CODEC.encode(["pinyon"] * 1000)
    assert bits == ZSTD
    assert len(data) < 100
    assert CODEC.encode(b"x" * 5000)[1] == RAW | ZSTD
    assert CODEC.encode(os.urandom(5000))[1] == RAW
    assert _core.Codec(compress_min=-1).encode(b"x" * 5000)[1] == RAW
    assert CODEC.encode(b"x" * 1023)[1] == RAW


def test_threads_share_a_codec() -> None:
    """More threads than contexts, and payloads large enough to release the GIL."""
    wrong: list[int] = []
    barrier = threading.Barrier(6)

    def work(n: int) -> None:
        value = [f"{n}-{i}" for i in range(20_000)]
        barrier.wait()
        for _ in range(5):
            if there_and_back(value) != value:
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# ---- What is refused ----------------------------------------------------------------


class Foreign:
    pass


class MyDict(dict):  # type: ignore[type-arg]
    pass


class MyInt(int):
    pass


class MyStr(str):
    __slots__ = ()


class OtherZone(dt.tzinfo):
    def utcoffset(self, _when: Any) -> dt.timedelta:
        return dt.timedelta(0)


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    "value",
    [
        Foreign(),
        MyDict(),
        MyInt(1),
        MyStr("x"),
        OrderedDict(),
        Point(1, 2),
        object,
        len,
        range(3),
        enum.Enum("E", "A").A,
        memoryview(b"x"),
    ],  # type: ignore[attr-defined]
    ids=repr,
)
def test_what_would_change_is_refused(value: Any) -> None:
    name = type(value).__qualname__
    with pytest.raises(_core.SerializationError, match="register") as caught:
        CODEC.encode(value)
    assert str(caught.value).startswith("value: type ")
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([1, {"users": [0, 1, 2, Foreign()]}], "value[1]['users'][3]"),
        ({"users": ({"x": Foreign()},)}, "value['users'][0]['x']"),
        ({(1, Foreign()): 2}, "value.keys()[1]"),
        ({"s": {1, Foreign()}}, "value['s']{member}"),
        ({7: Foreign()}, "value[7]"),
        ([dt.datetime(2020, 1, 1, tzinfo=OtherZone())], "value[0]"),
        (["\ud800"], "value[0]"),
    ],
)
def test_a_refusal_names_the_path(value: Any, path: str) -> None:
    with pytest.raises(_core.SerializationError) as caught:
        CODEC.encode(value)
    assert str(caught.value).startswith(path + ": ")


def test_a_container_within_itself_is_refused_at_once() -> None:
    loop: list[Any] = []
    loop += [loop, loop]
    table: dict[str, Any] = {}
    table["a"] = [table, table]
    for value in (loop, table):
        with pytest.raises(_core.SerializationError, match="contains itself"):
            CODEC.encode(value)


def test_depth_is_bounded_both_ways() -> None:
    value: list[Any] = []
    for _ in range(127):
        value = [value]
    assert there_and_back(value) == value
    with pytest.raises(_core.SerializationError, match="128 levels"):
        CODEC.encode([value])
    with pytest.raises(_core.SerializationError, match="128 levels"):
        CODEC.decode(b"\x08" + b"\x91" * 200 + b"\xc0", 0)


def test_a_value_beyond_the_limit_is_refused_whole() -> None:
    with pytest.raises(_core.ValueTooLarge, match="64 MiB"):
        CODEC.encode(bytes((64 << 20) + 1))
    laughs: list[Any] = ["ha" * 100]
    for _ in range(60):
        laughs = [laughs, laughs]
    with pytest.raises(_core.ValueTooLarge, match="64 MiB"):
        CODEC.encode(laughs)


def test_a_list_that_changes_meanwhile_is_refused() -> None:
    class Sly:
        pass

    value: list[Any] = [Sly(), 1]
    _core.register(Sly, "Sly-list", lambda _: value.clear(), lambda _: Sly())
    with pytest.raises(_core.SerializationError, match="changed while"):
        CODEC.encode(value)
    table: dict[str, Any] = {"a": Sly(), "b": 1}
    _core.register(Sly, "Sly-list", lambda _: table.pop("b"), lambda _: Sly())
    with pytest.raises(_core.SerializationError, match="changed while"):
        CODEC.encode(table)


# ---- Registered classes -------------------------------------------------------------


class Colour(enum.Enum):
    RED = 1
    BLUE = "b"


class Right(enum.Flag):
    READ = 1
    WRITE = 2


@dataclasses.dataclass(frozen=True)
class Seed:
    weight: float
    colour: Colour = Colour.RED


@dataclasses.dataclass
class Hoard:
    seeds: list[Seed]
    place: Point
    made: int = dataclasses.field(default=0, init=False)

    def __post_init__(self) -> None:
        self.made += 1


def test_registered_classes_there_and_back() -> None:
    for cls in (Colour, Right, Seed, Hoard, Point):
        register(cls)
    hoard = Hoard([Seed(1.5), Seed(2.0, Colour.BLUE)], Point(1, (2,)))
    back = there_and_back({"h": hoard})["h"]
    assert back == hoard
    assert type(back.place) is Point
    assert back.made == 1
    for member in (Colour.BLUE, Right.READ, Right.READ | Right.WRITE, Right(0)):
        assert there_and_back(member) is member
    hoard.seeds.append(Foreign())  # type: ignore[arg-type]
    with pytest.raises(_core.SerializationError) as caught:
        CODEC.encode([hoard])
    assert str(caught.value).startswith("value[0].seeds[2]: ")


def test_a_field_that_is_not_declared_is_not_lost_silently() -> None:
    register(Hoard)
    hoard = Hoard([], Point(1, 2))
    hoard.extra = 1  # type: ignore[attr-defined]
    with pytest.raises(_core.SerializationError, match="encoder") as caught:
        CODEC.encode(hoard)
    assert "extra" in str(caught.value.__cause__)


def test_a_class_that_changed_is_not_guessed() -> None:
    def version(fields: list[str]) -> type:
        return dataclasses.make_dataclass("Row", fields)

    old, new = version(["a"]), version(["a", "b"])
    old.__module__ = new.__module__ = "shop"
    register(old)
    stored = CODEC.encode(old(1))  # type: ignore[call-arg]
    register(new)
    with pytest.raises(_core.SerializationError) as caught:
        CODEC.decode(*stored)
    assert "b differ" in str(caught.value.__cause__)
    with pytest.raises(_core.SerializationError, match="register"):
        CODEC.encode(old(1))  # type: ignore[call-arg]


def test_names_are_not_shared() -> None:
    class One:
        pass

    class Two:
        pass

    _core.register(One, "one", lambda o: None, lambda v: One())
    with pytest.raises(ValueError, match="taken"):
        _core.register(Two, "one", lambda o: None, lambda v: Two())
    with pytest.raises(ValueError, match="already"):
        _core.register(One, "uno", lambda o: None, lambda v: One())
    with pytest.raises(TypeError):
        register(One)
    assert type(there_and_back(One())) is One


def test_hooks_that_fail_are_the_cause() -> None:
    class Bad:
        pass

    def decode(_value: Any) -> Any:
        raise KeyError("no")

    _core.register(Bad, "bad", lambda o: 1, decode)
    with pytest.raises(_core.SerializationError, match="decoder") as caught:
        there_and_back(Bad())
    assert isinstance(caught.value.__cause__, KeyError)
    _core.register(Bad, "bad", lambda o: 1, lambda v: v)
    with pytest.raises(_core.SerializationError, match="returned"):
        there_and_back(Bad())


@dataclasses.dataclass
class Leaf:
    n: int


@dataclasses.dataclass
class Tree:
    leaves: dict[str, list[Leaf | None]]


def test_an_annotation_registers_what_it_speaks_of() -> None:
    register_annotation(dict[str, Tree | None] | None)
    tree = Tree({"a": [Leaf(1), None]})
    assert there_and_back(tree) == tree


# ---- Leaks --------------------------------------------------------------------------


def exercise() -> None:
    value = {"a": [1, (2.5, "x" * 100), {3}, 2**90], "d": dt.datetime(2020, 1, 1)}
    stored, bits = CODEC.encode(value)
    CODEC.decode(stored, bits)
    CODEC.decode(*CODEC.encode(["pinyon"] * 400))
    CODEC.decode(*CODEC.encode(b"x" * 600))
    rows, _ = CODEC.encode([{"key": 1, "other": "x"}] * 3)
    CODEC.decode(rows, 0)
    with contextlib.suppress(_core.SerializationError):
        CODEC.decode(rows[:-2], 0)
    CODEC.decode(*CODEC.encode(Seed(1.0)))
    SIGNED.decode(*SIGNED.encode([1, "x"]))
    for wrong in ([1, Foreign()], {(1, Foreign()): 1}, ["x" * 2000, "\ud800"]):
        with contextlib.suppress(_core.SerializationError):
            CODEC.encode(wrong)
    for cut in (1, 5, 20, len(stored) - 1):
        with contextlib.suppress(_core.SerializationError):
            CODEC.decode(stored[:cut], bits)
    with contextlib.suppress(ValueError):
        _core.Codec("pickle", secret=["x" * 16, "y"])
    _core.Codec().encode(["pinyon"] * 400)


def resident() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_nothing_leaks() -> None:
    register(Colour)
    register(Seed)
    for _ in range(500):
        exercise()
    gc.collect()
    blocks, bytes_ = sys.getallocatedblocks(), resident()
    for _ in range(10_000):
        exercise()
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 200
    assert resident() - bytes_ < 4 << 20
