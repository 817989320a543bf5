"""What a far cache does when servers are out of reach, or others stand in for them."""

from __future__ import annotations

import asyncio
import contextlib

import pinyon
import pytest
from conftest import until

from tests.servers import Memcached, Redis

both_engines = pytest.mark.parametrize("server", [Redis, Memcached])


@both_engines
def test_a_server_that_is_gone(serve, server, calls):
    engine = serve(server())
    scheme = "memcached" if server is Memcached else "redis"
    with pinyon.Cache(f"{scheme}://{engine.address}", timeout=0.5) as cache:
        f = cache.cached(name="f")(calls.wrap())
        assert f(1) == 1
        engine.kill()
        with pytest.warns(pinyon.PinyonWarning, match="runs without its cache"):
            assert (f(1), asyncio.run(cache.aget_or_load("k", lambda: 2))) == (1, 2)
        assert f.cache_stats()["errors"] > 0
        node = cache.stats()["nodes"][engine.address]
        assert node["state"] in ("failing", "down")
        assert node["why"]
        for call in (
            lambda: cache.get("k"),
            lambda: cache.set("k", 1),
            lambda: cache.get_many(["a", "b"]),
            lambda: cache.delete("k"),
            lambda: cache.incr("k"),
            lambda: cache.invalidate_tag("t"),
            lambda: asyncio.run(cache.aget("k")),
            lambda: cache.cached(name="g", on_error="raise")(lambda: 1)(),
            cache.check,
        ):
            with pytest.raises((pinyon.ConnectionError, pinyon.TimeoutError)):
                call()


#: Calls of a cached function that go to the engine, to be awaited.
TWINS = {
    "acache_contains": lambda f: f.acache_contains(1),
    "acache_get": lambda f: f.acache_get(1),
    "acache_set": lambda f: f.acache_set(5, 1),
    "acache_invalidate": lambda f: f.acache_invalidate(1),
    "acache_clear": lambda f: f.acache_clear(),
    "acache_refresh": lambda f: f.acache_refresh(1),
}


@both_engines
@pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS)
def test_a_twin_never_blocks_its_loop(serve, server, twin):
    engine = serve(server())
    scheme = "memcached" if server is Memcached else "redis"

    async def main():
        @cache.cached
        async def f(x):
            return x

        assert await f(1) == 1
        engine.pause()
        call = asyncio.create_task(twin(f))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not call.done()
        engine.resume()
        await call

    with pinyon.Cache(f"{scheme}://{engine.address}", timeout=20) as cache:
        asyncio.run(main())


@both_engines
def test_numbers_say_what_is_wrong_and_who_stands_in(serve, server):
    one, spare = serve(server()), serve(server())
    scheme = "memcached" if server is Memcached else "redis"
    url = f"{scheme}://{one.address}?place=libketama&gutter={spare.address}"
    with pinyon.Cache(url) as cache:
        cache.set("k", 1)
        before = cache.stats()["nodes"]
        assert (before[one.address]["why"], before[one.address]["state"]) == (
            None,
            "up",
        )
        assert before[spare.address]["role"] == "gutter"
        one.kill()
        until(lambda: state_of(cache, one) == "down")
        after = cache.stats()["nodes"]
        assert "refused" in after[one.address]["why"]
        assert after[one.address]["errors"] > 0
        assert after[spare.address]["gutter"] == after[spare.address]["calls"] > 0


def test_another_engine_than_the_url_says(redis, memcached):
    for url, said in (
        (f"redis://{memcached.address}", "does Redis listen there"),
        (f"memcached://{redis.address}", "does memcached listen there"),
    ):
        for way in ("blocking", "asyncio"):
            with (
                pinyon.Cache(url, timeout=20) as cache,
                pytest.raises(pinyon.ProtocolError, match=said),
            ):
                attempt(way, cache, "get", "k")


@both_engines
def test_what_came_too_late_is_counted(serve, server):
    hung = serve(server())
    scheme = "memcached" if server is Memcached else "redis"
    with pinyon.Cache(f"{scheme}://{hung.address}", timeout=0.1) as cache:
        cache.set("k", 1)
        hung.pause()
        with pytest.raises(pinyon.TimeoutError):
            cache.get("k")
        node = cache.stats()["nodes"][hung.address]
        assert node["timeouts"] == node["errors"] == 1
        assert node["why"].startswith("the peer did not answer")


def test_redirects_are_counted_where_they_come_from(cluster):
    """By redis://, which knows of no cluster and follows all the same."""
    first, *others = cluster.primaries
    with pinyon.Cache(f"redis://{first.address}", timeout=20) as cache:
        for i in range(20):
            cache.set(f"k{i}", i)
        nodes = cache.stats()["nodes"]
        assert nodes[first.address]["redirects"] > 10
        assert sum(node["redirects"] for node in nodes.values()) < 100
        assert all(nodes[other.address]["calls"] for other in others)


# ---- Invalidations that were not heard -----------------------------------------------


def invalidations(cache, f, key, x):
    """Each with its target, its name and its arguments."""
    return [
        (cache, "delete", key),
        (cache, "delete_many", [key]),
        (cache, "set", key, 1, 0),
        (cache, "invalidate_tag", "t"),
        (cache, "invalidate_tags", ["t"]),
        (cache, "clear"),
        (f, "cache_invalidate", x),
        (f, "cache_clear"),
    ]


def attempt(way, target, name, *args, **kw):
    if way == "blocking":
        return getattr(target, name)(*args, **kw)

    async def go():
        return await getattr(target, f"a{name}")(*args, **kw)

    return asyncio.run(go())


def state_of(cache, server):
    """How the client sees it, when it has looked."""
    for i in range(20):
        with contextlib.suppress(pinyon.CacheError):
            cache.get(f"look{i}")
    return cache.stats()["nodes"][server.address]["state"]


def placed_on(cache, server, read):
    """The first number for which ``read`` asks that server."""
    for number in range(200):
        before = cache.stats()["nodes"][server.address]["calls"]
        read(number)
        if cache.stats()["nodes"][server.address]["calls"] > before:
            return number
    raise AssertionError("no key in 200 is the server's")


ways = pytest.mark.parametrize("way", ["blocking", "asyncio"])


@ways
@pytest.mark.parametrize("stand_in", ["gutter", "fail_over"])
@both_engines
def test_an_invalidation_that_only_a_stand_in_heard_is_told(
    serve, server, stand_in, way
):
    """The node was cut off, not restarted: it comes back with what it had."""
    one, other = serve(server()), serve(server())
    scheme = "memcached" if server is Memcached else "redis"
    more = f"?gutter={other.address}"
    if stand_in == "fail_over":
        more = f",{other.address}?fail_over=yes"
    url = f"{scheme}://{one.address}{more}&place=libketama"
    options = {"timeout": 0.3, "soft_failures": 1, "probe_min": 0.05, "probe_max": 0.1}
    with pinyon.Cache(url, namespace="n", **options) as cache:
        f = cache.cached(name="f", tags=["t"])(lambda x: x)
        key = f"k{placed_on(cache, one, lambda i: cache.get(f'k{i}'))}"
        x = placed_on(cache, one, f)
        cache.set(key, "old", tags=["t"])
        one.pause()
        until(lambda: state_of(cache, one) == "down")
        for what in invalidations(cache, f, key, x):
            with pytest.raises(pinyon.Down, match="only its stand-in") as caught:
                attempt(way, *what)
            assert caught.value.node == one.address, what
        one.resume()
        until(lambda: state_of(cache, one) == "up")
        assert (cache.get(key), f.cache_get(x)) == ("old", x)
        for what in invalidations(cache, f, key, x):
            cache.set(key, "new", tags=["t"])
            f(x)
            attempt(way, *what)
            is_left = (cache.get(key) is not None, f.cache_contains(x))
            assert is_left in [(False, True), (True, False), (False, False)], what


@ways
@both_engines
def test_an_invalidation_that_a_dead_node_missed_is_told(serve, server, way):
    """And those that are alive have heard it all the same."""
    one, other = serve(server()), serve(server())
    scheme = "memcached" if server is Memcached else "redis"
    url = f"{scheme}://{one.address},{other.address}?place=libketama"
    with pinyon.Cache(url, namespace="n", timeout=0.5) as cache:
        f = cache.cached(name="f", tags=["t"])(lambda x: x)
        key = f"k{placed_on(cache, one, lambda i: cache.get(f'k{i}'))}"
        there = f"k{placed_on(cache, other, lambda i: cache.get(f'k{i}'))}"
        x = placed_on(cache, one, f)
        one.kill()
        for what in invalidations(cache, f, key, x):
            cache.set(there, "alive", tags=["t"])
            with pytest.raises(pinyon.ConnectionError) as caught:
                attempt(way, *what)
            assert caught.value.node == one.address, what
            is_of_all = what[1].startswith("invalidate_tag") or what[1] == "clear"
            assert cache.get(there) == (None if is_of_all else "alive"), what
        with pytest.raises(pinyon.ConnectionError):
            attempt(way, cache, "delete_many", [key, there])
        assert cache.get(there) is None


# ---- Other servers -------------------------------------------------------------------


@both_engines
@ways
def test_another_list_of_servers(serve, server, way):
    """What moved is found while it is warm, what is deleted is gone everywhere; and the
    namespaces of the cache have the new list too."""
    servers = [serve(server()) for _ in range(3)]
    scheme = "memcached" if server is Memcached else "redis"
    one, two, three = (s.address for s in servers)
    keys = [f"k{i}" for i in range(60)]
    with pinyon.Cache(f"{scheme}://{one},{two}?place=libketama") as cache:
        part = cache.namespace("n")
        assert cache.set_many(dict.fromkeys(keys, "old")) == []
        attempt(way, cache, "set_members", [one, two, three])
        assert part.url == cache.url == f"{scheme}://{one},{two},{three}"
        if server is Memcached:
            assert cache.get_many(keys) == dict.fromkeys(keys, "old")
            assert {cache.get(key) for key in keys} == {"old"}
        assert cache.delete_many(keys[:30]) == 30
        assert cache.get_many(keys[:30]) == {}
        assert part.set_many(dict.fromkeys(keys, "new")) == []
        assert cache.stats()["nodes"][three]["calls"] > 10
        attempt(way, cache, "set_members", [f"{one}:3", two], names=["a", "b"], warm=0)
        assert set(cache.stats()["nodes"]) == {one, two}


def test_an_invalidation_reaches_who_has_the_old_list(serve):
    """While a fleet warms up: the copies of a generation are not the same by both."""
    servers = [serve(Memcached()) for _ in range(4)]
    old = ",".join(s.address for s in servers[:3])
    url = f"memcached://{old}?place=libketama"
    with pinyon.Cache(url) as cache, pinyon.Cache(url) as other:
        tags = [f"t{i}" for i in range(60)]  # of some, two copies move
        names = [f"{tag}:{i}" for tag in tags for i in range(6)]
        for name in names:
            other.set(name, 1, tags=[name.partition(":")[0]])
        cache.set_members([s.address for s in servers])
        cache.invalidate_tags(tags[1:])
        assert set(other.get_many(names)) == {f"t0:{i}" for i in range(6)}


def test_other_servers_are_for_those_who_place_keys(url):
    message = "memcached, and for fleets with place=|finds? their servers themselves"
    servers = ["127.0.0.1:1", "127.0.0.1:2"]
    with pinyon.Cache(url) as cache:
        if url.startswith("memcached"):
            with pytest.raises(pinyon.ConfigError, match="give a list"):
                cache.set_members("127.0.0.1:1")
            cache.close()
            with pytest.raises(pinyon.ClosedError):
                cache.set_members(servers)
            return
        with pytest.raises(pinyon.ConfigError, match=message):
            cache.set_members(servers)
        with pytest.raises(pinyon.ConfigError, match=message):
            asyncio.run(cache.aset_members(servers, warm="1m"))
