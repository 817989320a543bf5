"""The client of memcached fleets, against real servers."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pinyon
import pytest
from fleets import ask  # noqa: F401

MONTH = 30 * 86_400


@pytest.fixture
def client(memcacheds):
    addresses = ",".join(server.address for server in memcacheds)
    with pinyon.Client(f"memcached://{addresses}") as opened:
        yield opened


@pytest.fixture
def do(ask, client):  # noqa: F811
    return ask(client)


def test_its_class(client):
    assert type(client) is pinyon.Memcached
    assert isinstance(client, pinyon.Client)
    assert repr(client).startswith("<pinyon.Memcached memcached://127.0.0.1:")
    url = client.url
    with pinyon.Memcached(url) as other:
        assert type(other) is pinyon.Memcached
    with pinyon.Memcached.from_url(url, decode_responses=True) as other:
        other.set("k", "wert")
        assert other.get("k") == "wert"
        assert other.gets("k")[0] == "wert"
    with pytest.raises(pinyon.ConfigError, match="not memcached"):
        pinyon.Memcached("redis://localhost")

    class Mine(pinyon.Client):
        pass

    with pytest.raises(pinyon.ConfigError, match="derive"):
        Mine(url)


def test_set_get_delete(do):
    assert do("get", "k") is None
    assert do("set", "k", b"v") is True
    assert do("get", "k") == b"v"
    assert do("add", "k", "w") is False
    assert do("add", "new", "w") is True
    assert do("replace", "k", "x") is True
    assert do("replace", "none", "x") is False
    assert do("append", "k", "y") is True
    assert do("prepend", "k", "w") is True
    assert do("get", "k") == b"wxy"
    assert do("append", "none", "y") is False
    assert do("delete", "k") is True
    assert do("delete", "k") is False
    assert do("set", "empty", b"") is True
    assert do("get", "empty") == b""


def test_cas(do):
    assert do("gets", "k") == (None, None)
    assert do("cas", "k", "v", 1) is None
    do("set", "k", "v")
    value, token = do("gets", "k")
    assert value == b"v"
    assert do("cas", "k", "w", token) is True
    assert do("cas", "k", "x", token) is False
    assert do("get", "k") == b"w"


def test_counters(do):
    assert do("incr", "n") is None
    do("set", "n", 10)
    assert do("incr", "n") == 11
    assert do("incr", "n", 4) == 15
    assert do("decr", "n", 5) == 10
    assert do("decr", "n", 100) == 0
    do("set", "text", "x")
    with pytest.raises(pinyon.CacheError):
        do("incr", "text")


def test_times_to_live(do):
    assert do("ttl", "k") == -2
    do("set", "k", "v")
    assert do("ttl", "k") == -1
    do("set", "k", "v", 100)
    assert 90 <= do("ttl", "k") <= 100
    assert do("touch", "k", timedelta(minutes=5)) is True
    assert 290 <= do("ttl", "k") <= 300
    assert do("touch", "none", 5) is False
    assert do("gat", "k", 50) == b"v"
    assert 40 <= do("ttl", "k") <= 50
    for far in (MONTH, MONTH + 1, 400 * 86_400):  # what is more is no moment of 1970
        assert do("set", "k", "v", far) is True
        assert abs(do("ttl", "k") - far) < 20  # its clock stops with the machine
    when = datetime.now(UTC) + timedelta(days=1)
    do("set", "k", "v", when)
    assert abs(do("ttl", "k") - 86_400) < 20
    do("set", "k", "v", 0.25)  # a second at least, and not for ever
    left = do("ttl", "k")
    assert left == -2 or 0 <= left <= 1  # its clock ticks once a second
    do("set", "k", "v", -1)
    assert do("get", "k") is None
    do("set", "k", "v", timedelta(0))
    assert do("get", "k") is None


def test_many(do, client):
    pairs = {f"key:{i}": str(i).encode() for i in range(300)}
    assert do("set_many", pairs, 60) == []
    assert do("get_many", [*pairs, "none"]) == pairs
    assert do("get_many", []) == {}
    used = [s["curr_items"] for s in client.server_stats().values()]
    assert len(used) == 3
    assert all(int(n) > 30 for n in used)  # all servers have a part
    assert do("delete_many", [*pairs, "none"]) == 300
    assert do("get_many", list(pairs)) == {}


def test_keys_of_any_bytes(do):
    keys = [b"\x00\xff", "mit leer", "a\r\nb", "ä" * 60, "x" * 250, b"\x01" * 186]
    for i, key in enumerate(keys):
        assert do("set", key, i) is True
        assert do("get", key) == str(i).encode()
        assert do("incr", key, 100) == 100 + i
    found = do("get_many", keys)
    assert found == {key: str(100 + i).encode() for i, key in enumerate(keys)}
    assert do("delete_many", keys) == len(keys)
    for key in ("x" * 251, b"\x01" * 187, ""):
        for call in (("get", key), ("set", key, 1), ("delete", key)):
            with pytest.raises((pinyon.KeyTooLong, pinyon.KeyValueError)):
                do(*call)
        with pytest.raises((pinyon.KeyTooLong, pinyon.KeyValueError)):
            do("get_many", [key, "k"])


def test_a_value_over_the_limit_leaves_no_old_one(do):
    do("set", "k", "old")
    with pytest.raises(pinyon.ValueTooLarge):
        do("set", "k", b"x" * (1 << 20))
    assert do("get", "k") is None
    do("set", "k", "new")
    assert do("get", "k") == b"new"


def test_meta_commands(do):
    reply = do("ms", "k", "v", "T60 c F5")
    assert reply.code == "HD"
    assert reply.cas > 0
    reply = do("mg", "k", "v c t f s h l")
    assert (reply.code, reply.value, reply.flags, reply.size) == ("VA", b"v", 5, 1)
    assert 58 <= reply.ttl <= 60
    assert reply.hit is False
    assert do("mg", "k", "h").hit is True
    assert do("mg", "none").code == "EN"
    won = do("mg", "lease", "v c N30 t")
    assert won.won is True
    assert do("mg", "lease", "v N30").token_sent is True
    assert do("ms", "lease", "filled", f"C{won.cas}").code == "HD"
    assert do("md", "lease", "I T30").code == "HD"
    assert do("mg", "lease", "v").stale is True
    assert do("ma", "n", "v N0 J7").value == b"7"
    assert do("md", "none").code == "NF"


def test_every_server(do, client):
    client.set_many({f"k{i}": i for i in range(50)})
    versions = do("version")
    assert len(versions) == 3
    assert all(v.startswith("1.") for v in versions.values())
    stats = do("server_stats")
    assert sum(int(s["curr_items"]) for s in stats.values()) >= 50
    assert do("flush_all") is True
    assert client.get_many([f"k{i}" for i in range(50)]) == {}
    assert do("ping") is True


def test_what_is_of_redis_is_refused_by_name(client):
    for name in ("hset", "ahset", "zadd", "pubsub", "scan_iter", "transaction", "mset"):
        assert not hasattr(client, name)
        with pytest.raises(AttributeError, match=r"of Redis.*get_many"):
            getattr(client, name)
    with pytest.raises(pinyon.CacheError, match="HSET"):
        client.execute("HSET", "h", "f", 1)


def test_pipelines(client, ask):  # noqa: F811
    with client.pipeline() as pipe:
        for i in range(50):
            pipe.set(f"k{i}", i)
        pipe.get("k7").gets("none").incr("k7", 3).delete("k8").mg("k8")
        pipe.execute_command("mg", "k7", "v")
        *stored, seven, none, ten, deleted, gone, raw = ask(pipe)("execute")
    assert stored == [True] * 50
    assert (seven, none, ten, deleted) == (b"7", (None, None), 10, True)
    assert (gone.code, raw.value) == ("EN", b"10")
    with pytest.raises(pinyon.ArgumentError, match="cas"):
        client.pipeline(transaction=True)


def test_5000_at_once(client):
    async def main():
        client.set_many({f"k{i}": i for i in range(1000)})
        got = await asyncio.gather(*(client.aget(f"k{i % 1000}") for i in range(5000)))
        assert got == [str(i % 1000).encode() for i in range(5000)]

    asyncio.run(main())


def test_a_dead_server(serve, memcacheds):
    """Its keys are errors at once, the others' go on, and the pool does not stall."""
    from tests.servers import Memcached

    dying = serve(Memcached())
    addresses = ",".join(s.address for s in [*memcacheds, dying])
    with pinyon.Client(f"memcached://{addresses}", timeout=2) as client:
        pairs = {f"key:{i}": str(i).encode() for i in range(200)}
        assert client.set_many(pairs) == []
        dying.kill()
        begun = time.monotonic()
        failed = client.set_many(pairs)
        assert 10 < len(failed) < 150
        for key in pairs:
            if key in failed:
                with pytest.raises(pinyon.CacheError):
                    client.get(key)
            else:
                assert client.get(key) == pairs[key]
        assert time.monotonic() - begun < 30


def test_another_list_of_servers(memcacheds, ask):  # noqa: F811
    one, two, three = (server.address for server in memcacheds)
    pairs = {f"key:{i}": str(i).encode() for i in range(200)}
    with pinyon.Client(f"memcached://{one},{two}") as client:
        do = ask(client)
        assert do("set_many", pairs) == []
        client.set_members([one, two, three], warm="1m")
        assert client.url == f"memcached://{one},{two},{three}"
        assert {n.address for n in client.nodes()} >= {one, two, three}
        for key, value in pairs.items():  # what moved is found at its old owner
            assert do("get", key) == value
        assert do("set_many", {f"new:{i}": i for i in range(100)}) == []
        assert int(client.server_stats()[three]["curr_items"]) > 20
        client.set_members([f"{one}:3", two], warm=None)
        assert len([n for n in client.nodes() if n.role == "member"]) == 2
        found = [do("get", key) for key in pairs]
        assert 100 < sum(v is not None for v in found) <= 200
        with pytest.raises(pinyon.ConfigError):
            client.set_members([])
        with pytest.raises(pinyon.ConfigError, match="weights"):
            client.set_members([one, two], [1])
        with pytest.raises(pinyon.ConfigError, match="names"):
            client.set_members([one, two], names=["a"])
    with (
        pinyon.Client("redis://h") as other,
        pytest.raises(pinyon.ConfigError, match="place="),
    ):
        other.set_members([one])
