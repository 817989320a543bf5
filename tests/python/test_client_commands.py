"""Commands against real servers: what they do, and the shape of what they answer."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pinyon
import pytest
from fleets import _sentinels, ask, client, fleet, texts  # noqa: F401


@pytest.fixture
def do(ask, client):  # noqa: F811
    return ask(client)


def test_strings(do):
    assert do("get", "k") is None
    assert do("set", "k", "v") is True
    assert do("get", "k") == b"v"
    assert do("get", b"k") == b"v"
    assert do("set", "k", "w", nx=True) is None
    assert do("set", "k", "w", xx=True, get=True) == b"v"
    assert do("set", "new", 1, get=True) is None
    assert do("append", "k", "xyz") == 4
    assert do("strlen", "k") == 4
    assert do("getrange", "k", 1, -1) == b"xyz"
    assert do("setrange", "k", 1, "__") == 4
    assert do("getset", "k", b"\x00\xff") == b"w__z"
    assert do("getdel", "k") == b"\x00\xff"
    assert do("setnx", "k", 5) is True
    assert do("setnx", "k", 5) is False
    assert do("incr", "k") == 6
    assert do("incr", "k", 4) == 10
    assert do("decr", "k", 3) == 7
    assert do("incrbyfloat", "k", 0.5) == 7.5
    assert do("set", "f", 1.5) is True
    assert do("get", "f") == b"1.5"


def test_times_to_live(do):
    do("set", "k", 1, ex=100)
    assert 0 < do("ttl", "k") <= 100
    do("set", "k", 1, px=timedelta(seconds=50))
    assert 0 < do("pttl", "k") <= 50_000
    do("set", "k", 2, keepttl=True)
    assert 0 < do("pttl", "k") <= 50_000
    assert do("getex", "k", ex=70.5) == b"2"
    assert 50_000 < do("pttl", "k") <= 70_500
    assert do("persist", "k") is True
    assert do("ttl", "k") == -1
    assert do("expire", "k", timedelta(minutes=1)) is True
    assert do("expire", "k", 30, gt=True) is False
    when = datetime.now(UTC) + timedelta(hours=1)
    assert do("expireat", "k", when) is True
    assert abs(do("expiretime", "k") - when.timestamp()) <= 1
    assert do("setex", "s", 10, "v") is True
    assert do("psetex", "s", 10_000, "v") is True
    assert do("ttl", "nothing") == -2
    do("set", "gone", 1, pxat=1)
    assert do("exists", "gone") == 0


def test_many_keys_of_any_slots(do):
    pairs = {f"key:{i}": str(i).encode() for i in range(100)}
    assert do("mset", pairs) is True
    assert do("mget", list(pairs)) == list(pairs.values())
    assert do("mget", "key:7", "none", "key:3") == [b"7", None, b"3"]
    assert do("get_many", [*pairs, "none"]) == pairs
    assert do("get_many", [b"key:1"]) == {b"key:1": b"1"}
    assert do("exists", *pairs, "none") == 100
    assert do("touch", *pairs) == 100
    assert sorted(do("keys", "key:*")) == sorted(k.encode() for k in pairs)
    assert do("dbsize") == 100
    assert do("delete", *list(pairs)[:50]) == 50
    assert do("unlink", *pairs) == 50
    assert do("dbsize") == 0


def test_keys(do):
    do("set", "{k}1", "v")
    assert do("type", "{k}1") == "string"
    assert do("type", "none") == "none"
    assert do("copy", "{k}1", "{k}2") is True
    assert do("rename", "{k}2", "{k}3") is True
    assert do("renamenx", "{k}1", "{k}3") is False
    assert do("object_encoding", "{k}3") in ("embstr", "raw")
    assert do("object_encoding", "none") is None
    assert do("memory_usage", "{k}3") > 0
    dumped = do("dump", "{k}3")
    assert do("restore", "{k}4", 0, dumped) is True
    assert do("get", "{k}4") == b"v"
    assert any(do("randomkey") for _ in range(60))  # some primaries are empty
    do("rpush", "l", 3, 1, 2)
    assert do("sort", "l", desc=True) == [b"3", b"2", b"1"]
    assert do("sort_ro", "l") == [b"1", b"2", b"3"]
    cursor, found = do("scan", 0, count=1000)
    assert isinstance(cursor, int)
    assert isinstance(found, list)


def test_hashes(do):
    assert do("hgetall", "h") == {}
    assert do("hset", "h", "f", 1) == 1
    assert do("hset", "h", mapping={"g": 2, "f": 3}) == 1
    assert do("hgetall", "h") == {b"f": b"3", b"g": b"2"}
    assert do("hget", "h", "f") == b"3"
    assert do("hget", "h", "none") is None
    assert do("hmget", "h", "g", "none") == [b"2", None]
    assert do("hsetnx", "h", "f", 9) is False
    assert do("hexists", "h", "f") is True
    assert do("hincrby", "h", "f", 2) == 5
    assert do("hincrbyfloat", "h", "f", 0.25) == 5.25
    assert do("hlen", "h") == 2
    assert sorted(do("hkeys", "h")) == [b"f", b"g"]
    assert sorted(do("hvals", "h")) == [b"2", b"5.25"]
    assert do("hstrlen", "h", "f") == 4
    assert do("hrandfield", "h") in (b"f", b"g")
    assert sorted(do("hrandfield", "h", 2, True)) == [(b"f", b"5.25"), (b"g", b"2")]
    assert do("hscan", "h") == (0, {b"f": b"5.25", b"g": b"2"})
    assert do("hdel", "h", "f", "none") == 1


def test_lists(do):
    assert do("rpush", "{l}", "a", "b", "c") == 3
    assert do("lpush", "{l}", "z") == 4
    assert do("lrange", "{l}", 0, -1) == [b"z", b"a", b"b", b"c"]
    assert do("lpop", "{l}") == b"z"
    assert do("rpop", "{l}", 2) == [b"c", b"b"]
    assert do("lpop", "none") is None
    assert do("linsert", "{l}", "AFTER", "a", "b") == 2
    assert do("lindex", "{l}", 1) == b"b"
    assert do("lset", "{l}", 0, "A") is True
    assert do("lpos", "{l}", "b") == 1
    assert do("lpos", "{l}", "b", count=0) == [1]
    assert do("lmove", "{l}", "{l}2") == b"A"
    assert do("lmpop", 2, "none{l}", "{l}2", direction="LEFT") == (b"{l}2", [b"A"])
    assert do("lmpop", 1, "none", direction="LEFT") is None
    assert do("lrem", "{l}", 0, "b") == 1
    assert do("llen", "{l}") == 0


def test_lists_that_wait(do):
    do("rpush", "{l}", "a", "b")
    assert do("blpop", ["none{l}", "{l}"], 1) == (b"{l}", b"a")
    assert do("brpop", "{l}", 1) == (b"{l}", b"b")
    begun = time.monotonic()
    assert do("blpop", "{l}", 0.1) is None
    assert time.monotonic() - begun >= 0.09
    assert do("blmove", "{l}", "{l}2", 0.01) is None


def test_sets(do):
    assert do("sadd", "{s}a", "1", "2", "3") == 3
    assert do("sadd", "{s}b", "2", "3", "4") == 3
    assert do("smembers", "{s}a") == {b"1", b"2", b"3"}
    assert do("smembers", "none") == set()
    assert do("sismember", "{s}a", 1) is True
    assert do("smismember", "{s}a", 1, 9) == [True, False]
    assert do("sinter", "{s}a", "{s}b") == {b"2", b"3"}
    assert do("sunion", ["{s}a", "{s}b"]) == {b"1", b"2", b"3", b"4"}
    assert do("sdiff", "{s}a", "{s}b") == {b"1"}
    assert do("sinterstore", "{s}c", "{s}a", "{s}b") == 2
    assert do("sintercard", 2, ["{s}a", "{s}b"]) == 2
    assert do("smove", "{s}a", "{s}c", "1") is True
    assert do("scard", "{s}c") == 3
    assert do("srandmember", "{s}c") in {b"1", b"2", b"3"}
    assert len(do("srandmember", "{s}c", 2)) == 2
    assert do("spop", "{s}c", 5) == {b"1", b"2", b"3"}
    assert do("spop", "none") is None
    assert do("sscan", "{s}b")[0] == 0
    assert do("srem", "{s}b", "2", "9") == 1


def test_sorted_sets(do):
    assert do("zadd", "{z}", {"a": 1, "b": 2, "c": 3.5}) == 3
    assert do("zadd", "{z}", {"a": 5}, xx=True, ch=True) == 1
    assert do("zadd", "{z}", {"a": 1}, incr=True) == 6.0
    assert do("zadd", "{z}", {"a": 1}, nx=True, incr=True) is None
    assert do("zrange", "{z}", 0, -1) == [b"b", b"c", b"a"]
    assert do("zrange", "{z}", 0, 0, withscores=True) == [(b"b", 2.0)]
    assert do("zrange", "{z}", "+inf", 3, desc=True, byscore=True) == [b"a", b"c"]
    assert do("zrevrange", "{z}", 0, 0, withscores=True) == [(b"a", 6.0)]
    assert do(
        "zrangebyscore", "{z}", "(2", "+inf", withscores=True, start=0, num=1
    ) == [(b"c", 3.5)]
    assert do("zscore", "{z}", "c") == 3.5
    assert do("zscore", "{z}", "none") is None
    assert do("zmscore", "{z}", ["c", "none"]) == [3.5, None]
    assert do("zrank", "{z}", "a") == 2
    assert do("zrevrank", "{z}", "a") == 0
    assert do("zrank", "{z}", "none") is None
    assert do("zincrby", "{z}", -0.5, "c") == 3.0
    assert do("zcount", "{z}", 2, 3) == 2
    do("zadd", "{z}2", {"a": 10})
    assert do("zunion", {"{z}": 1, "{z}2": 2}, withscores=True)[-1] == (b"a", 26.0)
    assert do("zinter", ["{z}", "{z}2"]) == [b"a"]
    assert do("zdiff", ["{z}", "{z}2"], withscores=True) == [(b"b", 2.0), (b"c", 3.0)]
    assert do("zunionstore", "{z}3", ["{z}", "{z}2"], "MAX") == 3
    assert do("zscan", "{z}2") == (0, [(b"a", 10.0)])
    assert do("zrandmember", "{z}2", 1, True) == [(b"a", 10.0)]
    assert do("zpopmin", "{z}") == [(b"b", 2.0)]
    assert do("zpopmax", "{z}", 5) == [(b"a", 6.0), (b"c", 3.0)]
    assert do("zpopmax", "{z}") == []
    assert do("zmpop", 1, "{z}2", max=True) == (b"{z}2", [(b"a", 10.0)])
    do("zadd", "{z}", {"m": 1})
    assert do("bzpopmin", "{z}", 1) == (b"{z}", b"m", 1.0)
    assert do("bzpopmin", "{z}", 0.01) is None
    assert do("zremrangebyrank", "{z}3", 0, 1) == 2


def test_streams(do):
    first = do("xadd", "x", {"f": 1, "g": 2}, "1-1")
    assert first == b"1-1"
    do("xadd", "x", {"f": 2}, "2-1")
    assert do("xlen", "x") == 2
    entries = [(b"1-1", {b"f": b"1", b"g": b"2"}), (b"2-1", {b"f": b"2"})]
    assert do("xrange", "x") == entries
    assert do("xrevrange", "x", count=1) == entries[1:]
    assert do("xread", {"x": "1-1"}) == {b"x": entries[1:]}
    assert do("xread", {"x": "$"}) == {}
    assert do("xread", {"x": "$"}, block=20) == {}
    assert do("xgroup_create", "x", "g", "0") is True
    assert do("xreadgroup", "g", "me", {"x": ">"}, count=1) == {b"x": entries[:1]}
    assert do("xpending", "x", "g") == {
        "pending": 1,
        "min": b"1-1",
        "max": b"1-1",
        "consumers": {b"me": 1},
    }
    (row,) = do("xpending_range", "x", "g", "-", "+", 5)
    assert (row["message_id"], row["consumer"]) == (b"1-1", b"me")
    assert do("xclaim", "x", "g", "you", 0, ["1-1"]) == entries[:1]
    cursor, claimed, deleted = do("xautoclaim", "x", "g", "me", 0)
    assert (cursor, claimed, deleted) == (b"0-0", entries[:1], [])
    assert do("xautoclaim", "x", "g", "me", 0, justid=True)[1] == [b"1-1"]
    assert do("xack", "x", "g", "1-1") == 1
    info = do("xinfo_stream", "x")
    assert info["length"] == 2
    assert info["first-entry"] == entries[0]
    assert do("xinfo_stream", "x", full=True)["entries"] == entries
    assert do("xinfo_groups", "x")[0]["name"] == b"g"
    assert {c["name"] for c in do("xinfo_consumers", "x", "g")} == {b"me", b"you"}
    assert do("xdel", "x", "1-1") == 1
    assert do("xtrim", "x", maxlen=0, approximate=False) == 1
    assert do("xgroup_destroy", "x", "g") is True


def test_bits_and_counts(do):
    assert do("setbit", "b", 7, 1) == 0
    assert do("getbit", "b", 7) == 1
    assert do("bitcount", "b") == 1
    assert do("bitpos", "b", 1) == 7
    assert do("bitfield", "b", [("SET", "u8", 0, 255), ("GET", "u4", 0)]) == [1, 15]
    assert do("bitop", "NOT", "{b}2", "{b}1") == 0
    assert do("pfadd", "{p}", "a", "b") is True
    assert do("pfadd", "{p}", "a") is False
    assert do("pfcount", "{p}") == 2
    assert do("pfmerge", "{p}2", "{p}") is True


def test_places(do):
    values = (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")
    assert do("geoadd", "g", values) == 2
    assert do("geodist", "g", "Palermo", "Catania", "km") == pytest.approx(166.27, 1e-3)
    assert do("geodist", "g", "Palermo", "none") is None
    assert do("geohash", "g", "Palermo", "none") == ["sqc8b49rny0", None]
    palermo, nothing = do("geopos", "g", "Palermo", "none")
    assert palermo == pytest.approx((13.361389, 38.115556), 1e-5)
    assert nothing is None
    at = {"longitude": 15, "latitude": 37, "radius": 200, "unit": "km", "sort": "ASC"}
    assert do("geosearch", "g", **at) == [b"Catania", b"Palermo"]
    ((name, distance, where), _) = do(
        "geosearch", "g", **at, withdist=True, withcoord=True
    )
    assert name == b"Catania"
    assert distance == pytest.approx(56.44, 1e-2)
    assert where == pytest.approx((15.087269, 37.502669), 1e-5)


def test_scripts(do):
    assert do("eval", "return {KEYS[1], ARGV[1], 3}", 1, "k", "a") == [b"k", b"a", 3]
    with pytest.raises(pinyon.NoScript):
        do("evalsha", "0" * 40, 1, "k")
    sha = do("script_load", "return 7")
    assert do("evalsha", sha, 1, "k") == 7
    assert do("script_exists", sha, "0" * 40) == [True, False]
    assert do("script_flush") is True
    assert do("script_exists", sha) == [False]
    with pytest.raises(pinyon.ServerError):
        do("eval", "return redis.error_reply('MINE no')", 1, "k")


def test_a_registered_script(client, ask):  # noqa: F811
    add = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    for turn in (2, 4):
        do = ask(add)
        blocking = do.__qualname__.startswith("ask.<locals>.<lambda>")
        found = add(["n"], [2]) if blocking else do("call", ["n"], [2])
        assert found == turn
    client.script_flush()
    assert add(keys=["n"], args=[1]) == 5
    with client.pipeline() as pipe:
        add(["n"], [1], client=pipe)
        assert pipe.execute() == [6]


def test_functions(do):
    code = "#!lua name=lib\nredis.register_function{function_name='one', callback="
    code += "function(keys, args) return args[1] end, flags={'no-writes'}}"
    assert do("function_load", code, replace=True) == "lib"
    assert do("fcall", "one", 1, "k", "v") == b"v"
    assert do("fcall_ro", "one", 1, "k", "v") == b"v"
    (library,) = do("function_list")
    assert library["library_name"] == b"lib"
    assert library["functions"][0]["name"] == b"one"
    assert do("function_delete", "lib") is True


def test_what_servers_tell(do):
    assert do("ping") is True
    assert do("ping", "hello") == b"hello"
    assert do("echo", "x") == b"x"
    assert abs(do("time")[0] - time.time()) < 60
    info = do("info", "server")
    assert info["redis_version"]
    assert isinstance(info["tcp_port"], int)
    assert do("config_get", "maxmemory") == {"maxmemory": "0"}
    assert isinstance(do("lastsave"), datetime)
    assert do("client_id") > 0
    assert do("client_info")["db"] == "0"
    assert any(row["cmd"] for row in do("client_list"))
    assert do("acl_whoami") == "default"
    assert "default" in do("acl_users")
    assert "on" in do("acl_getuser", "default")["flags"]
    assert do("acl_getuser", "nobody") is None
    assert "read" in do("acl_cat")
    assert do("command_count") > 100
    assert do("command_getkeys", "MGET", "a", "b") == [b"a", b"b"]
    assert isinstance(do("slowlog_get"), list)
    assert isinstance(do("memory_stats")["peak.allocated"], int)
    assert do("publish", "nobody", "x") == 0
    assert do("pubsub_numsub", "nobody") == {b"nobody": 0}
    assert do("pubsub_channels", "nobody*") == []


def test_decoded(texts, ask):  # noqa: F811
    do = ask(texts)
    do("set", "k", "wert äöü")
    assert do("get", "k") == "wert äöü"
    assert do("get_many", ["k"]) == {"k": "wert äöü"}
    do("hset", "h", "f", 1)
    assert do("hgetall", "h") == {"f": "1"}
    do("zadd", "z", {"m": 1})
    assert do("zrange", "z", 0, -1, withscores=True) == [("m", 1.0)]
    assert do("type", "k") == "string"
    assert do("info")["redis_version"]
    assert do("xadd", "x", {"a": "b"}, "1-1") == "1-1"
    assert do("xrange", "x") == [("1-1", {"a": "b"})]


def test_any_command(do):
    assert do("execute", "SET", "k", "v") in (b"OK", "OK")
    assert do("execute", b"get", "k") == b"v"
    assert do("execute", "OBJECT ENCODING", "k") == b"embstr"
    with pytest.raises(pinyon.ServerError) as caught:
        do("execute", "NOSUCHCOMMAND", "k")
    assert caught.value.command == "NOSUCHCOMMAND"
    with pytest.raises(pinyon.WrongType) as wrong:
        do("lpush", "k", 1)
    assert wrong.value.kind == "WRONGTYPE"
    assert ":" in wrong.value.node
    for words in ((), (None,), ("SET", "k", None), ("SET", "k", True), ("GET", ["k"])):
        with pytest.raises((pinyon.ArgumentError, TypeError)):
            do("execute", *words)


def test_no_error_tells_arguments(do):
    do("set", "k", "v")
    with pytest.raises(pinyon.ServerError) as caught:
        do("execute", "LPUSH", "k", "hunter2")
    assert "hunter2" not in str(caught.value)
