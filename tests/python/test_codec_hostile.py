"""Values an enemy wrote: they decode or are refused, and run nothing."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections import OrderedDict, namedtuple
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pinyon import _core
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

Point = namedtuple("Point", "x y")


# ---- Hostile bytes ------------------------------------------------------------------


@given(st.binary(max_size=200), st.integers(0, 255))
@settings(max_examples=1000)
def test_any_bytes_decode_or_are_refused(data: bytes, bits: int) -> None:
    for codec in (CODEC, SIGNED):
        for prefix in (b"", b"\x08"):
            with contextlib.suppress(_core.SerializationError):
                codec.decode(prefix + data, bits)


@given(values, st.data())
@settings(max_examples=300)
def test_a_damaged_value_decodes_or_is_refused(value: Any, data: Any) -> None:
    stored, bits = CODEC.encode(value)
    damaged = bytearray(stored)
    for _ in range(data.draw(st.integers(1, 4))):
        if damaged:
            at = data.draw(st.integers(0, len(damaged) - 1))
            damaged[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    for hostile in (bytes(damaged), bytes(damaged[:cut]), stored[:cut]):
        with contextlib.suppress(_core.SerializationError):
            CODEC.decode(hostile, bits)


@pytest.mark.parametrize(
    ("hexed", "says"),
    [
        ("", "empty"),
        ("00", "format 0x00"),
        ("7f", "format 0x7f"),
        ("0100", "length"),
        ("04", "length"),
        ("06ff", "UTF-8"),
        ("08", "ends"),
        ("08c1", "0xc1"),
        ("08c0c0", "goes on"),
        ("08d9ff61", "ends"),
        ("08a1ff", "UTF-8"),
        ("08ddffffffff", "more members"),
        ("08dfffffffff", "more members"),
        ("0892" + "dd00000003" + "c0c0", "more members"),
        ("08" + "82a16101a16102", "twice"),
        ("08" + "8190c0", "hashable"),
        ("08c703039190c0", "hashable"),
        ("08c70203920101", "ends|longer|more"),
        ("08c703039201" + "01", "twice"),
        ("08c7030291c0c0", "longer"),
        ("08c70102c0", "array"),
        ("08d4630" + "0", "type 99"),
        ("08d60807e70d02", "body"),
        ("08d60d00000000", "body"),
        ("08c7030cffffff", "body"),
        ("08c7060e2e2e2f2e2e2f", "body"),
        ("08c7080fa3666f6fa3626172", "'foo'"),
        ("08c7020f01c0", "name"),
    ],
)
def test_each_kind_of_damage_is_named(hexed: str, says: str) -> None:
    with pytest.raises(_core.SerializationError, match=says):
        CODEC.decode(bytes.fromhex(hexed), 0)


@pytest.mark.parametrize("bits", [INT | RAW, INT | ZSTD, INT | META, 16, 255])
def test_bits_that_contradict_each_other(bits: int) -> None:
    with pytest.raises(_core.SerializationError, match="bits"):
        CODEC.decode(bytes(20), bits)


def test_an_int_must_have_eight_bytes() -> None:
    with pytest.raises(_core.SerializationError, match="8 bytes"):
        CODEC.decode(bytes(7), INT)


def test_a_bomb_is_refused_before_memory_is_taken() -> None:
    bomb, bits = CODEC.encode(bytes(1 << 20))
    assert bits == RAW | ZSTD
    # a frame header that claims 2 GiB and one of unknown size
    for frame in (
        bytes.fromhex("28b52ffda0") + (2 << 30).to_bytes(4, "little") + bytes(9),
        bytes.fromhex("28b52ffd00") + b"\x58\x01\0\0",
        b"not zstd at all",
        bytes.fromhex("28b52ffda0") + (60 << 20).to_bytes(4, "little") + bytes(9),
        bomb[:-3],
    ):
        with pytest.raises(_core.SerializationError, match="zstd"):
            CODEC.decode(frame, bits)


@pytest.mark.parametrize("frame", [(65 << 20, 3000), (60 << 20, 100)])
def test_a_frame_may_not_claim_more_than_it_can_hold(frame: tuple[int, int]) -> None:
    claim, size = frame
    hostile = bytes.fromhex("28b52ffda0") + claim.to_bytes(4, "little") + bytes(size)
    with pytest.raises(_core.SerializationError, match=f"claims to hold {claim}"):
        CODEC.decode(hostile, ZSTD)


def test_nested_claims_do_not_add_up() -> None:
    """127 arrays that each announce all that is left would take 127 times the input."""
    rest = 1 << 20
    hostile = b"".join(
        b"\xdd" + (rest - 5 * i).to_bytes(4, "big") for i in range(1, 120)
    )
    hostile += bytes(rest - len(hostile))
    tracemalloc.start()
    with pytest.raises(_core.SerializationError, match="more members"):
        CODEC.decode(b"\x08" + hostile, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * rest


# ---- Signed pickle ------------------------------------------------------------------


class Bomb:
    fired = False

    def __reduce__(self) -> Any:
        return (setattr, (Bomb, "fired", True))


def test_signed_pickle_there_and_back() -> None:
    value = {"p": Point(1, 2), "o": OrderedDict(a=1)}
    assert same(there_and_back(value, SIGNED), value)
    for scalar in (None, 1, 2**70, 1.5, "x", b"x", True):
        assert same(there_and_back(scalar, SIGNED), scalar)


def test_an_unsigned_pickle_is_never_loaded() -> None:
    stored, bits = SIGNED.encode([Bomb()])
    other = _core.Codec("pickle", secret="another secret, long enough")
    flipped = [bytearray(stored) for _ in stored]
    for i, copy in enumerate(flipped[1:], 1):
        copy[i] ^= 1
    for codec, data in [(other, stored), *((SIGNED, bytes(f)) for f in flipped[1:])]:
        with pytest.raises(_core.Unsigned):
            codec.decode(data, bits)
    with pytest.raises(_core.Unsigned):
        SIGNED.decode(stored[:20], bits)
    assert not Bomb.fired


def test_the_format_is_the_readers_choice() -> None:
    with pytest.raises(_core.TypeNotAllowed, match="pickle"):
        CODEC.decode(*SIGNED.encode([1]))
    with pytest.raises(_core.Unsigned):
        SIGNED.decode(*CODEC.encode([1]))


@pytest.mark.parametrize("size", [16, 64, 65, 1000])
def test_a_secret_may_be_long_and_counts_to_its_end(size: int) -> None:
    codec = _core.Codec("pickle", secret=b"s" * size)
    assert codec.decode(*codec.encode([1])) == [1]
    other = _core.Codec("pickle", secret=b"s" * (size - 1) + b"t")
    with pytest.raises(_core.Unsigned):
        other.decode(*codec.encode([1]))


def test_secrets_rotate() -> None:
    old = _core.Codec("pickle", secret="old secret 0123456789")
    both = _core.Codec(
        "pickle", secret=["new secret 0123456789", "old secret 0123456789"]
    )
    new = _core.Codec("pickle", secret=b"new secret 0123456789")
    assert both.decode(*old.encode([1])) == [1]
    assert new.decode(*both.encode([2])) == [2]
    with pytest.raises(_core.Unsigned) as caught:
        old.decode(*both.encode([3]))
    mac = both.encode([3])[0][1:33]
    assert mac.hex() not in str(caught.value)


def test_an_unpicklable_value_is_refused() -> None:
    with pytest.raises(_core.SerializationError, match="pickled") as caught:
        SIGNED.encode([lambda: 0])
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"codec": "pickle"}, "secret"),
        ({"codec": "pickle", "secret": b"short"}, "16"),
        ({"codec": "pickle", "secret": []}, "empty"),
        ({"codec": "pickle", "secret": [b"x" * 16, "short"]}, "16"),
        ({"codec": "pickle", "secret": ["x" * 16] * 9}, "8 secrets"),
        ({"secret": b"x" * 16}, "pickle"),
        ({"codec": "json"}, "'json'"),
        ({"compress_level": 20}, "compress_level"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        _core.Codec(**options)
