"""The cluster: it serves, loses a node, moves slots, grows and shrinks."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.servers import Cluster, Link, ReplyError, ServerError, slot_of
from tests.servers.cluster import SLOTS


@pytest.fixture(scope="module", params=["redis", "valkey"])
def own(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """One that the tests here may change, as long as it serves everything after."""
    with Cluster(version=request.param, password="p") as cluster:
        yield cluster


def test_slot_of(own: Cluster) -> None:
    rng = random.Random(3)
    keys = ["a{b}c", "{}x", "a{}{b}", "{b", "}{b}", "{{b}}", ""]
    keys += ["".join(rng.choices("abc{}1", k=9)) for _ in range(200)]
    with own.nodes[0].link() as link:
        for key in keys:
            assert link.call("CLUSTER", "KEYSLOT", key) == slot_of(key), key


def test_picture(own: Cluster) -> None:
    assert (len(own.primaries), len(own.replicas), len(own.addresses)) == (3, 3, 6)
    assert [len(own.replicas_of(p)) for p in own.primaries] == [1, 1, 1]
    assert sum(len(own.slots(p)) for p in own.primaries) == SLOTS
    owner = own.owner("key")
    assert owner.call("SET", "key", 1) == b"OK"
    other = next(p for p in own.primaries if p is not owner)
    with pytest.raises(ReplyError, match=f"MOVED {slot_of('key')} {owner.address}"):
        other.call("GET", "key")


def test_death_of_a_primary(own: Cluster) -> None:
    old = own.owner("key")
    heir = own.replicas_of(old)[0]
    old.kill()
    own.until_covered()
    assert own.owner("key") is heir
    assert heir.call("SET", "key", 2) == b"OK"
    old.restart()
    own.until_settled()
    assert old.role == "slave"
    own.failover(old)
    own.until_settled()
    assert own.owner("key") is old
    assert old.call("GET", "key") == b"2"


def test_hung_primary(own: Cluster) -> None:
    """In another shard than the test before; see Cluster for why."""
    old = next(p for p in own.primaries if p is not own.owner("key"))
    slots = own.slots(old)
    old.pause()
    own.until_covered()
    assert own.slots(own.owner(min(slots))) == slots
    old.resume()
    own.until_settled()
    assert old in own.replicas


def test_half_moved_slot(own: Cluster) -> None:
    source = own.owner("{tag}")
    target = next(p for p in own.primaries if p is not source)
    slot = slot_of("{tag}")
    for i in range(9):
        source.call("SET", f"{{tag}}{i}", i)
    own.open_slot(slot, source, target)
    assert own.move_keys(slot, source, target, count=4) == 4
    with source.link() as link:
        codes = [_code(link, "GET", f"{{tag}}{i}") for i in range(9)]
        assert sorted(codes) == [*["ASK"] * 4, *["OK"] * 5]
        assert _code(link, "MGET", *(f"{{tag}}{i}" for i in range(9))) == "TRYAGAIN"
    assert own.move_keys(slot, source, target) == 5
    own.close_slot(slot, source, target)
    assert own.owner(slot) is target
    assert target.call("GET", "{tag}7") == b"7"


def _code(link: Link, *command: str) -> str:
    try:
        link.call(*command)
    except ReplyError as error:
        return error.code
    return "OK"


def test_grows_and_shrinks(own: Cluster) -> None:
    new = own.add_node()
    source = own.primaries[0]
    slots = sorted(own.slots(source))[:3]
    own.move_slots(slots, source, new)
    own.until_settled()
    assert own.slots(new) == set(slots)
    replica = own.add_replica(new)
    assert own.replicas_of(new) == [replica]
    own.move_slots(slots, new, source)
    own.remove_node(replica)
    own.remove_node(new)
    own.until_settled()
    assert len(own.nodes) == 6
    assert not new.is_running()


def test_atomic_migration(own: Cluster) -> None:
    source = own.owner("key")
    target = next(p for p in own.primaries if p is not source)
    source.call("SET", "key", 3)
    slot = slot_of("key")
    if "valkey_version" not in source.info("server"):
        with pytest.raises(ServerError, match="only Valkey"):
            own.migrate_slots(slot, slot, source, target)
        return
    own.migrate_slots(slot, slot, source, target)
    assert own.owner("key") is target
    assert target.call("GET", "key") == b"3"
