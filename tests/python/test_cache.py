"""The calls of a cache, on both kinds of store."""

from __future__ import annotations

import copy
import math
import os
import pickle
import threading
from datetime import timedelta

import pinyon
import pytest
from conftest import until


def test_get_gives_what_set_stored(cache):
    assert cache.set("k", {"a": [1, (2, 3)]}) is True
    assert cache.get("k") == {"a": [1, (2, 3)]}
    assert type(cache.get("k")["a"][1]) is tuple


def test_a_miss_gives_the_default(cache):
    assert cache.get("absent") is None
    assert cache.get("absent", 7) == 7
    assert cache.get("absent", default="d") == "d"


@pytest.mark.parametrize("value", [None, False, 0, "", b"", [], {}])
def test_what_is_false_is_a_value_like_any(cache, value):
    cache.set("k", value)
    assert cache.get("k", "missed") == value
    assert "k" in cache


def test_every_hit_is_an_object_of_its_own(cache):
    cache.set("k", [1])
    cache.get("k").append(2)
    assert cache.get("k") == [1]


def test_text_and_its_bytes_are_one_key(cache):
    cache.set("schlüssel", 1)
    assert cache.get("schlüssel".encode()) == 1


def test_keys_of_every_length_and_content(cache):
    keys = ["k" * n for n in (1, 250, 255, 256, 5000, 65536)]
    keys += [bytes([0, 255, 10]), "\n", " ", "~b2:"]
    for i, key in enumerate(keys):
        cache.set(key, i)
    assert [cache.get(key) for key in keys] == list(range(len(keys)))


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 65536, 65537, 1 << 20])
def test_values_of_every_length(cache, size):
    value = bytes(i * 7 & 255 for i in range(size))
    cache.set("k", value)
    assert cache.get("k") == value
    assert cache.get_many(["k"]) == {"k": value}
    assert cache.gets("k")[0] == value


def test_add_only_when_absent(cache):
    assert cache.add("k", 1) is True
    assert cache.add("k", 2) is False
    assert cache.get("k") == 1


def test_replace_only_when_present(cache):
    assert cache.replace("k", 1) is False
    cache.set("k", 1)
    assert cache.replace("k", 2) is True
    assert cache.get("k") == 2


def test_cas_stores_only_over_what_gets_saw(cache):
    assert cache.gets("k") == (None, None)
    assert cache.gets("k", 5) == (5, None)
    assert cache.cas("k", 1, None) is False
    cache.set("k", 1)
    value, token = cache.gets("k")
    assert value == 1
    assert cache.cas("k", 2, token) is True
    assert cache.cas("k", 3, token) is False
    assert cache.get("k") == 2
    cache.delete("k")
    assert cache.cas("k", 3, token) is False


def test_delete(cache):
    cache.set("k", 1)
    assert cache.delete("k") is True
    assert cache.delete("k") is False
    assert cache.get("k") is None


def test_many(cache):
    assert cache.set_many({"a": 1, "b": None, b"c": [2]}, 60) == []
    assert cache.get_many(["a", "b", b"c", "d"]) == {"a": 1, "b": None, b"c": [2]}
    assert cache.get_many(iter(["a"])) == {"a": 1}
    assert cache.get_many([]) == {}
    assert cache.delete_many(["a", "b", "d"]) == 2
    assert cache.get_many(["a", "b", b"c"]) == {b"c": [2]}


def test_many_more_than_a_batch(cache):
    items = {f"k{i}": "v" * i for i in range(1000)}
    cache.set_many(items)
    assert cache.get_many(items) == items


@pytest.mark.host_only
def test_set_many_names_what_does_not_fit(cache):
    large = os.urandom(cache.stats()["store"]["value_max"] + 1)
    assert cache.set_many({"a": 1, "b": large}) == ["b"]
    assert cache.get_many(["a", "b"]) == {"a": 1}


@pytest.mark.host_only
def test_a_value_that_does_not_fit_is_refused_whole(cache):
    cache.set("k", 1)
    with pytest.raises(pinyon.ValueTooLarge, match="store larger"):
        cache.set("k", os.urandom(cache.stats()["store"]["value_max"] + 1))
    assert cache.get("k") == 1


# ---- Times to live -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("ttl", "seconds"),
    [
        (60, 60.0),
        (2.5, 2.5),
        ("90", 90.0),
        ("10m", 600.0),
        ("1h30m", 5400.0),
        ("1.5h", 5400.0),
        ("2d", 172800.0),
        ("1w", 604800.0),
        ("5000ms", 5.0),
        (timedelta(hours=1), 3600.0),
        (None, math.inf),
    ],
)
def test_ttl_as_it_is_written(cache, ttl, seconds):
    cache.set("k", 1, ttl)
    left = cache.ttl("k")
    assert left <= seconds
    assert left == seconds or left > seconds - 2


def test_ttl_of_what_is_absent(cache):
    assert cache.ttl("k") is None


def test_zero_stores_nothing_and_drops_what_was(cache):
    cache.set("k", 1)
    cache.set("k", 2, ttl=0)
    assert "k" not in cache


def test_expiry(cache):
    cache.set("k", 1, ttl=0.02)
    until(lambda: cache.get("k") is None)
    assert "k" not in cache
    assert cache.ttl("k") is None


def test_the_cache_has_a_default(url):
    with pinyon.Cache(url, ttl="1h") as cache:
        cache.set("k", 1)
        assert 3500 < cache.ttl("k") <= 3600
        cache.set("k", 1, None)
        assert cache.ttl("k") == math.inf


def test_touch(cache):
    assert cache.touch("k", 5) is False
    cache.set("k", 1)
    assert cache.touch("k", 60) is True
    assert 50 < cache.ttl("k") <= 60
    assert cache.touch("k", None) is True
    assert cache.ttl("k") == math.inf


# ---- Counters ----------------------------------------------------------------------


def test_counting(cache):
    assert cache.incr("n") == 1
    assert cache.incr("n", 41) == 42
    assert cache.decr("n", 2) == 40
    assert cache.get("n") == 40
    assert cache.incr("m", initial=100) == 101
    assert cache.incr("t", ttl=60) == 1
    assert 50 < cache.ttl("t") <= 60


def test_counting_what_set_stored(cache):
    cache.set("n", 5)
    assert cache.incr("n") == 6


def test_counting_what_is_no_counter(cache):
    cache.set("k", "text")
    with pytest.raises(pinyon.NotACounter):
        cache.incr("k")
    assert cache.get("k") == "text"


def test_a_counter_keeps_to_64_bits(cache):
    cache.set("n", 2**63 - 1)
    with pytest.raises(pinyon.CounterRange):
        cache.incr("n")
    assert cache.get("n") == 2**63 - 1


def test_an_absent_counter_is_made_unless_told_not_to(cache):
    with pytest.raises(pinyon.KeyNotFound, match="initial=None"):
        cache.incr("n", initial=None)
    with pytest.raises(KeyError):
        cache.decr("n", initial=None)
    assert "n" not in cache


def test_threads_count_exactly(cache):
    def count() -> None:
        for _ in range(2000):
            cache.incr("n")

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.get("n") == 16000


# ---- Groups ------------------------------------------------------------------------


def test_clear(cache):
    cache.set_many({"a": 1, "b": 2})
    cache.clear()
    assert cache.get_many(["a", "b"]) == {}
    cache.set("a", 3)
    assert cache.get("a") == 3


def test_tags(cache):
    cache.set("a", 1, tags=["x", "y"])
    cache.set("b", 2, tags=["y"])
    cache.set("c", 3)
    cache.invalidate_tag("x")
    assert cache.get_many(["a", "b", "c"]) == {"b": 2, "c": 3}
    cache.invalidate_tags(["x", "y"])
    assert cache.get_many(["a", "b", "c"]) == {"c": 3}
    cache.set("a", 4, tags=["x"])
    assert cache.get("a") == 4


def test_any_number_of_tags_is_invalidated(cache):
    part = cache.namespace("n")
    for c in (cache, part):
        c.set_many({"a": 1, "b": 2}, tags=["t7"])
        c.invalidate_tags(f"t{i}" for i in range(100))
        assert c.get_many(["a", "b"]) == {}
        for wrong in ("t7", 7, None, ["t", 7]):
            with pytest.raises(pinyon.KeyTypeError):
                c.invalidate_tags(wrong)


def test_a_namespace_has_keys_tags_and_clear_of_its_own(cache):
    one, two = cache.namespace("one"), cache.namespace("two")
    for c in (cache, one, two):
        c.set("k", repr(c), tags=["t"])
        c.incr("n")
    assert one.get("k") != two.get("k") != cache.get("k")
    one.invalidate_tag("t")
    assert one.get("k") is None
    assert two.get("k") is not None
    two.clear()
    assert (two.get("k"), two.get("n")) == (None, None)
    assert cache.get("k") is not None
    assert (one.get("n"), cache.get("n")) == (1, 1)
    assert one.incr("n") == 2


def test_clear_of_the_cache_clears_namespaces_and_close_of_one_closes_it(cache):
    part = cache.namespace("n")
    part.set("k", 1)
    cache.clear()
    assert "k" not in part
    part.close()
    assert cache.closed
    with pytest.raises(pinyon.ClosedError):
        cache.get("k")


def test_namespaces_nest(cache):
    inner = cache.namespace("a").namespace("b")
    inner.set("k", 1)
    assert cache.get("a:b:k") == 1
    with pinyon.Cache("mem://?namespace=v2") as other:
        other.set("k", 1)
        assert repr(other) == "<pinyon.Cache mem:// v2>"


# ---- Life --------------------------------------------------------------------------


def test_closed(cache):
    cache.set("k", 1)
    part = cache.namespace("n")
    cache.close()
    cache.close()
    assert cache.closed
    for call in (
        lambda: cache.get("k"),
        lambda: part.set("k", 1),
        lambda: cache.get_many(["k"]),
        lambda: cache.stats(),
        lambda: "k" in cache,
        lambda: cache.clear(),
        lambda: cache.delete("k"),
        lambda: cache.incr("k"),
    ):
        with pytest.raises(pinyon.ClosedError, match="make a new Cache"):
            call()


def test_a_region_outlives_its_cache(region):
    with pinyon.Cache(f"shm://{region}?size=8MiB") as first:
        first.set("k", 1)
    with pinyon.Cache(f"shm://{region}") as second:
        assert second.get("k") == 1
        assert second.stats()["store"]["size"] == 8 << 20


def test_two_caches_of_one_region_see_the_same(region):
    with (
        pinyon.Cache(f"shm://{region}?size=8MiB") as a,
        pinyon.Cache(f"shm://{region}") as b,
    ):
        a.set("k", 1, tags=["t"])
        assert b.get("k") == 1
        b.invalidate_tag("t")
        assert a.get("k") is None


def test_destroy(region):
    cache = pinyon.Cache(f"shm://{region}?size=8MiB")
    cache.destroy()
    with pytest.raises(pinyon.RegionAbsent):
        pinyon.destroy(region)


@pytest.mark.host_only
def test_closing_while_threads_are_inside(url):
    cache = pinyon.Cache(url)
    cache.set("k", b"x" * 300_000)
    seen: list[type] = []

    def read() -> None:
        try:
            while True:
                cache.get("k")
                cache.set("k", b"y" * 300_000)
        except pinyon.ClosedError as error:
            seen.append(type(error))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: cache.stats()["store"]["hits"] > 20)
    cache.close()
    for thread in threads:
        thread.join()
    assert seen == [pinyon.ClosedError] * 4


def test_a_cache_is_neither_pickled_nor_copied(cache):
    with pytest.raises(TypeError, match="same URL"):
        pickle.dumps(cache)
    with pytest.raises(TypeError, match="same URL"):
        copy.copy(cache)


def test_repr_and_url(cache, url):
    said = url.split("?")[0].replace("valkey:", "redis:").removesuffix("/0")
    assert cache.url == said
    assert repr(cache) == f"<pinyon.Cache {cache.url}>"
    cache.close()
    assert repr(cache) == f"<pinyon.Cache {cache.url} closed>"


@pytest.mark.host_only
def test_stats_and_check(cache):
    cache.set("k", 1)
    cache.get("k")
    cache.get("absent")
    stats = cache.stats()
    assert stats["url"] == cache.url
    assert stats["store"]["items"] == 1
    assert stats["store"]["hits"] == 1
    assert stats["store"]["misses"] == 1
    assert stats["store"]["processes"] == 1
    assert stats["calls"]["hits"] == 0
    cache.check()


def test_pickle_wants_a_secret_and_meets_its_own(region):
    url = f"shm://{region}?size=8MiB"
    secret = b"0123456789abcdef"
    with pinyon.Cache(url, codec="pickle", secret=secret) as cache:
        cache.set("k", frozenset({1, 2}))
        assert cache.get("k") == frozenset({1, 2})
        cache.set("c", complex(1, 2))
        assert cache.get("c") == complex(1, 2)
        other = pinyon.Cache(url, codec="pickle", secret=b"another secret!!")
        with other, pytest.raises(pinyon.SerializationError):
            other.get("c")
    with pytest.raises(pinyon.CacheError, match="secret"):
        pinyon.Cache("mem://", codec="pickle")


def test_destroy_takes_name_or_url() -> None:
    for url in ("destroy-by-name", "shm://destroy-by-url"):
        name = url.rpartition("/")[2]
        pinyon.Cache(f"shm://{name}?size=4MiB").close()
        pinyon.destroy(url)
        with pytest.raises(pinyon.RegionAbsent, match=name):
            pinyon.destroy(url)
    with pytest.raises(pinyon.ConfigError, match="only shm://"):
        pinyon.destroy("mem://")
    with pytest.raises(pinyon.ConfigError, match="only shm://") as caught:
        pinyon.destroy("redis://:geheim@127.0.0.1/0")
    assert "geheim" not in str(caught.value)
