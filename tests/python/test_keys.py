"""Keys: what is the same call has the same key everywhere; what is not never does."""

from __future__ import annotations

import array
import base64
import contextlib
import dataclasses
import datetime as dt
import enum
import gc
import hashlib
import os
import pathlib
import subprocess
import sys
import uuid
import zoneinfo
from collections import OrderedDict, namedtuple
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pinyon import _core

CONTEXT = _core.KeyContext()
ANY = _core.Plan("m.f", ("x",))
STARS = _core.Plan("m.f", (), varargs=True, varkw=True)


def digest(data: bytes) -> bytes:
    raw = hashlib.blake2b(data, digest_size=16).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


# ---- User keys ----------------------------------------------------------------------


def test_a_str_and_its_utf8_are_the_same_key() -> None:
    assert CONTEXT.key("user:7") == b"user:7"
    assert CONTEXT.key("é") == CONTEXT.key("é".encode()) == b"\xc3\xa9"
    assert _core.KeyContext("v2:").key("k") == b"v2:k"


@pytest.mark.parametrize(
    ("prefix", "memcached", "longest"),
    [("", False, 255), ("", True, 250), ("ns:", False, 252), ("ns:", True, 247)],
)
def test_a_long_key_becomes_a_digest(
    prefix: str, memcached: bool, longest: int
) -> None:
    context = _core.KeyContext(prefix, memcached=memcached)
    head = prefix.encode()
    assert context.key("k" * longest) == head + b"k" * longest
    for long in (b"k" * (longest + 1), b"k" * 65_536):
        assert context.key(long) == head + b"~b2:" + digest(long)


def test_a_key_made_to_look_like_a_digest_does_not_collide() -> None:
    long = "k" * 300
    looks_like = CONTEXT.key(long)
    assert CONTEXT.key(looks_like) != looks_like
    assert CONTEXT.key(looks_like[:-1]) == looks_like[:-1]


def test_memcached_gets_no_blanks() -> None:
    context = _core.KeyContext(memcached=True)
    for key in ("a b", "a\n", "\x7f", "\0"):
        assert context.key(key) == b"~b2:" + digest(key.encode())
        assert CONTEXT.key(key) == key.encode()
    assert context.key("é~!") == "é~!".encode()
    with pytest.raises(ValueError, match="blanks"):
        _core.KeyContext("a b", memcached=True)


@pytest.mark.parametrize(
    ("key", "error", "says"),
    [
        ("", ValueError, "empty"),
        (b"", ValueError, "empty"),
        ("k" * 65_537, _core.KeyTooLong, "65537"),
        ("\ud800", ValueError, "surrogates"),
        (7, TypeError, "not int;"),
        (None, TypeError, "not NoneType;"),
        (bytearray(b"k"), TypeError, "bytearray"),
        (("a",), TypeError, "tuple"),
    ],
)
def test_what_is_no_key_is_named(key: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        CONTEXT.key(key)


def test_a_long_prefix_is_refused() -> None:
    assert len(_core.KeyContext("p" * 128).key("k" * 65_536)) == 154
    with pytest.raises(ValueError, match="128"):
        _core.KeyContext("p" * 129)


# ---- Binding ------------------------------------------------------------------------


def test_equal_calls_meet() -> None:
    plan = _core.Plan("m.f", ("a", "b", "c"), defaults={"b": 2, "c": 3}, keyword_only=1)
    keys = {
        plan.key(1),
        plan.key(a=1),
        plan.key(1, 2),
        plan.key(b=2, a=1),
        plan.key(1, c=3),
        plan.key(1, 2, c=3),
    }
    assert len(keys) == 1
    assert plan.key(1, 3) not in keys


def reference(a, b=2, /, c=3, *rest, d, e=5, **more):  # type: ignore[no-untyped-def]
    return (a, b, c, rest, d, e, tuple(sorted(more.items())))


REFERENCE = _core.Plan(
    "m.reference",
    ("a", "b", "c", "d", "e"),
    defaults={"b": 2, "c": 3, "e": 5},
    positional_only=2,
    keyword_only=2,
    varargs=True,
    varkw=True,
)
names = st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "".join(["de", "x"])])


@given(
    st.lists(st.integers(0, 3), max_size=5),
    st.dictionaries(names, st.integers(0, 6), max_size=5),
    st.lists(st.integers(0, 3), max_size=5),
    st.dictionaries(names, st.integers(0, 6), max_size=5),
)
@settings(max_examples=500)
def test_calls_bind_as_python_binds_them(a: Any, ka: Any, b: Any, kb: Any) -> None:
    results, keys = [], []
    for args, kwargs in ((a, ka), (b, kb)):
        try:
            results.append(reference(*args, **kwargs))
        except TypeError:
            with pytest.raises(TypeError, match="signature"):
                REFERENCE.key(*args, **kwargs)
            return
        keys.append(REFERENCE.key(*args, **kwargs))
    assert (results[0] == results[1]) == (keys[0] == keys[1])


def test_a_keyword_that_is_not_interned_is_found() -> None:
    plan = _core.Plan("m.f", ("user_id",))
    assert plan.key(**{"".join(["user", "_id"]): 1}) == plan.key(1)


def test_arguments_do_not_run_into_each_other() -> None:
    assert STARS.key(1, 23) != STARS.key(12, 3)
    assert STARS.key("a", "b") != STARS.key("ab")
    assert STARS.key(("a",), "b") != STARS.key(("a", "b"))
    assert STARS.key(a=1) != STARS.key("a", 1)
    assert STARS.key(a=1, b=2) == STARS.key(b=2, a=1)
    assert STARS.key([], [1]) != STARS.key([[]], 1)


def test_the_signature_is_part_of_the_key() -> None:
    plans = [
        _core.Plan("m.f", ("a",)),
        _core.Plan("m.f", ("b",)),
        _core.Plan("m.g", ("a",)),
        _core.Plan("m.f", ("a",), version=2),
        _core.Plan("m.f", ("a",), prefix="p"),
        _core.Plan("m.f", ("a",), keyword_only=1),
        _core.Plan("m.f", ("a",), positional_only=1),
        _core.Plan("m.f", ("a", "self"), skip=1),
        _core.Plan("m.f", ("a",), varargs=True),
        _core.Plan("m.f", ("a",), varkw=True),
    ]
    assert len({plan.head for plan in plans}) == len(plans)


def test_skipped_parameters_are_bound_but_leave_the_key_alone() -> None:
    plan = _core.Plan("m.C.f", ("self", "a"), skip=1)
    assert plan.key(object(), 1) == plan.key(object(), a=1)
    with pytest.raises(TypeError):
        plan.key(1)


# ---- The text -----------------------------------------------------------------------


def test_the_text_never_changes() -> None:
    """Stored keys outlive the version that made them."""
    plan = _core.Plan("shop.user", ("u", "full"), defaults={"full": False})
    assert plan.head == "shop.user:1.pLDK:"
    assert plan.key(7) == "shop.user:1.pLDK:=BAcB"
    assert ANY.key("user:7") == ANY.head + "=RnVzZXI6Nw"
    encoded = b"\x0e\x64" + b"x" * 100
    assert ANY.key("x" * 100) == ANY.head + digest(encoded).decode()
    golden: dict[str, Any] = {
        "AA": None,
        "AQ": False,
        "Ag": True,
        "Aw": 0,
        "BAE": 1,
        "BP8": -1,
        "BQCA": 128,
        "C3__________": 2**63 - 1,
        "IQkAgAAAAAAAAAA": 2**63,
        "DT_wAAAAAAAA": 1.0,
        "QTE": "1",
        "gTE": b"1",
        "EAIEAQQC": (1, 2),
        "EQIEAQQC": [1, 2],
        "EgFBYQQB": {"a": 1},
        "EwIEAQQC": {2, 1},
        "FAA": frozenset(),
        "KAQH5wEC": dt.date(2023, 1, 2),
        "LAMxLjA": Decimal("1.0"),
    }
    for text, value in golden.items():
        assert ANY.key(value).removeprefix(ANY.head) == "=" + text, value


@pytest.mark.parametrize("size", [0, 1, 21, 22, 23, 24, 60, 63, 64, 300])
def test_short_arguments_are_verbatim_long_ones_a_digest(size: int) -> None:
    key = ANY.key("x" * size)
    encoded = (
        bytes([0x40 + size]) if size < 64 else b"\x0e" + varint(size)
    ) + b"x" * size
    tail = key.removeprefix(ANY.head)
    if len(encoded) <= 24:
        text = base64.urlsafe_b64encode(encoded).rstrip(b"=").decode()
        assert tail == "=" + text
    else:
        assert tail == digest(encoded).decode()


def varint(n: int) -> bytes:
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"prefix": "p" * 300},
        {"identity": "m." + "deep." * 60 + "f"},
        {"prefix": "a b"},
        {"identity": "m.<locals>.<lambda>"},
        {"identity": "é" * 200},
        {"version": "x" * 300},
    ],
)
def test_every_key_fits_memcached(options: dict[str, Any]) -> None:
    identity = options.pop("identity", "m.f")
    plan = _core.Plan(identity, ("x",), **options)
    for value in (1, "x" * 22, "x" * 500):
        key = plan.key(value).encode()
        assert 1 <= len(key) <= 250
        assert all(byte > 0x20 and byte != 0x7F for byte in key)
    assert plan.key(1) != _core.Plan(identity + "2", ("x",), **options).key(1)


@pytest.mark.parametrize(
    ("args", "options", "says"),
    [
        (("m:f", ()), {}, "colon"),
        (("m.f", ()), {"version": "1:2"}, "colon"),
        (("m.f", ()), {"version": 1.5}, "version"),
        (("m.f", ()), {"prefix": 1}, "prefix"),
        (("m.f", ["a"]), {}, "tuple"),
        (("m.f", (1,)), {}, "str"),
        (("m.f", ("a",)), {"keyword_only": 2}, "add up"),
        (("m.f", ("a",)), {"positional_only": -1}, "add up"),
        (("m.f", ("a",)), {"skip": 2}, "add up"),
        (("m.f", ("a",)), {"defaults": 1}, "dict"),
        (("m.f", tuple(f"p{i}" for i in range(65))), {}, "64"),
    ],
)
def test_a_wrong_plan_is_refused(args: Any, options: dict[str, Any], says: str) -> None:
    with pytest.raises((ValueError, TypeError), match=says):
        _core.Plan(*args, **options)


# ---- The canonical encoding ---------------------------------------------------------


class Colour(enum.Enum):
    RED = 1
    CRIMSON = 1
    BLUE = 2


class Level(enum.IntEnum):
    LOW = 1


class Mode(enum.StrEnum):
    R = "r"


class Right(enum.Flag):
    READ = 1
    WRITE = 2


@dataclasses.dataclass
class Euro:
    amount: int
    note: object = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True)
class Dollar:
    amount: int


Point = namedtuple("Point", "x y")
Vector = namedtuple("Vector", "x y")


class Keyed:
    def __init__(self, key: Any) -> None:
        self.key = key

    def __pinyon_key__(self) -> Any:
        return self.key


# fmt: off
DIFFERENT: list[Any] = [
    None, False, True, 0, 1, -1, 127, 128, -128, -129, 255, 256, 2**63 - 1, 2**63,
    -(2**63), -(2**63) - 1, 2**64, 0.0, -0.0, 1.0, float("inf"), float("nan"), 1 + 0j,
    complex(1, -0.0), "", "1", "True", "\ud800", b"", b"1", bytearray(b"1"), (), (1,),
    [], [1], ((),), [[]], {}, {1: 2}, {1: 2.0}, {"1": 2}, {1: {2: 3}}, set(), {1},
    frozenset(), frozenset({1}), Colour.RED, Colour.BLUE, Level.LOW, Mode.R, Right.READ,
    Right.READ | Right.WRITE, Euro(1), Euro(2), Dollar(1), Point(1, 2), Vector(1, 2),
    Keyed(1), Keyed("1"), Keyed(None), dt.date(2020, 1, 1), dt.datetime(2020, 1, 1),
    dt.datetime(2020, 1, 1, fold=1), dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    dt.datetime(2020, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
    dt.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC")), dt.time(1),
    dt.timedelta(1), dt.UTC, Decimal(1), Decimal("1.0"), uuid.UUID(int=1),
    zoneinfo.ZoneInfo("UTC"), int, str, Euro, pathlib.PurePosixPath("1"),
    pathlib.PosixPath("1"), memoryview(b"1"), memoryview(b"1234").cast("I"),
    memoryview(b"1234").cast("B", (2, 2)), array.array("i", [1]), array.array("I", [1]),
    array.array("i", [1, 2]),
]
# fmt: on


def test_different_arguments_have_different_keys() -> None:
    for wrap in (lambda x: x, lambda x: [x], lambda x: (x, x), lambda x: {"k": x}):
        keys: dict[str, Any] = {}
        for value in DIFFERENT:
            key = ANY.key(wrap(value))
            assert key not in keys, (value, keys[key])
            keys[key] = value


def test_equal_arguments_meet() -> None:
    for a, b in [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({3, 1, 2}, {2, 3, 1}),
        (float("nan"), -float("nan")),
        (Colour.RED, Colour.CRIMSON),
        (Euro(1, "x"), Euro(1, object())),
        ({1: "a", None: "b", "x": "c"}, {"x": "c", 1: "a", None: "b"}),
        (memoryview(b"abcd")[::2], memoryview(b"ac")),
    ]:
        assert ANY.key(a) == ANY.key(b)


plain = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.one_of(st.text(), st.integers()), inner, max_size=4),
    ),
    max_leaves=8,
)


def canonical(value: Any) -> Any:
    """A slow twin of the encoding: a tree that is equal when the keys should be."""
    if isinstance(value, float):
        return ("float", "nan" if value != value else value.hex())
    if isinstance(value, list | tuple):
        return (type(value).__name__, [canonical(member) for member in value])
    if isinstance(value, dict):
        return (
            "dict",
            sorted(repr((canonical(k), canonical(v))) for k, v in value.items()),
        )
    return (type(value).__name__, value)


@given(plain, plain)
@settings(max_examples=200)
def test_keys_meet_exactly_when_values_do(a: Any, b: Any) -> None:
    assert (ANY.key(a) == ANY.key(b)) == (canonical(a) == canonical(b))


def test_arrays_of_numpy() -> None:
    np = pytest.importorskip("numpy")
    base = np.arange(6, dtype="i4")
    keys = [
        ANY.key(value)
        for value in (
            base,
            base.reshape(2, 3),
            base.reshape(3, 2),
            base.astype("i8"),
            base.astype("f4"),
            np.float64(1.0),
            np.float32(1.0),
            np.int64(1),
            np.zeros(0),
        )
    ]
    assert len(set(keys)) == len(keys)
    assert ANY.key(base.reshape(2, 3).T.copy()) == ANY.key(base.reshape(2, 3).T)
    assert ANY.key(base[::2]) == ANY.key(base[::2].copy())
    for value in (np.array([None]), np.ma.masked_array([1], [True]), np.dtype("i4")):
        with pytest.raises(TypeError, match="__pinyon_key__"):
            ANY.key(value)
    with pytest.raises(TypeError, match="Python objects"):
        ANY.key(np.zeros(2, dtype=[("O", "i4"), ("x", "O")]))
    assert ANY.key(np.zeros(2, dtype=[("O", "i4")]))


class Foreign:
    pass


def make_local_class() -> type:
    class Local:
        pass

    return Local


@pytest.mark.parametrize(
    "value",
    [
        Foreign(),
        object(),
        len,
        lambda: 0,
        OrderedDict(),
        range(3),
        iter([]),
        sys,
        make_local_class(),
        type("Sub", (int,), {})(1),
        type("Sub", (str,), {})("x"),
    ],
    ids=repr,
)
def test_an_argument_that_cannot_be_a_key_is_named(value: Any) -> None:
    plan = _core.Plan("shop.find", ("size", "conn"), varargs=True, varkw=True)
    for nested in (value, [1, {"k": value}]):
        with pytest.raises(TypeError, match=r"key=.*__pinyon_key__") as caught:
            plan.key(1, nested)
        assert "shop.find(): argument 'conn': " in str(caught.value)
    with pytest.raises(TypeError, match=r"argument '\*args'"):
        plan.key(1, 2, value)
    with pytest.raises(TypeError, match=r"argument '\*\*kwargs'"):
        plan.key(1, 2, k=value)


def test_what_contains_itself_ends() -> None:
    loop: list[Any] = []
    loop += [loop, loop]
    with pytest.raises(TypeError, match="contains itself"):
        ANY.key(loop)
    endless = Keyed(None)
    endless.key = endless
    with pytest.raises(TypeError, match="contains itself"):
        ANY.key(endless)


def test_an_exception_of_the_users_method_comes_through() -> None:
    class Angry:
        def __pinyon_key__(self) -> Any:
            raise RuntimeError("not now")

    with pytest.raises(RuntimeError, match="not now"):
        ANY.key([Angry()])


# ---- Everywhere the same ------------------------------------------------------------

PROGRAM = """
import datetime, decimal, uuid, enum
from pinyon import _core
class Colour(enum.Enum):
    RED = 1
plan = _core.Plan("m.f", (), varargs=True, varkw=True)
words = "jay pine seed hoard cache needle cone bark".split()
print(plan.key(set(words), frozenset(words), {w: {w} for w in words}, Colour.RED,
               datetime.date(2020, 1, 1), decimal.Decimal("1.5"), uuid.UUID(int=5),
               {1, "a", None, 2.5}, **{w: w for w in set(words)}))
print(plan.key({"a", "b", "c"}))
"""


def test_keys_are_equal_in_every_process() -> None:
    seen = set()
    for seed in ("0", "1", "2", "3", "random"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        seen.add(run.stdout)
    assert len(seen) == 1


# ---- Leaks --------------------------------------------------------------------------


def exercise() -> None:
    plan = _core.Plan("m.f", ("a", "b"), defaults={"b": 1}, varargs=True, varkw=True)
    plan.key(1)
    plan.key({1: [2, {3}], "x" * 700: (Euro(1), Colour.RED, 2**80)}, b=2, c="x" * 600)
    plan.key(
        Point(1, 2), pathlib.PurePosixPath("x"), array.array("i", [1]), Keyed(1), int
    )
    for args, kwargs in (
        ((), {}),
        ((1,), {"a": 2}),
        ((object(),), {}),
        ((1, 2, [len]), {}),
        ((1,), {"c": {1: object()}}),
    ):
        with contextlib.suppress(TypeError):
            plan.key(*args, **kwargs)
    for key in ("", 5, "\ud800", "x" * 70_000):
        with contextlib.suppress(TypeError, ValueError):
            CONTEXT.key(key)
    CONTEXT.key("é" * 200)
    for wrong in ("a:b", 5):
        with contextlib.suppress(TypeError, ValueError):
            _core.Plan(wrong, ("a",), defaults={"a": object()})


def test_nothing_leaks() -> None:
    for _ in range(500):
        exercise()
    gc.collect()
    blocks = sys.getallocatedblocks()
    for _ in range(10_000):
        exercise()
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 200
