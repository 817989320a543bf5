"""A cluster of 3 + 3 under load: nodes that die or hang, and slots that move."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pinyon
import pytest

from tests.servers import Cluster, ClusterNode, slot_of, until

from .load import PATIENT, Counter, Load, ManyReader, Reader, Writer
from .recovery import ALLOWED, Probe

ALL = (Writer, Counter, Reader, ManyReader)
slow = pytest.mark.slow
Serve = Callable[[Cluster], Cluster]
both = pytest.mark.parametrize("version", ["redis", pytest.param("valkey", marks=slow)])


def client_of(cluster: Cluster, **options: Any) -> Any:
    seeds = ",".join(cluster.addresses[:3])
    return pinyon.Client(f"redis+cluster://{seeds}", **{"timeout": 1.0, **options})


def moved_keys(load: Load, cluster: Cluster, source: ClusterNode) -> list[int]:
    """The slots of SOURCE that the load uses."""
    owned = cluster.slots(source)
    return sorted({slot_of(key) for key in load.keys} & owned)


# ---- Nodes that fail


@both
def test_primary_killed(serve: Serve, version: Any) -> None:
    cluster = serve(Cluster(version=version))
    with client_of(cluster) as client, Load(client, roles=ALL, may_lose=True) as load:
        load.until_served(1000)
        key = load.keys[0]
        victim = cluster.owner(key)
        with Probe(client, f"{{{key}}}probe") as probe:
            victim.kill()
            probe.broken()
            cluster.until_covered()
            assert probe.behind(time.monotonic()) <= ALLOWED
        load.until_served(1000)
        victim.restart()  # as a replica of the one that took over
        cluster.until_settled()
        load.until_served(1000)


@slow
@both
def test_primary_hung(serve: Serve, version: Any) -> None:
    cluster = serve(Cluster(version=version))
    with (
        client_of(cluster, timeout=0.5) as client,
        Load(client, roles=ALL, may_lose=True) as load,
    ):
        load.until_served(1000)
        key = load.keys[0]
        victim = cluster.owner(key)
        with Probe(client, f"{{{key}}}probe") as probe:
            victim.pause()
            probe.broken()
            cluster.until_covered()
            assert probe.behind(time.monotonic()) <= ALLOWED
        load.until_served(1000)
        victim.resume()
        cluster.until_settled()
        load.until_served(1000)


@slow
def test_restarted_empty(serve: Serve) -> None:
    """Without a replica: its slots are down, then empty; the others' are neither."""
    cluster = serve(Cluster(3, 0, config={"cluster-require-full-coverage": "no"}))
    with client_of(cluster) as client, Load(client, roles=ALL, may_lose=True) as load:
        load.until_served(1000)
        victim = cluster.owner(load.keys[0])
        kept = next(k for k in load.keys if cluster.owner(k) is not victim)
        for _ in range(2):
            victim.kill()
            load.until_felt(20)
            assert client.get(kept) is not None
            victim.restart()
            cluster.until_settled()
            client.set(f"{{{load.keys[0]}}}after", "here")
            load.until_served(1000)


# ---- Failover and resharding: nobody may lose anything


@slow
@both
def test_failover_by_command(serve: Serve, version: Any) -> None:
    cluster = serve(Cluster(version=version))
    with client_of(cluster) as client, Load(client, roles=ALL) as load:
        load.until_served(1000)
        for primary in cluster.primaries:
            cluster.failover(cluster.replicas_of(primary)[0])
            load.until_served(500)
        cluster.until_settled()
        load.until_served(1000)
    assert client.stats()["fleet"]["moved"] > 0
    # For a moment the servers themselves say CLUSTERDOWN; what is tried again of that
    # is bounded by the budget.
    assert set(load.account.errors) <= {"Down"}, load.account.last
    assert load.account.errors.total() < load.account.ok / 50, load.account.last


def test_resharding(serve: Serve) -> None:
    """Slots go away and come back by SETSLOT and MIGRATE; nobody sees more of it than
    a call that takes longer."""
    cluster = serve(Cluster(3, 0, is_calm=True))
    source, target, _ = cluster.nodes
    with client_of(cluster, timeout=PATIENT) as client, Load(client, roles=ALL) as load:
        load.until_served(1000)
        slots = moved_keys(load, cluster, source)
        for _ in range(2):
            cluster.move_slots(slots, source, target)
            load.until_served(100)
            source, target = target, source
        load.until_served(1000)
    fleet = client.stats()["fleet"]
    assert fleet["moved"] > 0
    assert fleet["asked"] > 0
    assert load.account.errors.total() == 0, load.account.last


def assert_found(client: Any, keys: list[str], want: list[bytes]) -> None:
    found = dict(zip(keys, want, strict=True))
    assert client.mget(keys) == want
    assert client.get_many([*keys, "{half}no"]) == found
    # some of other slots, twice, none
    many = ["else", *keys[::-1], keys[0], "other", "{half}no"]
    assert client.mget(many) == [None, *want[::-1], want[0], None, None]
    assert client.exists(*keys, keys[0], "else") == len(keys) + 1
    assert client.execute("TOUCH", *keys) == len(keys)
    with client.pipeline() as pipe:
        pipe.get(keys[0]).mget(keys).mget(many[:3]).exists(*keys).get("else")
        replies = pipe.execute()
    assert replies == [want[0], want, [None, want[-1], want[-2]], len(keys), None]


async def assert_found_on_a_loop(
    client: Any, keys: list[str], want: list[bytes]
) -> None:
    found = dict(zip(keys, want, strict=True))
    calls = [client.amget(keys), client.aget_many(keys), client.aexists(*keys)]
    assert await asyncio.gather(*calls) == [want, found, len(keys)]
    async with client.pipeline() as pipe:
        replies = await pipe.get(keys[0]).mget([*keys, "else"]).aexecute()
    assert replies == [want[0], [*want, None]]


def test_slot_left_half_moved(serve: Serve) -> None:
    """Half of its keys are here and half there, for as long as it pleases whoever moves
    them: single keys are found by ASK; several at once are TRYAGAIN, and then asked for
    one by one. What cannot be is told so."""
    cluster = serve(Cluster(3, 0, is_calm=True))
    with client_of(cluster, timeout=PATIENT) as client:
        keys = [f"{{half}}{i}" for i in range(50)]
        for key in keys:
            client.set(key, f"={key}")
        want = [f"={key}".encode() for key in keys]
        source = cluster.owner("half")
        target = next(node for node in cluster.nodes if node is not source)
        slot = slot_of("half")
        with Load(client, roles=ALL) as load:
            load.until_served(500)
            cluster.open_slot(slot, source, target)
            cluster.move_keys(slot, source, target, 25)
            for turn in range(3):
                assert [client.get(key) for key in keys] == want
                assert_found(client, keys, want)
                asyncio.run(assert_found_on_a_loop(client, keys, want))
                assert client.set(f"{{half}}new{turn}", "x")
                assert client.get(f"{{half}}new{turn}") == b"x"
            with pytest.raises(pinyon.ClusterError, match="TRYAGAIN"):
                client.mset(dict.fromkeys(keys, "never"))
            with pytest.raises(pinyon.ClusterError, match="TRYAGAIN"):
                client.sunion(*keys)
            assert client.mget(keys) == want
            assert client.delete(*keys[20:30], "{half}no") == 10
            assert client.exists(*keys) == 40
            want[20:30] = [None] * 10
            assert client.mget(keys) == want
            load.until_served(500)
            cluster.move_keys(slot, source, target)
            assert client.mget(keys) == want
            cluster.close_slot(slot, source, target)
            assert client.mget(keys) == want
    fleet = client.stats()["fleet"]
    assert fleet["asked"] > 0
    assert fleet["tryagain"] > 0
    assert load.account.errors.total() == 0, load.account.last


@slow
def test_atomic_migration(serve: Serve) -> None:
    """Valkey moves ranges by itself: MOVED, and never ASK."""
    cluster = serve(Cluster(3, 0, version="valkey", is_calm=True))
    source, target, _ = cluster.nodes
    with client_of(cluster, timeout=PATIENT) as client, Load(client, roles=ALL) as load:
        load.until_served(1000)
        for first in (0, 2000, 4000):
            cluster.migrate_slots(first, first + 999, source, target)
            load.until_served(300)
        cluster.migrate_slots(2000, 2999, target, source)
        load.until_served(1000)
    fleet = client.stats()["fleet"]
    assert fleet["moved"] > 0
    assert fleet["asked"] == 0
    assert load.account.errors.total() == 0, load.account.last


# ---- Members that come and go


@slow
def test_node_added_and_removed(serve: Serve) -> None:
    cluster = serve(Cluster(3, 0, is_calm=True))
    first = cluster.nodes[0]
    with client_of(cluster, timeout=PATIENT) as client, Load(client, roles=ALL) as load:
        load.until_served(1000)
        added = cluster.add_node()
        slots = moved_keys(load, cluster, first)
        cluster.move_slots(slots, first, added)
        load.until_served(500)
        assert added.address in {node.address for node in client.nodes()}
        assert client.get_many(load.keys)
        cluster.move_slots(slots, added, first)
        load.until_served(500)
        cluster.remove_node(added)
        load.until_served(1000)
        until(
            lambda: len(client.nodes()) == 3,
            "the client to forget it",
            90,
        )
    assert load.account.errors.total() == 0, load.account.last


@slow
def test_all_addresses_change(serve: Serve) -> None:
    """Every node the client began with is gone in the end: it learnt of the others."""
    cluster = serve(Cluster(3, 0, version="valkey", is_calm=True))
    old = list(cluster.nodes)
    with client_of(cluster, timeout=PATIENT) as client, Load(client, roles=ALL) as load:
        load.until_served(1000)
        for node in old:
            heir = cluster.add_node()
            slots = sorted(cluster.slots(node))
            cluster.migrate_slots(slots[0], slots[-1], node, heir)
            load.until_served(300)
            cluster.remove_node(node)
        load.until_served(1000)
    assert load.account.errors.total() == 0, load.account.last
