"""The C half of a client over several servers: clusters, sentinels, memcached."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from conftest import until
from core_clients import Open
from pinyon import _core
from pinyon._core import Client

from tests.servers import CALM, Cluster, Memcached, Redis, Sentinels, slot_of

# ---- Clusters ----------------------------------------------------------------------


def test_keys_of_many_slots(clustered: Client, cluster: Cluster) -> None:
    keys = [f"k{i}" for i in range(500)]
    pairs = [x for k in keys for x in (k, k)]
    assert clustered.execute("MSET", *pairs) == b"OK"
    assert clustered.execute("MGET", *keys, "no") == [k.encode() for k in keys] + [None]
    assert clustered.get_many([*keys, "no"]) == {k: k.encode() for k in keys}
    assert clustered.execute("EXISTS", *keys, "no") == 500
    assert clustered.execute("DEL", "k0", "k1", "no") == 2
    assert sum(p.call("DBSIZE") for p in cluster.primaries) == 498
    assert clustered.execute("MGET", "k5", "k5", "k0") == [b"k5", b"k5", None]
    with pytest.raises(_core.ArgumentError):
        clustered.execute("MSET", "a", 1, "b")


def test_all_primaries_are_asked(connect: Open, cluster: Cluster) -> None:
    fresh = connect(cluster.primaries[0], kind="cluster")
    assert fresh.execute("DBSIZE") == 0  # nothing is known of the others yet
    fresh._run([("SET", f"k{i}", i) for i in range(100)])
    assert fresh.execute("DBSIZE") == 100
    assert set(fresh.execute("KEYS", "*")) == {b"k%d" % i for i in range(100)}
    sha = fresh.execute("SCRIPT", "LOAD", "return 7")
    assert fresh.execute("SCRIPT EXISTS", sha, "0" * 40) == [1, 0]
    assert fresh._run([("EVALSHA", sha, 1, f"k{i}") for i in range(20)]) == [7] * 20
    assert fresh.execute("FLUSHALL") == b"OK"
    assert fresh.execute("DBSIZE") == 0


def test_a_loop_asks_all_primaries(connect: Open, cluster: Cluster) -> None:
    fresh = connect(cluster.primaries[0], kind="cluster")

    async def main() -> None:
        assert await fresh.aexecute("DBSIZE") == 0
        keys = [f"k{i}" for i in range(100)]
        await fresh.aexecute("MSET", *[x for k in keys for x in (k, k)])
        assert await fresh.aget_many(keys) == {k: k.encode() for k in keys}
        assert await fresh.aexecute("DBSIZE") == 100

    asyncio.run(main())


def test_cross_slot(clustered: Client) -> None:
    with pytest.raises(_core.CrossSlot):
        clustered.execute("SUNION", "a", "b")
    with pytest.raises(_core.CrossSlot):
        clustered._run([("SET", "a", 1), ("SET", "b", 1)], flags=_core.RUN_ATOMIC)
    with pytest.raises(_core.CrossSlot):
        clustered._run([("MSET", "a", 1, "b", 2)], flags=_core.RUN_ATOMIC)
    assert clustered.execute("SUNION", "{t}a", "{t}b") == set()


def test_a_slot_moves(connect: Open, serve: Callable[[Cluster], Cluster]) -> None:
    cluster = serve(Cluster(2, 0, is_calm=True))
    client = connect(*cluster.primaries, kind="cluster")
    atomic = [("SET", "{t}n", 1), ("INCR", "{t}n")]
    assert client._run(atomic, flags=_core.RUN_ATOMIC) == [b"OK", 2]
    slot = slot_of("{t}")
    old = cluster.owner(slot)
    [new] = [p for p in cluster.primaries if p is not old]
    cluster.move_slots([slot], old, new)
    assert client._run(atomic, flags=_core.RUN_ATOMIC) == [b"OK", 2]
    cluster.move_slots([slot], new, old)
    [moved] = client._run([("GET", "{t}n")], flags=_core.RUN_RAW)
    assert isinstance(moved, _core.ClusterError)
    assert moved.kind == "MOVED"
    assert client.get("{t}n") == b"2"

    async def main() -> None:
        cluster.move_slots([slot], old, new)
        assert await client._arun(atomic, flags=_core.RUN_ATOMIC) == [b"OK", 2]

    asyncio.run(main())


def test_sentinels(connect: Open, serve: Callable[[Sentinels], Sentinels]) -> None:
    fleet = serve(Sentinels(name="main", down_after=CALM))
    client = connect(*fleet.sentinels, kind="sentinel", service="main")
    assert client.execute("SET", "k", "v") == b"OK"
    roles = [node[3] for node in client._nodes()]
    assert roles.count("primary") == 1
    assert client.execute("DBSIZE") == 1


def test_several_redis_servers(connect: Open, redis: Redis, valkey: Redis) -> None:
    client = connect(redis, valkey, kind="hash", place="libketama")
    keys = [f"k{i}" for i in range(100)]
    assert client.execute("MSET", *[x for k in keys for x in (k, k)]) == b"OK"
    assert client.get_many(keys) == {k: k.encode() for k in keys}
    assert client.execute("DBSIZE") == 100
    assert 0 < redis.call("DBSIZE") < 100
    with pytest.raises(_core.CrossSlot, match="several nodes"):
        client.execute("SUNION", *keys)
    assert client.execute("DEL", *keys) == 100


# ---- memcached ---------------------------------------------------------------------


def test_meta(mc: Client, memcached: Memcached) -> None:
    stored, missed, deleted, noop = mc._run(
        [("ms", "k", "v", "T60 F7"), ("mg", "no", "v"), ("md", "no"), ("mn",)]
    )
    assert [r.code for r in (stored, missed, deleted, noop)] == ["HD", "EN", "NF", "MN"]
    [found] = mc._run([("mg", "k", "v c t f s h l k")])
    assert found.code == "VA"
    assert (found.value, found.flags, found.size, found.key) == (b"v", 7, 1, b"k")
    assert found.cas > 0
    assert 0 < found.ttl <= 60
    assert (found.hit, found.idle) == (False, 0)
    assert (found.won, found.stale, found.token_sent) == (False, False, False)
    assert memcached.get(b"k") == b"v"
    assert mc.get("k") == b"v"
    assert mc.get("no") is None


def test_meta_flags(mc: Client) -> None:
    [first, second] = mc._run([("mg", "k", "v N30 c t"), ("mg", "k", "v N30 c")])
    assert (first.won, first.value, first.token_sent) == (True, b"", False)
    assert (second.won, second.token_sent) == (False, True)
    [stale] = mc._run([("ms", "k", "new", f"C{first.cas + 1}")])
    assert stale.code == "EX"
    [stored] = mc._run([("ms", "k", "new", f"C{first.cas}")])
    assert stored.code == "HD"
    assert mc.get("k") == b"new"
    added, counted = mc._run([("ma", "n", "N0 J5 v"), ("ma", "n", "D3 v")])
    assert (added.value, counted.value) == (b"5", b"8")


@pytest.mark.parametrize("key", [b"plain", b"a b", b"\0\r\n", "ümlaut", b"x" * 186])
def test_keys_of_any_bytes(mc: Client, key: Any) -> None:
    mc._run([("ms", key, "v")])
    assert mc.get(key) == b"v"
    assert mc.get_many([key, "no"]) == {key: b"v"}
    [reply] = mc._run([("mg", key, "k")])
    assert reply.key == (key.encode() if isinstance(key, str) else key)


@pytest.mark.parametrize("key", [b"", b"x" * 251, b" " * 187])
def test_keys_too_long(mc: Client, key: bytes) -> None:
    for call in (mc.get, lambda k: mc.get_many([k]), lambda k: mc.execute("md", k)):
        with pytest.raises(_core.KeyTooLong):
            call(key)
    assert mc.get("k") is None


@pytest.mark.parametrize(
    "command",
    [
        ("mg", "k", "q"),
        ("mg", "k", "?"),
        ("mg", "k", "v v"),
        ("mg", "k", "Tx"),
        ("mg",),
        ("ms", "k"),
        ("mn", "k"),
        ("get", "k"),
        ("stats", "a b"),
        ("mg", None),
    ],
)
def test_what_memcached_has_not(mc: Client, command: tuple[Any, ...]) -> None:
    with pytest.raises(_core.ArgumentError):
        mc.execute(*command)


def test_values_too_large(
    connect: Open, mc: Client, serve: Callable[[Memcached], Memcached]
) -> None:
    mc.execute("ms", "k", "old")
    [refused] = mc._run([("ms", "k", b"x" * (1 << 21))])
    assert isinstance(refused, _core.ValueTooLarge)
    assert mc.get("k") is None
    small = serve(Memcached(item_max="512k"))
    client = connect(small, engine="memcached", kind="single")
    client.execute("ms", "k", "old")
    with pytest.raises(_core.ValueTooLarge):
        client.execute("ms", "k", b"x" * 800_000)
    assert client.get("k") is None

    async def main() -> None:
        await client.aexecute("ms", "k", "old")
        with pytest.raises(_core.ValueTooLarge):
            await client.aexecute("ms", "k", b"x" * 800_000)
        assert await client.aget("k") is None

    asyncio.run(main())


def test_stubs_are_misses(mc: Client) -> None:
    """What a lease leaves for its holder to fill is nobody's value."""
    mc._run([("mg", "stub", "v N30"), ("ms", "empty", ""), ("ms", "full", "v")])
    keys = ["stub", "empty", "full", "no", "a b"]
    assert mc.get_many(keys) == {"empty": b"", "full": b"v"}
    assert (mc.get("stub"), mc.get("empty")) == (None, b"")

    async def main() -> None:
        assert await mc.aget_many(keys) == {"empty": b"", "full": b"v"}
        assert await mc.aget("stub") is None

    asyncio.run(main())


def test_classic_commands(mcs: Client, memcacheds: list[Memcached]) -> None:
    assert mcs.execute("version").startswith(b"1.")
    assert b"curr_items" in mcs.execute("stats")
    mcs._run([("ms", f"k{i}", "v") for i in range(50)])
    assert mcs.execute("flush_all") is True
    assert mcs.get_many([f"k{i}" for i in range(50)]) == {}


def test_a_fleet_of_memcached(mcs: Client, memcacheds: list[Memcached]) -> None:
    keys = [f"k{i}" for i in range(300)]
    assert {r.code for r in mcs._run([("ms", k, k) for k in keys])} == {"HD"}
    assert mcs.get_many([*keys, "no", *keys]) == {k: k.encode() for k in keys}
    assert all(int(m.stats()["curr_items"]) > 0 for m in memcacheds)

    async def main() -> None:
        assert await mcs.aget_many(keys) == {k: k.encode() for k in keys}
        assert await mcs.aget("k7") == b"k7"

    asyncio.run(main())
    assert mcs.get_many([]) == {}


def test_stand_ins_keep_things_shortly(
    connect: Open, serve: Callable[[Memcached], Memcached]
) -> None:
    one, spare = serve(Memcached()), serve(Memcached())
    client = connect(
        one,
        engine="memcached",
        kind="hash",
        gutter=[("127.0.0.1", spare.port)],
        gutter_ttl=7.0,
    )
    client.execute("ms", "k", "v", "T600")
    assert client.execute("mg", "k", "t").ttl > 500
    one.kill()
    replies = []

    def is_stored() -> bool:
        [reply] = client._run([("ms", "k", "v", "T600")])
        replies.append(reply)
        return getattr(reply, "is_gutter", False)

    until(is_stored)  # sent before the node was marked down: shortened behind it
    assert 0 < client.execute("mg", "k", "t").ttl <= 7
    for flags in ("", "T0", "T86400", "T5000000"):
        assert client.execute("ms", "k2", "v", flags).is_gutter
        assert 0 < client.execute("mg", "k2", "t").ttl <= 7
    client.execute("ms", "k2", "v", "T3")
    assert 0 < client.execute("mg", "k2", "t").ttl <= 3
    client.execute("ma", "n", "N600 J1")
    assert 0 < client.execute("mg", "n", "t").ttl <= 7
    with pytest.raises(_core.Down, match="only its stand-in has deleted") as caught:
        client.execute("md", "k2")
    assert caught.value.node == f"127.0.0.1:{one.port}"
    assert client.execute("mg", "k2", "t").code == "EN"  # where it could be
    token = client.execute("ms", "k2", "v", "c").cas  # of what the stand-in has itself
    assert client.execute("md", "k2", f"C{token}").code == "HD"


def test_many_keys_during_a_warm_up(connect: Open, memcacheds: list[Memcached]) -> None:
    options = {"engine": "memcached", "kind": "hash", "place": "libketama"}
    client = connect(*memcacheds[:2], **options)
    keys = [f"k{i}" for i in range(100)]
    client._run([("ms", k, k) for k in keys])
    seeds = [("127.0.0.1", m.port) for m in memcacheds]
    client._set_members(options | {"seeds": seeds}, 60.0)
    found = {k: k.encode() for k in keys}
    assert client.get_many([*keys, "no"]) == found
    assert {k: client.get(k) for k in keys} == found
    client._run([("md", k) for k in keys[:50]])
    assert set(client.get_many(keys)) == set(keys[50:])
    for key in keys[:50]:  # at the old owner too
        assert not any(m.get(key.encode()) for m in memcacheds)
