"""The bytes in which values travel to engines that others share: ext/envelope.h."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pinyon
import pytest
from pinyon import _core
from sample_values import same

FUZZ = Path(__file__).parents[1] / "fuzz"


@pytest.fixture
def cache():
    return _core.Cache(_core.Store(flags=_core.STORE_ABSENT), "ns:", None, 1)


def seal(cache, value, soft=-1, grace=0, load=-1, negative=False, tags=b""):
    return cache._seal(value, soft, grace, load, negative, tags)


TAG = b"the mark" + b"its gen."
GOLDEN = [
    (7, b"7"),
    (-(2**63), b"-9223372036854775808"),
    ("text", b"\xc1\1\0\0" + bytes(4) + b"VERSION." + bytes(8) + b"\6text"),
    (b"raw", b"\xc1\1\x08\0" + bytes(4) + b"VERSION." + bytes(8) + b"raw"),
    (None, b"\xc1\1\0\0" + bytes(4) + b"VERSION." + bytes(8) + b"\1"),
    (True, b"\xc1\1\0\0" + bytes(4) + b"VERSION." + bytes(8) + b"\3"),
]


@pytest.mark.parametrize(("value", "wanted"), GOLDEN, ids=lambda x: repr(x)[:12])
def test_golden_bytes(cache, value, wanted):
    data = seal(cache, value)
    if data[:1] == b"\xc1":
        data = data[:8] + b"VERSION." + data[16:]
    assert data == wanted
    assert same(cache._unseal(b"k", wanted).value(), value)


def test_golden_bytes_of_a_head(cache):
    data = seal(cache, 42, soft=10_000, grace=1600, negative=True, tags=TAG)
    assert data[:4] == b"\xc1\1\1\1"
    assert data[4:8] == (0x80000000 | 100).to_bytes(4, "little")
    soft = int.from_bytes(data[16:24], "little") / 1e3
    assert 9 < soft - time.time() <= 10
    assert data[24:] == TAG + b"42"  # a counter is text, as INCR has it
    item = cache._unseal(b"k", data)
    assert (item.number, item.value(), item.grace_ms) == (42, 42, 1600)
    assert (item.tags, item.token) == (TAG, int.from_bytes(data[8:16], "little"))
    assert item.found() == _core.FOUND_NEGATIVE
    assert 9000 < item.left_ms <= 10_000


def test_versions_are_drawn_for_every_write(cache):
    assert len({cache._unseal(b"k", seal(cache, "v")).token for _ in range(500)}) == 500


def test_a_number_is_its_own_token(cache):
    tokens = [cache._unseal(b"k", b"%d" % n).token for n in (0, 1, -1, 2**63 - 1)]
    assert len(set(tokens)) == 4
    assert min(tokens) >> 64 == 1  # none is a version


def test_times(cache):
    def found(*args, **kw):
        return cache._unseal(b"k", seal(cache, "v", *args, **kw)).found()

    assert found() == _core.FOUND_FRESH
    assert found(60_000) == _core.FOUND_FRESH
    assert found(0) == _core.FOUND_MISS
    assert found(0, grace=60_000) == _core.FOUND_STALE
    assert found(60_000, negative=True) == _core.FOUND_NEGATIVE
    item = cache._unseal(b"k", seal(cache, "v", 60_000, load=2**40))
    assert item.found(1000.0, 1e9) == _core.FOUND_EARLY
    assert item.found(1000.0, 0.0) == _core.FOUND_FRESH
    assert cache._unseal(b"k", item.retimed(0)).found() == _core.FOUND_MISS
    assert cache._unseal(b"k", item.retimed(-1)).left_ms is None


def test_marks_are_those_of_every_process(cache):
    group, mark = cache._marks(["a"])
    assert (group.hex(), mark.hex()) == ("a6c64237c597d100", "0a006122ffbcf52f")
    assert mark == cache._mark(b"a") == cache._mark("a")
    assert cache._marks(None) == [group]
    other = _core.Cache(_core.Store(flags=_core.STORE_ABSENT), None, None, 2)
    assert other._mark("a") != mark
    assert other._marks([]) == []
    with pytest.raises(pinyon.ConfigError, match="at most 14"):
        cache._marks([f"t{i}" for i in range(15)])


def replay():
    sys.path.insert(0, str(FUZZ))
    try:
        import fuzz_envelope
    finally:
        sys.path.remove(str(FUZZ))
    return fuzz_envelope


@pytest.mark.parametrize(
    "path", sorted((FUZZ / "corpus/envelope").iterdir()), ids=lambda path: path.name
)
def test_corpus(cache, path):
    """good: it opens and has a value; bad: it is refused; odd: it opens, and the value
    is refused or not, but nothing worse."""
    data = path.read_bytes()
    kind = path.name.split("-")[0]
    assert replay().check(data) is (kind != "bad")
    if kind == "good":
        cache._unseal(b"k", data).value()


def test_every_cut_of_every_kind(cache):
    check = replay().check
    for data in replay().sealed():
        for end in [*range(min(len(data), 300)), len(data)]:
            check(data[:end])


def test_mutants(capsys):
    replay().main(1.0, 7)
    assert "mutants of seed 7" in capsys.readouterr().out


def test_what_looks_like_our_own_key_is_digested(cache):
    """A user cannot write a generation or a lease."""
    plain = _core.Cache(_core.Store(flags=_core.STORE_ABSENT), None, None, 1)
    for key in ("~g:AAAAAAAAAAA", "~l:k", "~l:{k}", "~b2:" + "A" * 22):
        assert plain._key(key).startswith(b"~b2:")
        assert plain._key(key) != key.encode()
    assert plain._key("~other") == b"~other"
