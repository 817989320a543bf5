"""Whatever is wrong gets one exception of Pinyon's tree that names it and the remedy,
and nothing is stored by halves."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import struct
from typing import NamedTuple

import pinyon
import pytest
from conftest import SHM
from pinyon import url as urls

CONFIG, KEY, SIZE = pinyon.ConfigError, pinyon.KeyTypeError, pinyon.KeyTooLong
ARGUMENT, EMPTY = pinyon.ArgumentError, pinyon.KeyValueError
MANY = [f"t{i}" for i in range(20)]

URLS = [
    ("", "not a URL"),
    ("shop", "not a URL"),
    ("mem:", "not a URL"),
    (None, "NoneType"),
    (7, "int"),
    (b"mem://", "bytes"),
    ("mem://name", "shm://name"),
    ("shm://", "wants a name"),
    ("shm://?size=8MiB", "wants a name"),
    ("shm://a/b", "A-Z a-z 0-9"),
    ("shm://..%2Fetc", "A-Z a-z 0-9"),
    ("shm://" + "n" * 101, "1 to 100"),
    ("shm://a%00b", "A-Z a-z 0-9"),
    ("shm://.", "starts with a letter"),
    ("shm://..", "starts with a letter"),
    ("shm://%2E%2E/", "starts with a letter"),
    ("shm://-a", "starts with a letter"),
    ("shm://a%zz", "two hexadecimal"),
    ("shm://a%ff", "UTF-8"),
    ("couchbase://h/b", r"not supported by this version.*mem://.*shm://.*redis://"),
    ("redis://h?near=shm://shop", "near= is not supported"),
    ("redis://user:geheim@h?size=8MiB", "'size'"),
    ("redis://user:geheim@h?flush=perhaps", "yes or no"),
    ("redis://user:geheim@h?secret=0123456789abcdef", "keyword"),
    ("http://h", "not a scheme"),
    ("mem://?sise=1MiB", r"'sise'.*size, item"),
    ("mem://?create=yes", r"no option 'create'"),
    ("mem://?size", "has no value"),
    ("mem://?size=8MiB&size=9MiB", "twice"),
    ("mem://?size=1MiB", "4 MiB to 256 GiB"),
    ("mem://?size=1TiB", "4 MiB to 256 GiB"),
    ("mem://?size=viel", r"size='viel'.*KiB MiB"),
    ("mem://?size=-8MiB", "is not a size"),
    ("mem://?size=8mib", "is not a size"),
    ("mem://?item=0", "item='0'.*from 1 to"),
    ("mem://?item=x", "item='x'"),
    ("mem://?prefault=maybe", "yes or no"),
    ("mem://?ttl=soon", "ttl='soon'"),
    ("mem://?write_wait=0", "1ms to 10s"),
    ("mem://?write_wait=1m", "1ms to 10s"),
    ("mem://?compress_level=99", "from -7 to 19"),
    ("mem://?compress_min=0", "compress_min='0'"),
    ("mem://?namespace=", "not empty"),
    ("mem://?codec=json", "codec"),
    ("mem://?secret=0123456789abcdef", "keyword"),
    ("mem://?namespace=" + "n" * 200, "prefix"),
]


@pytest.mark.parametrize(("text", "says"), URLS)
def test_urls(text, says):
    with pytest.raises(CONFIG, match=f"(?s){says}") as caught:
        pinyon.Cache(text)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, pinyon.CacheError)
    assert "geheim" not in str(caught.value)


OPTIONS = [
    ({"size": "?"}, "size"),
    ({"size": 1.5}, "size"),
    ({"size": True}, "size"),
    ({"ttl": -1}, "ttl=-1"),
    ({"ttl": True}, "ttl=True"),
    ({"item": "many"}, "item"),
    ({"codec": "pickle"}, "secret"),
    ({"codec": "pickle", "secret": b"short"}, "secret"),
    ({"codec": "yaml"}, "codec"),
    ({"codec": "pickle", "secret": 7}, "secret=.*not int.*token_bytes"),
    ({"codec": "pickle", "secret": [b"a" * 16, 1]}, "secret=.*not int"),
    ({"sise": 1}, r"'sise'; it has size, item"),
    ({"sise": None}, r"'sise'; it has size, item"),
    ({"dir": "/dev/shm"}, r"'dir'; it has size, item"),
    ({"namespace": ""}, "namespace"),
    ({"namespace": 7}, "namespace"),
    ({"compress_level": 100}, "compress_level"),
]


@pytest.mark.parametrize(("options", "says"), OPTIONS)
def test_options(options, says):
    with pytest.raises(pinyon.CacheError, match=says) as caught:
        pinyon.Cache("mem://", **options)
    assert isinstance(caught.value, ValueError | TypeError)


def test_an_unknown_keyword_is_a_type_error_too():
    with pytest.raises(TypeError, match="sise") as caught:
        pinyon.Cache("mem://", sise=1)
    assert isinstance(caught.value, CONFIG)


def test_what_the_query_overrules_is_checked():
    with pytest.raises(CONFIG, match="size=1"):
        pinyon.Cache("mem://?size=8MiB", size=1)
    with pytest.raises(CONFIG, match="size='1'"):
        pinyon.Cache("mem://?size=1", size="8MiB")


def test_the_query_beats_keywords():
    with pinyon.Cache("mem://?size=8MiB", size="16MiB", ttl=5) as cache:
        assert cache.stats()["store"]["size"] == 8 << 20
        cache.set("k", 1)
        assert cache.ttl("k") <= 5


def test_percent_encoding_is_undone_once(region):
    config = urls.parse("mem://?namespace=a%2526b%20c", {})
    assert config.namespace == "a%26b c"
    assert urls.parse(f"SHM://{region.replace('-', '%2D')}/", {}).name == region


@pytest.mark.parametrize(
    ("text", "size"),
    [("8MiB", 8 << 20), ("1.5GiB", 3 << 29), ("64MB", 64_000_000), ("4096", 4096),
     ("2KiB", 2048), ("1 GB", 10**9), (123, 123)],
)  # fmt: skip
def test_sizes(text, size):
    assert urls.parse_size(text) == size


def is_empty(cache):
    """As far as the host can tell."""
    store = cache.stats()["store"]
    return store is None or store["items"] == 0


TTLS = [-1, -0.5, "", "m", "10x", "1h-", "-5", "1e3", "5 m", "nan", "ten", float("nan"),
        float("inf"), 1e12, 10**30, True, [], object(), b"10m", "10m\0"]  # fmt: skip


@pytest.mark.parametrize("ttl", TTLS, ids=repr)
def test_times_to_live(cache, ttl):
    cache.set("k", "old")
    for call in (
        lambda: cache.set("k", "new", ttl),
        lambda: cache.add("fresh", 1, ttl=ttl),
        lambda: cache.touch("k", ttl),
        lambda: cache.set_many({"k": "new", "l": 1}, ttl),
        lambda: cache.incr("n", ttl=ttl),
        lambda: cache.get_or_load("o", lambda: 1, ttl),
        lambda: cache.cached(ttl=ttl),
        lambda: cache.cached(stale=ttl),
    ):
        with pytest.raises(CONFIG, match=r'"10m"|stale'):
            call()
    assert cache.get_many(["k", "l", "n", "o", "fresh"]) == {"k": "old"}


KEYS = [
    (7, KEY), (None, KEY), (1.5, KEY), (("a",), KEY), ([], KEY), (bytearray(b"k"), KEY),
    (object(), KEY), ("", EMPTY), (b"", EMPTY), ("k" * 65537, SIZE),
    (b"k" * 70000, SIZE), ("\ud800", EMPTY),
]  # fmt: skip


@pytest.mark.parametrize(("key", "error"), KEYS, ids=lambda x: repr(x)[:20])
def test_keys(cache, key, error):
    calls = (
        lambda: cache.get(key), lambda: cache.set(key, 1), lambda: cache.delete(key),
        lambda: cache.add(key, 1), lambda: cache.gets(key), lambda: cache.incr(key),
        lambda: cache.touch(key, 1), lambda: cache.ttl(key), lambda: key in cache,
        lambda: cache.get_many(["ok", key]), lambda: cache.delete_many([key]),
        lambda: cache.get_or_load(key, lambda: 1), lambda: cache.cas(key, 1, 5),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(error) as caught:
            call()
        assert isinstance(caught.value, pinyon.CacheError)
    assert is_empty(cache)


def test_one_key_where_many_are_wanted(cache):
    for call in (cache.get_many, cache.delete_many):
        for keys in ("abc", b"abc", None, 7):
            with pytest.raises(KEY, match=r"keys=.*list of keys"):
                call(keys)


class Odd:
    """A mapping that is none: its items are no pairs."""

    def items(self):
        return [1, (2,)]


@pytest.mark.parametrize(
    "mapping", ["ab", [("a", 1)], [1, 2], 7, None, Odd()], ids=repr
)
def test_what_is_no_mapping(cache, mapping):
    with pytest.raises(ARGUMENT, match=r"mapping=.*give a dict") as caught:
        cache.set_many(mapping)
    assert isinstance(caught.value, TypeError)
    assert is_empty(cache)


def test_what_a_mapping_itself_raises_is_passed_on(cache):
    class Broken(dict):
        def items(self):
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        cache.set_many(Broken(a=1))


TAGS = [
    ("user:7", "list of tags"), (b"t", "list of tags"), ([7], "bytes, not int"),
    ([""], "1 to"), (["x" * 600], "1 to"), (MANY, "at most 1[45]"),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "says"), TAGS, ids=lambda x: repr(x)[:20])
def test_tags(cache, tags, says):
    for c in (cache, cache.namespace("n")):
        with pytest.raises(pinyon.CacheError, match=says):
            c.set("k", 1, tags=tags)
        assert "k" not in c
        with pytest.raises(pinyon.CacheError, match=says):
            c.get_or_load("k", lambda: 1, tags=tags)
        assert "k" not in c
    with pytest.raises(pinyon.CacheError):
        cache.cached(name="f", tags=lambda: tags)(lambda: 1)()
    with pytest.raises(pinyon.CacheError, match=says.replace("15", "14")):
        cache.cached(name="g", tags=tags)(lambda: 1)


def test_tags_of_a_closed_cache_wait_for_a_call(cache):
    cache.close()
    f = cache.cached(name="f", tags=["t"])(lambda: 1)
    with pytest.warns(pinyon.PinyonWarning, match="closed"):
        assert f() == 1


def test_tags_that_are_no_list(cache):
    for tags in (5, "ab", object()):
        f = cache.cached(name=f"f{tags}", tags=lambda tags=tags: tags)(lambda: 1)
        with pytest.raises(ARGUMENT, match=r"tags= of f.*return a list of tags"):
            f()
    cache.set("k", 1, tags=["a", "b", "ab"])
    for tags in (5, "ab", b"ab", object()):
        with pytest.raises(KEY, match=r"tags=.*list of tags"):
            cache.invalidate_tags(tags)
        with pytest.raises(KEY, match=r"tags=.*list of tags"):
            cache.set("k", 2, tags=tags)
    assert cache.get("k") == 1


def test_classes_to_register():
    class Own:
        pass

    both = {"encode": str, "decode": str}
    for args, kwargs, says in (
        ((5,), {}, "a class, not 5"), ((int,), {}, "encode= and decode="),
        ((Own,), {"encode": str}, "together or neither"),
        ((Own,), {"decode": str}, "together or neither"),
        ((Own, 7), both, "a class, a str"),
        ((Own,), {**both, "encode": 5}, "two functions"),
    ):  # fmt: skip
        with pytest.raises(ARGUMENT, match=says) as caught:
            pinyon.register(*args, **kwargs)
        assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize("names", [("x", "y"), ()], ids=repr)
@pytest.mark.parametrize("kind", ["dataclass", "namedtuple"])
def test_a_class_that_changed_since(cache, kind, names):
    def make(names):
        fields = [(name, int) for name in names]
        if kind == "dataclass":
            made = dataclasses.make_dataclass("Point", fields)
        else:
            made = NamedTuple("Point", fields)
        made.__module__, made.__qualname__ = __name__, f"Point_{kind}"
        return pinyon.register(made)

    cache.set("k", make(["x"])(1))
    make(names)
    with pytest.raises(
        pinyon.SerializationError, match=r"changed.*version=.*clear"
    ) as caught:
        cache.get("k")
    assert "has changed" in str(caught.value.__cause__)


def test_a_path_into_a_deep_value_is_short(cache):
    value = []
    for _ in range(500):
        value = [value]
    with pytest.raises(pinyon.SerializationError, match=r"\[0\]\.\.\.\[0\]") as caught:
        cache.set("k", value)
    assert len(str(caught.value)) < 120
    value = {"a": [{i: object() for i in (7,)}]}
    with pytest.raises(pinyon.SerializationError, match=r"value\['a'\]\[0\]\[7\]: "):
        cache.set("k", value)


VALUES = [object(), lambda: 0, {1: object()}, [[object()]], type("S", (str,), {})("x")]


@pytest.mark.parametrize("value", VALUES, ids=lambda x: type(x).__name__)
def test_values(cache, value):
    cache.set("k", "old")
    for call in (
        lambda: cache.set("k", value),
        lambda: cache.replace("k", value),
        lambda: cache.set_many({"k": value}),
        lambda: cache.cas("k", value, cache.gets("k")[1]),
    ):
        with pytest.raises(pinyon.SerializationError):
            call()
    assert cache.get("k") == "old"


POLICY = [
    ({"jitter": 2}, "jitter=2"), ({"jitter": "x"}, "jitter"), ({"early": -1}, "early"),
    ({"stale": None}, "stale"), ({"lease": 0}, "lease"), ({"lease": None}, "lease"),
    ({"lock": "cluster"}, '"host" or False'), ({"on_error": "hide"}, "on_error"),
    ({"should_cache": 1}, "should_cache"), ({"absent": 1}, "negative_ttl"),
    ({"absent": 1, "negative_ttl": 5}, "absent"),
    ({"negative_ttl": -1}, "negative_ttl"),
    ({"tags": 7}, "tags"), ({"tags": "t"}, "list of tags"), ({"wait": "x"}, "wait"),
    ({"timeout": 5}, r"'timeout'.*ttl, key.*jitter"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "says"), POLICY, ids=repr)
def test_policies(cache, options, says):
    with pytest.raises(CONFIG, match=says):
        cache.cached(**options)
    with pytest.raises(CONFIG, match=says):
        cache.get_or_load("k", lambda: 1, **options)
    assert "k" not in cache


def test_decorator_arguments(cache):
    for options in ({"key": 7}, {"version": 1.5}, {"version": True}, {"name": ""}):
        with pytest.raises(pinyon.CacheError, match=next(iter(options))):
            cache.cached(**options)(test_sizes)
    for wrong in ("10m", 5, 0.5):
        with pytest.raises(ARGUMENT, match=f"write cached.ttl={wrong!r}"):
            cache.cached(wrong)
    for wrong in (["t"], cache.cached(test_sizes), pinyon.Cache, None):
        with pytest.raises(ARGUMENT, match="cached"):
            cache.cached()(wrong)
    with pytest.raises(CONFIG, match="loader"):
        cache.get_or_load("k", 7)
    for name in ("", 7, None):
        with pytest.raises(CONFIG, match="namespace"):
            cache.namespace(name)


BAD_TEMPLATES = [
    ("{user}", "{user} is no parameter.*a, b, rest"), ("{}", "{} has no name.*a, b"),
    ("{0}", r"\{0} has no name"), ("{a", "expected '}'.*{{ or }}"),
    ("a}", "Single '}'"), ("{a!}", "write {name}"), ("{a[}", "write {name}"),
    ("{a!x}", "conversion 'x'.*!s"), ("{a.}", r"{a\.} is no field"),
    ("{a[0]x}", "{a.0.x} is no field"), ("{a:{c}}", "{c} is no parameter"),
    ("{a b}", "{a b} is no field"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "says"), BAD_TEMPLATES)
def test_templates_of_keys(cache, key, says):
    def f(a, b=1, *rest):
        return a

    with pytest.raises(CONFIG, match=f"(?s)key=.*{says}"):
        cache.cached(key=key)(f)


def test_templates_that_do_not_fit_the_arguments(cache):
    for i, key in enumerate(("{a.uuid}", "{a[0]}", "{a:%}", "{a[x].y}")):
        f = cache.cached(key=key, name=f"f{i}")(lambda a: a)
        with pytest.raises(KEY, match="of this call has no value"):
            f("" if key == "{a[0]}" else "text")
    with pytest.raises(KEY, match="cannot become part of a key"):
        cache.cached(key="{a}", name="f")(lambda a: a)(object())
    with pytest.raises(TypeError, match="missing a required argument: 'a'"):
        f()


def test_numbers(cache):
    for options in ({"delta": 2**63}, {"delta": "1"}, {"initial": 1.5}):
        with pytest.raises(CONFIG, match=next(iter(options))):
            cache.incr("n", **options)
    with pytest.raises(CONFIG, match="gets"):
        cache.cas("k", 1, "token")
    assert "n" not in cache


def test_arguments_python_would_refuse(cache):
    for call in (
        lambda: cache.get(),
        lambda: cache.get("k", 1, 2),
        lambda: cache.get("k", fallback=1),
        lambda: cache.get("k", key="k"),
        lambda: cache.set("k"),
        lambda: cache.set("k", 1, 2, ["t"]),
    ):
        with pytest.raises(TypeError):
            call()


# ---- Regions -----------------------------------------------------------------------


@pytest.fixture
def made(region):
    with pinyon.Cache(f"shm://{region}?size=8MiB") as cache:
        cache.set("k", 1)
    (path,) = [p for p in SHM.iterdir() if region in p.name]
    return f"shm://{region}", path


def test_no_region_to_attach_to(region):
    with pytest.raises(pinyon.RegionAbsent, match=region) as caught:
        pinyon.Cache(f"shm://{region}?create=no")
    assert caught.value.kind == "PN_E_ABSENT"
    assert isinstance(caught.value, OSError)


def test_no_region_to_remove(region):
    with pytest.raises(pinyon.RegionAbsent, match="there is no region") as caught:
        pinyon.destroy(region)
    assert caught.value.kind == "PN_E_ABSENT"
    for name in (5, None, b"shop"):
        with pytest.raises(ARGUMENT, match="name="):
            pinyon.destroy(name)


def test_another_size(made):
    with pytest.raises(pinyon.RegionRefused, match=r"(?i)size|bytes") as caught:
        pinyon.Cache(made[0] + "?size=16MiB")
    assert caught.value.kind == "PN_E_SIZE"
    with pinyon.Cache(made[0]) as cache:
        assert cache.get("k") == 1


def test_a_file_that_others_may_open(made):
    os.chmod(made[1], 0o644)
    with pytest.raises(pinyon.RegionRefused) as caught:
        pinyon.Cache(made[0])
    assert caught.value.kind == "PN_E_MODE"


def test_a_file_that_is_no_region(region, made):
    made[1].write_bytes(b"not a region" * 10000)
    with pytest.raises(pinyon.RegionError) as caught:
        pinyon.Cache(made[0])
    assert caught.value.kind in ("PN_E_MAGIC", "PN_E_DAMAGED")


@pytest.mark.parametrize("offset", range(0, 64, 4))
def test_a_damaged_header(made, offset):
    """One field of the header overwritten: refused, and never believed."""
    with made[1].open("r+b") as file:
        file.seek(offset)
        old = file.read(4)
        file.seek(offset)
        file.write(struct.pack("<I", struct.unpack("<I", old)[0] ^ 0x00100401))
    with pytest.raises(pinyon.RegionError) as caught:
        pinyon.Cache(made[0])
    assert caught.value.kind.startswith("PN_E_")
    assert len(str(caught.value)) > 20


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user(made):
    os.chown(made[1], 12345, 12345)
    with pytest.raises(pinyon.RegionRefused) as caught:
        pinyon.Cache(made[0])
    assert caught.value.kind == "PN_E_OWNER"
    os.chown(made[1], 0, 0)


def test_no_room_for_the_region(region):
    free = os.statvfs(SHM).f_bavail * os.statvfs(SHM).f_frsize
    if free >= 200 << 30:
        pytest.skip("the memory file system is larger than a region may be")
    with pytest.raises(pinyon.RegionFull) as caught:
        pinyon.Cache(f"shm://{region}?size={free + (1 << 30)}")
    assert caught.value.kind == "PN_E_NOSPACE"


def test_a_directory_that_is_not_there(region):
    with pytest.raises(pinyon.CacheError, match="nowhere"):
        pinyon.Cache(f"shm://{region}?dir=/nowhere&size=8MiB")


def test_every_exception_has_one_root():
    names = [n for n in pinyon.__all__ if isinstance(getattr(pinyon, n), type)]
    errors = [getattr(pinyon, n) for n in names]
    errors = [e for e in errors if issubclass(e, Exception)]
    errors.remove(pinyon.PinyonWarning)
    assert len(errors) >= 20
    for error in errors:
        assert issubclass(error, pinyon.CacheError)
        assert error.__module__ == "pinyon"
    assert issubclass(pinyon.TimeoutError, TimeoutError)
    assert issubclass(pinyon.ConnectionError, ConnectionError)
    assert issubclass(pinyon.StoreBusy, TimeoutError)


@pytest.mark.parametrize("keys", ["abc", b"abc", 5, None])
def test_many_keys_are_not_one(cache, keys):
    cache.set_many({"a": 1, "b": 2, "c": 3})
    with pytest.raises(pinyon.KeyTypeError, match="keys"):
        cache.delete_many(keys)
    with pytest.raises(pinyon.KeyTypeError, match="keys"):
        asyncio.run(cache.adelete_many(keys))
    assert cache.get_many(["a", "b", "c"]) == {"a": 1, "b": 2, "c": 3}
