"""What a cache promises because its values are in an engine that others share. What it
promises like any cache, test_cache.py and the others ask of every engine."""

from __future__ import annotations

import asyncio
import inspect
import random
import threading

import pinyon
import pytest
from conftest import until
from pinyon import _core
from pinyon.far import FarCache
from pinyon.far_memcached import exptime
from pinyon.far_redis import lease_key
from test_policy import Gate

from tests.servers import Redis, slot_of

pytestmark = pytest.mark.far_only
redis_only = pytest.mark.backends("redis", "cluster")
memcached_only = pytest.mark.backends("memcacheds")


@pytest.fixture
def other(url):
    """Another host: it shares the engine with `cache`, and nothing else."""
    with pinyon.Cache(url) as opened:
        yield opened


def start(target, *args):
    thread = threading.Thread(target=target, args=args)
    thread.start()
    return thread


def raw(cache, *command):
    """What a client of the engine's own would say."""
    reply = cache._home.client._run([command])[0]
    if isinstance(reply, Exception):
        raise reply
    return reply


# ---- The class ---------------------------------------------------------------------


def test_it_is_a_cache(cache):
    assert isinstance(cache, pinyon.Cache)
    assert isinstance(cache.namespace("n"), pinyon.Cache)
    assert cache.__doc__ == pinyon.Cache.__doc__


def test_no_method_of_the_host_is_left_over():
    """Each is the far cache's own, with the same parameters, and has its twin."""
    same_for_both = {"_key", "_seal", "_unseal", "_marks", "_mark", "_count"}
    never_asked = {"_tags", "_lease", "_fill"}  # a FarJob asks in other ways
    for name, method in vars(_core.Cache).items():
        if not callable(method) or (name.startswith("__") and name != "__contains__"):
            continue
        if name in same_for_both | never_asked | {"_counters"}:
            continue
        own = getattr(FarCache, name)
        assert inspect.isfunction(own), name
        if not name.startswith("_"):
            twin = getattr(FarCache, f"a{name}")
            assert inspect.iscoroutinefunction(twin), name
            parameters = list(inspect.signature(own).parameters)
            assert parameters == list(inspect.signature(twin).parameters), name
            there = inspect.signature(method).parameters
            assert parameters == list(there), name


def test_a_class_of_the_users_derives_from_both(url):
    class Mine(pinyon.Cache):
        def double(self, key):
            return 2 * self.get(key)

    with Mine(url) as cache:
        cache.set("k", 4)
        assert cache.double("k") == 8
        assert isinstance(cache, Mine)


def test_no_password_is_shown(serve):
    server = serve(Redis(password="geheim"))
    url = f"redis://:geheim@{server.address}"
    with pinyon.Cache(url) as cache:
        cache.set("k", 1)
        shown = [repr(cache), cache.url, repr(cache._config), str(cache.stats())]
        with pytest.raises(pinyon.ConfigError) as caught:
            pinyon.Cache(url, ttl="soon")
        assert "geheim" not in "".join([*shown, str(caught.value)])
    with pinyon.Cache(f"redis://:falsch@{server.address}") as cache:
        with pytest.raises(pinyon.CacheError) as caught:
            cache.get("k")
        assert "falsch" not in str(caught.value)


def test_names_that_are_the_caches_own():
    with pytest.raises(pinyon.ConfigError, match="begin with ~"):
        pinyon.Cache("redis://localhost?namespace=~g")
    with pytest.raises(pinyon.ConfigError, match="memcached"):
        pinyon.Cache("memcached://localhost?namespace=a%20b")


def test_clear_wants_a_namespace_or_a_database_of_ones_own(url):
    with pinyon.Cache(url.replace("&flush=yes", "")) as cache:
        cache.set("k", 1)
        with pytest.raises(pinyon.ConfigError, match=r"namespace=.*flush=yes"):
            cache.clear()
        assert cache.get("k") == 1
        part = cache.namespace("n")
        part.set("k", 2)
        part.clear()
        assert (cache.get("k"), part.get("k")) == (1, None)


def test_options_of_a_host_are_told_where_they_belong():
    for url, more in (
        ("redis://h", {"size": "64MiB"}),
        ("memcached://h?item=100", {}),
        ("redis+cluster://:geheim@h", {"create": False}),
    ):
        with pytest.raises(pinyon.ArgumentError, match="mem:// and shm://") as caught:
            pinyon.Cache(url, **more)
        assert "geheim" not in str(caught.value)
    with pytest.raises(pinyon.ArgumentError, match="no option 'sise'"):
        pinyon.Cache("redis://h", sise=1)


def test_a_cache_waits_a_second_and_a_client_five():
    assert pinyon.Cache("redis://h")._config.far["timeout"] == 1
    assert pinyon.Cache("memcached://h?timeout=250ms")._config.far["timeout"] == 0.25
    assert pinyon.Client("redis://h")._settings["timeout"] == 5


def test_stats_of_every_node(cache):
    for i in range(200):
        cache.set(f"k{i}", i)
    nodes = cache.stats()["nodes"]
    assert cache.stats()["store"] is None
    assert sum(node["calls"] for node in nodes.values()) >= 200
    busy = [node for node in nodes.values() if node["calls"]]
    assert all(node["bytes_in"] and node["bytes_out"] for node in busy)
    assert all(0 < node["p50_us"] <= node["p999_us"] for node in busy)
    assert {node["state"] for node in busy} == {"up"}
    assert all(name.startswith("127.0.0.1:") for name in nodes)
    cache.check()


# ---- What others see, and what others wrote ----------------------------------------


def test_what_one_writes_another_reads(cache, other):
    value = {"a": [1, (2, 3), None], "b": b"x" * 5000}
    cache.set("k", value, 60, tags=["t"])
    assert other.get("k") == value
    assert other.gets("k")[0] == value
    assert 50 < other.ttl("k") <= 60
    f = cache.cached(name="f")(lambda x: [x])
    g = other.cached(name="f")(lambda x: 1 / 0)
    assert f(1) == g(1) == [1]
    other.invalidate_tag("t")
    assert cache.get("k") is None


@redis_only
def test_ints_are_text_that_redis_counts(cache):
    cache.set("n", 41)
    assert raw(cache, "INCR", "n") == 42
    assert cache.get("n") == 42
    cache.incr("n", -50)
    assert raw(cache, "GET", "n") == b"-8"
    raw(cache, "SET", "m", "7")
    assert cache.incr("m") == 8


@memcached_only
def test_ints_are_text_that_memcached_counts(cache):
    cache.set("n", 41)
    assert raw(cache, "ma", "n", "v").value == b"42"
    assert cache.get("n") == 42
    cache.set("n", 100)
    raw(cache, "ma", "n", "MD D95")  # leaves "5  "
    assert cache.get("n") == 5
    assert cache.decr("n", 6) == -1
    assert cache.incr("n", 3) == 2
    assert raw(cache, "mg", "n", "v").value == b"2"


@pytest.mark.parametrize(
    "foreign", [b"hello", b"007", b"\x80\x04K\x05.", b"{}", b"1.5"]
)
def test_what_others_wrote_is_told_and_left_alone(cache, url, foreign):
    if url.startswith("memcached"):
        raw(cache, "ms", "k", foreign, "")
    else:
        raw(cache, "SET", "k", foreign)
    for call in (cache.get, cache.gets, cache.ttl, lambda k: cache.get_many([k])):
        with pytest.raises(
            pinyon.SerializationError, match=r"key b'k'.*another program"
        ):
            call("k")
    assert cache.add("k", 1) is False
    assert cache.replace("k", 1) is False
    if foreign != b"007":  # memcached counts it
        with pytest.raises(pinyon.NotACounter, match="'k'"):
            cache.incr("k")
    with pytest.warns(pinyon.PinyonWarning, match="another program"):
        assert cache.get_or_load("k", lambda: "mine", 60) == "mine"
    assert cache.get("k") == "mine"


def test_a_later_format_is_told(cache, url):
    data = bytes([0xC1, 2]) + bytes(30)
    raw(cache, *(("ms", "k", data, "") if "memc" in url else ("SET", "k", data)))
    with pytest.raises(pinyon.SerializationError, match="newer one"):
        cache.get("k")


# ---- Tokens and tags ---------------------------------------------------------------


def test_what_was_invalidated_counts_as_absent(cache):
    for setup in (lambda: cache.set("k", 1, tags=["t"]), lambda: cache.set("k", "v")):
        setup()
        token = cache.gets("k")[1]
        cache.invalidate_tag("t")
        if cache.get("k") is not None:
            continue
        assert cache.cas("k", 2, token) is False
        assert cache.replace("k", 2) is False
        assert cache.touch("k", 60) is False
        assert cache.ttl("k") is None
        assert "k" not in cache
        assert cache.add("k", 3) is True
        assert cache.get("k") == 3


def test_tokens_of_numbers(cache):
    cache.set("n", 5)
    value, token = cache.gets("n")
    cache.incr("n")
    assert cache.cas("n", value + 1, token) is False
    value, token = cache.gets("n")
    assert cache.cas("n", "text", token) is True
    assert cache.get("n") == "text"


def test_a_lost_generation_never_comes_again(cache):
    """As when the engine evicts it: what had it stays away, whoever tags anew."""
    cache.set("old", 1, tags=["t"])
    part = cache.namespace("n")
    part.set("old", 1)
    engine = cache._engine
    for mark in (cache._mark("t"), part._group[0]):
        copies = engine._copies([mark])
        assert any(cache._home.client.get(key) is not None for key in copies)
        for key in copies:
            cache.delete(key.decode()) or raw(
                cache,
                "md" if engine.has_stubs else "DEL",
                key,
                *([""] * engine.has_stubs),
            )
    assert (cache.get("old"), part.get("old")) == (None, None)
    cache.set("new", 2, tags=["t"])
    part.set("new", 2)
    assert (cache.get("old"), part.get("old")) == (None, None)
    assert (cache.get("new"), part.get("new")) == (2, 2)
    assert cache.get_many(["old", "new"]) == {"new": 2}


@redis_only
def test_generations_outlive_their_items(cache):
    engine = cache._engine

    def left(tag, key="a"):
        return raw(cache, "PTTL", engine.copy(cache._mark(tag), cache._key(key)))

    cache.set("a", 1, ttl=60, tags=["t"])
    first = left("t")
    assert first > 2 * 3_600_000
    cache.set("a", 1, ttl="30d", tags=["t"])
    assert left("t") > 30 * 86_400_000
    cache.set("a", 1, ttl=60, tags=["t"])
    assert left("t") > 30 * 86_400_000  # never less than it was
    cache.set("a", 1, tags=["t"])
    assert left("t") == -1
    cache.set("a", 1, ttl=60, tags=["t"])
    assert left("t") == -1
    f = cache.cached(name="f", ttl=60, tags=lambda x: [f"u:{x}"])(lambda x: x)
    f(1)
    name = f.cache_key(1)
    assert 0 < left("u:1", name) < 3 * 3_600_000
    assert left(f._tag, name) == -1


@pytest.mark.far_only
def test_every_part_of_a_fleet_has_its_generation(cache):
    """What one part loses is lost for its items only, and one call invalidates all."""
    engine = cache._engine
    mark = cache._mark("t")
    names = {f"k{i}": i for i in range(200)}
    assert cache.set_many(names, tags=["t"]) == []
    copies = engine._copies([mark])
    used = {engine.copy(mark, cache._key(name)) for name in names}
    assert used == set(copies)
    if len(copies) > 1:
        word = ("md", copies[0], "") if engine.has_stubs else ("DEL", copies[0])
        raw(cache, *word)
        left = cache.get_many(names)
        assert set(left) == {
            name for name in names if engine.copy(mark, cache._key(name)) != copies[0]
        }
    cache.invalidate_tag("t")
    assert cache.get_many(names) == {}


# ---- One load for all hosts --------------------------------------------------------


def test_hosts_that_ask_together_load_once(cache, other, calls):
    gate = Gate({"v": 1})
    f = [c.cached(name="f", ttl=60)(gate) for c in (cache, other)]
    answers: list = []
    leader = start(lambda: answers.append(f[0](1)))
    assert gate.inside.wait(20)
    waiters = [start(lambda i=i: answers.append(f[i % 2](1))) for i in range(6)]
    until(lambda: f[1].cache_stats()["waits"] >= 3)
    gate.out.set()
    for thread in (leader, *waiters):
        thread.join()
    assert answers == [{"v": 1}] * 7
    assert gate.calls == 1


def test_a_host_that_is_gone_is_replaced_after_its_lease(cache, other):
    gate = Gate("late")
    f = cache.cached(name="f", lease=0.3)(gate)
    g = other.cached(name="f", lease=0.3)(lambda *args: "mine")
    late: list = []
    leader = start(lambda: late.append(f()))
    assert gate.inside.wait(20)
    assert g() == "mine"
    gate.out.set()
    leader.join()
    assert late == ["late"]  # its own caller's
    assert other.get(g.cache_key()) == "mine"
    assert f.cache_stats()["fenced"] == 1


ELSEWHERE = {
    "delete": lambda c, key: c.delete(key),
    "delete_many": lambda c, key: c.delete_many([key]),
    "tag": lambda c, key: c.invalidate_tag("t"),
    "set": lambda c, key: c.set(key, "theirs"),
    "set_many": lambda c, key: c.set_many({key: "theirs"}),
    "add": lambda c, key: c.add(key, "theirs"),
}


@pytest.mark.parametrize("change", ELSEWHERE)
def test_what_another_host_changes_is_not_overwritten(cache, other, change):
    gate = Gate("old")
    f = cache.cached(name="f", tags=["t"])(gate)
    thread = start(f, 1)
    assert gate.inside.wait(20)
    ELSEWHERE[change](other, f.cache_key(1))
    gate.out.set()
    thread.join()
    theirs = "theirs" if change in ("set", "set_many", "add") else None
    assert cache.get(f.cache_key(1)) == theirs
    if change != "tag":  # then it is stored, with a generation that is no more
        assert f.cache_stats()["fenced"] == 1


@pytest.mark.parametrize("change", ["delete", "set"])
def test_a_refresh_is_fenced_too(cache, other, change):
    gate = Gate("new")
    gate.out.set()
    f = cache.cached(name="f", ttl=0.05, stale=600, jitter=0)(gate)
    assert f(1) == "new"
    until(lambda: not f.cache_contains(1))
    gate.out.clear()
    gate.inside.clear()
    gate.result = "late"
    thread = start(f, 1)
    assert gate.inside.wait(20)
    ELSEWHERE[change](other, f.cache_key(1))
    gate.out.set()
    thread.join()
    assert cache.get(f.cache_key(1)) == ("theirs" if change == "set" else None)


def test_stale_is_served_while_another_host_refreshes(cache, other):
    gate = Gate("old")
    gate.out.set()
    f = cache.cached(name="f", ttl=0.05, stale=600, jitter=0)(gate)
    g = other.cached(name="f", ttl=0.05, stale=600, jitter=0)(lambda *args: 1 / 0)
    assert f() == "old"
    until(lambda: not f.cache_contains())
    gate.out.clear()
    gate.inside.clear()
    gate.result = "new"
    thread = start(f)
    assert gate.inside.wait(20)
    assert [g() for _ in range(5)] == ["old"] * 5
    assert g.cache_stats()["stale_hits"] == 5
    assert other.get(g.cache_key()) is None  # which is nothing for the plain calls
    gate.out.set()
    thread.join()


def test_a_dead_item_is_loaded_once(cache, other):
    """It lies there, its tag is invalid, and only one host may replace it."""
    gate = Gate("old")
    gate.out.set()
    f = cache.cached(name="f", tags=["t"])(gate)
    g = other.cached(name="f", tags=["t"])(gate)
    assert f(1) == g(1) == "old"
    cache.invalidate_tag("t")
    gate.out.clear()
    gate.inside.clear()
    gate.result = "new"
    answers: list = []
    threads = [start(lambda h=h: answers.append(h(1))) for h in (f, g, f, g)]
    assert gate.inside.wait(20)
    until(lambda: f.cache_stats()["waits"] + g.cache_stats()["waits"] >= 3)
    gate.out.set()
    for thread in threads:
        thread.join()
    assert answers == ["new"] * 4
    assert gate.calls == 2


def test_a_task_waits_for_another_host_without_blocking_its_loop(cache, other):
    gate = Gate("theirs")
    f = cache.cached(name="f", lease=30)(gate)
    thread = start(f)
    assert gate.inside.wait(20)

    @other.cached(name="f", lease=30)
    async def g(*args):
        return "mine"

    async def main():
        waiter = asyncio.create_task(g())
        ticks = 0
        while g.cache_stats()["waits"] < 1 or ticks < 50:
            assert not waiter.done()
            await asyncio.sleep(0.001)
            ticks += 1
        gate.out.set()
        return await waiter

    assert asyncio.run(main()) == "theirs"
    thread.join()


def test_a_loop_that_waits_for_a_fleet_is_told_of_the_twin(cache):
    """Once for each method; of a plain function nothing, which blocks anyway."""

    async def main():
        @cache.cached
        async def f(x):
            return x

        plain = cache.cached(name="plain")(lambda x: x)
        with pytest.warns(pinyon.PinyonWarning, match="await acache_clear") as told:
            [g.cache_clear() for g in (f, f, plain)]
        assert len(told) == 1
        assert "f.cache_clear() blocks its event loop" in str(told[0].message)
        assert told[0].filename == __file__

    asyncio.run(main())
    f = cache.cached(name="f")(answered)
    f.cache_clear()  # no loop here


async def answered(x):
    return x


def test_an_exception_gives_the_lease_back(cache, other):
    def broken():
        raise LookupError("gone")

    f = cache.cached(name="f", lease=600)(broken)
    with pytest.raises(LookupError):
        f()
    assert other.cached(name="f", lease=600)(lambda: 7)() == 7


def test_lock_false_asks_for_no_lease(cache, other):
    gate = Gate("a")
    f = cache.cached(name="f", lock=False)(gate)
    thread = start(f)
    assert gate.inside.wait(20)
    assert other.cached(name="f", lock=False)(lambda *args: "b")() == "b"
    gate.out.set()
    thread.join()
    assert cache.get(f.cache_key()) == "a"


# ---- Trouble -----------------------------------------------------------------------


@redis_only
def test_scripts_a_server_does_not_know_are_sent(cache):
    assert cache.incr("n") == 1
    for node in cache._home.client._nodes():
        if node[3] == "primary":
            cache._home.client._run([("SCRIPT", "FLUSH")], node=node[0])
    assert cache.incr("n") == 2
    assert cache.delete_many([f"k{i}" for i in range(50)] + ["n"]) == 1


# ---- Redis -------------------------------------------------------------------------


def test_a_lease_is_in_the_slot_of_its_key():
    chance = random.Random(1)
    none = 0
    for _ in range(20_000):
        key = bytes(chance.choices(b"ab{}:", k=chance.randrange(1, 12)))
        lease = lease_key(key, in_slots=True)
        if lease is None:
            none += 1
            assert b"}" in key
        else:
            assert slot_of(lease) == slot_of(key), key
        assert lease_key(key, in_slots=False) is not None
    assert 0 < none < 20_000


@pytest.mark.backends("cluster")
def test_keys_whose_lease_has_no_place_are_loaded_all_the_same(cache, calls):
    for key in ("}a", "{}", "a}b{c", "{}{x}"):
        assert cache.get_or_load(key, calls.wrap(lambda: "v"), 60) == "v"
        assert cache.get_or_load(key, calls.wrap(lambda: "v"), 60) == "v"
        assert cache.add(key, 1) is False
        assert cache.delete(key) is True
    assert len(calls) == 4


# ---- memcached ---------------------------------------------------------------------


def test_exptime(monkeypatch):
    import time

    monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)
    month = 30 * 86400
    assert exptime(None) == 0
    assert [exptime(ms) for ms in (1, 1000, 1001)] == [1, 1, 2]
    assert exptime(month * 1000) == month
    assert exptime(month * 1000 + 1) == 1_000_000_000 + month + 1
    assert exptime(month * 1000, slack=1) == 1_000_000_000 + month + 1
    assert exptime(300 * 365 * 86400 * 1000) == 0  # beyond what it can hold


@memcached_only
def test_a_ttl_over_30_days(cache):
    cache.set("k", "v", "45d")
    assert cache.get("k") == "v"
    assert 44 * 86400 < cache.ttl("k") <= 45 * 86400
    assert 44 * 86400 < raw(cache, "mg", "k", "t").ttl <= 45 * 86400 + 2
    cache.set("n", 5, "45d")
    assert 44 * 86400 < cache.ttl("n") <= 45 * 86400 + 1
    assert cache.touch("n", "60d") is True
    assert 59 * 86400 < cache.ttl("n") <= 60 * 86400 + 1


@memcached_only
def test_a_value_over_the_servers_limit_leaves_no_old_one(cache):
    large = random.Random(1).randbytes(2 << 20)
    for call in (
        lambda: cache.set("k", large),
        lambda: cache.replace("k", large),
        lambda: cache.cas("k", large, cache.gets("k")[1]),
    ):
        cache.set("k", "old")
        with pytest.raises(pinyon.ValueTooLarge):
            call()
        assert cache.get("k") is None
    cache.set_many({"a": "old", "b": "old"})
    assert cache.set_many({"a": "new", "b": large}) == ["b"]
    assert cache.get_many(["a", "b"]) == {"a": "new"}
    with pytest.warns(pinyon.PinyonWarning, match="not cached"):
        assert cache.get_or_load("l", lambda: large) == large
    assert cache.get_or_load("l", lambda: 1) == 1


@memcached_only
def test_a_value_that_the_client_refuses_leaves_no_old_one(cache, url):
    with pinyon.Cache(url, value_max="64KiB") as small:
        cache.set("k", "old")
        with pytest.raises(pinyon.ValueTooLarge):
            small.set("k", random.Random(1).randbytes(100_000))
        assert cache.get("k") is None


@memcached_only
def test_a_stub_is_nothing(cache):
    for _ in range(2):
        raw(cache, "mg", "k", "v c N30")
        assert cache.get("k", "none") == "none"
        assert cache.gets("k") == (None, None)
        assert cache.get_many(["k"]) == {}
        assert cache.ttl("k") is None
        assert "k" not in cache
        assert cache.touch("k", 5) is False
        assert cache.replace("k", 1) is False
        assert cache.delete("k") is False
    raw(cache, "mg", "k", "v c N30")
    assert cache.add("k", "v") is True
    assert cache.add("k", "w") is False
    assert cache.get("k") == "v"
    raw(cache, "mg", "n", "v c N30")
    assert cache.incr("n", initial=4) == 5


@memcached_only
def test_short_times_are_exact(cache):
    """Though the server's are whole seconds: it keeps an item for longer."""

    def kept():
        cache.set("k", "v", 60)
        return raw(cache, "mg", "k", "t").ttl

    assert max(kept() for _ in range(5)) == 61
    for value in ("v", 5):
        cache.set("k", value, 1.5)
        assert 0 < cache.ttl("k") <= 1.5
        assert cache.touch("k", 0.05)
        until(lambda: cache.get("k") is None)
        assert "k" not in cache
        assert cache.add("k", 1) is True
