"""Placement against the Python packages it replaces, key by key."""

from __future__ import annotations

import builtins
import hashlib
import importlib.util
import random
import types
from pathlib import Path
from typing import Any

import pinyon
import pytest
from pinyon.compat.hash_ring import HashRing as OurDoist
from pinyon.compat.uhashring import HashRing as OurUltra

A = [f"10.0.1.{i}:11211" for i in range(1, 8)]
WEIGHTS = {A[0]: 3, A[2]: 4, A[5]: 2}


@pytest.fixture(scope="module")
def doist() -> Any:
    """The class of hash_ring 1.3.1. What the package index has is Python 2: it is run
    with `xrange`, with `//` where Python 2 divided ints so, and with the one
    method replaced that made bytes of text."""
    spec = importlib.util.find_spec("hash_ring")
    if spec is None or spec.origin is None:
        pytest.skip("hash_ring is not installed: run `make interop`")
    path = Path(spec.origin).with_name("hash_ring.py")
    module = types.ModuleType("doist")
    module.__dict__["xrange"] = builtins.range
    exec(compile(path.read_text(), str(path), "exec"), module.__dict__)

    class Original(module.HashRing):  # type: ignore[name-defined,misc]
        def _hash_digest(self, key: str) -> bytes:
            return hashlib.md5(key.encode()).digest()

    return Original


@pytest.mark.parametrize("weights", [None, WEIGHTS, {A[1]: 0.5}, {A[0]: 1.5}])
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_hash_ring(
    doist: Any, random_keys: list[str], wide_keys: list[str], weights: Any, n: int
) -> None:
    theirs, ours = doist(A[:n], weights), OurDoist(A[:n], weights)
    ring = pinyon.HashRing(A[:n], weights)
    assert sorted(theirs._sorted_keys) == ours._sorted_keys
    assert theirs.ring == ours.ring
    for key in random_keys + wide_keys:
        want = theirs.get_node(key)
        assert ours.get_node(key) == want
        assert ring.get_node(key) == want
    for key in random_keys[:2000]:
        assert ours.get_node_pos(key) == theirs.get_node_pos(key)
        assert ours.gen_key(key) == theirs.gen_key(key)
        assert list(ours.iterate_nodes(key)) == list(theirs.iterate_nodes(key))


@pytest.fixture(scope="module")
def ultra() -> Any:
    return pytest.importorskip("uhashring", reason="run `make interop`").HashRing


KINDS: dict[str, dict[str, Any]] = {
    "default": {},
    "ketama": {"hash_fn": "ketama"},
    "vnodes": {"vnodes": 33},
    "ketama vnodes": {"hash_fn": "ketama", "vnodes": 7},
    "ketama replicas": {"hash_fn": "ketama", "replicas": 2},
    "callable": {
        "hash_fn": lambda key: int(hashlib.sha1(str(key).encode()).hexdigest(), 16)
    },
    "weight_fn": {"weight_fn": lambda **conf: 1 + conf["hostname"].count("1")},
    "ignored": {"compat": False},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("nodes", [A[:1], A[:3], {**dict.fromkeys(A, 1), **WEIGHTS}])
def test_uhashring(
    ultra: Any, random_keys: list[str], wide_keys: list[str], nodes: Any, kind: str
) -> None:
    theirs, ours = ultra(nodes, **KINDS[kind]), OurUltra(nodes, **KINDS[kind])
    assert ours.get_points() == theirs.get_points()
    assert ours.distribution == theirs.distribution
    assert ours.ring == theirs.ring
    assert ours.size == theirs.size
    assert ours.nodes == theirs.nodes
    for key in [*random_keys, *wide_keys, b"bytes", 7, ("a", 1), None]:
        assert ours.get_node(key) == theirs.get_node(key)
    for key in random_keys[:300]:
        assert ours.get_server(key) == theirs.get_server(key)
        assert ours.get(key) == theirs.get(key)
        assert ours.hashi(key) == theirs.hashi(key)
        assert list(ours.iterate_nodes(key)) == list(theirs.iterate_nodes(key))
        for size, unique in ((2, True), (5, False), (None, True)):
            assert list(ours.range(key, size, unique)) == list(
                theirs.range(key, size, unique)
            )


@pytest.mark.parametrize("place", ["uhashring", "uhashring-ketama"])
def test_uhashring_places(ultra: Any, wide_keys: list[str], place: str) -> None:
    weights = {**dict.fromkeys(A, 1), **WEIGHTS}
    theirs = ultra(weights, hash_fn="ketama" if "ketama" in place else None)
    ours = pinyon.HashRing(A, WEIGHTS, place=place)
    for key in wide_keys:
        assert ours.get_node(key) == theirs.get_node(key)


@pytest.mark.parametrize("hash_fn", [None, "ketama"])
def test_uhashring_through_changes(
    ultra: Any, random_keys: list[str], hash_fn: Any
) -> None:
    rng = random.Random(3)
    theirs, ours = ultra(A[:3], hash_fn=hash_fn), OurUltra(A[:3], hash_fn=hash_fn)
    for step in range(40):
        name = rng.choice(A)
        if name in theirs.nodes and len(theirs.nodes) > 1 and step % 2:
            theirs.remove_node(name)
            ours.remove_node(name)
        else:
            weight = rng.randint(1, 4)
            theirs[name] = weight
            ours[name] = weight
        for key in random_keys[step * 250 : step * 250 + 250]:
            assert ours.get_node(key) == theirs.get_node(key)
    assert ours.nodes == theirs.nodes
    assert ours.get_points() == theirs.get_points()


@pytest.mark.parametrize("is_bytes", [False, True])
def test_pymemcache(
    random_keys: list[str], wide_keys: list[str], is_bytes: bool
) -> None:
    rendezvous = pytest.importorskip(
        "pymemcache.client.rendezvous", reason="run `make interop`"
    )
    theirs = rendezvous.RendezvousHash(list(A))
    ours = pinyon.HashRing(A, place="pymemcache", bytes_keys=is_bytes)
    rng = random.Random(4)
    binary = [bytes(rng.randbytes(12)) for _ in range(2000)]
    keys = [key.encode() for key in random_keys + wide_keys] + binary
    for key in keys if is_bytes else random_keys + wide_keys:
        assert ours.get_node(key) == theirs.get_node(key)
    less = rendezvous.RendezvousHash(list(A))  # a dead server: the next score
    less.remove_node(A[3])
    for key in random_keys[:2000]:
        text = key.encode() if is_bytes else key
        best = [node for node in ours.get_nodes(text, 2) if node != A[3]]
        assert best[0] == less.get_node(text)


class _Alive:
    """Stands in python-memcached's list of servers; answers or does not."""

    def __init__(self, name: str, is_alive: bool = True) -> None:
        self.name, self.is_alive = name, is_alive

    def connect(self) -> bool:
        return self.is_alive


def test_python_memcached(random_keys: list[str], wide_keys: list[str]) -> None:
    memcache = pytest.importorskip("memcache", reason="run `make interop`")
    client = memcache.Client([])
    servers = [_Alive(name) for name in A]
    client.buckets = [s for s in servers for _ in range(WEIGHTS.get(s.name, 1))]
    ours = pinyon.HashRing(A, WEIGHTS, place="python-memcached")
    for key in random_keys + wide_keys:
        server, _ = client._get_server(key.encode())
        assert ours.get_node(key) == server.name
    servers[2].is_alive = servers[4].is_alive = False
    dead = {A[2], A[4]}
    for key in random_keys[:3000]:
        server, _ = client._get_server(key.encode())
        alive = [node for node in ours.get_nodes(key) if node not in dead]
        assert (alive[0] if alive else None) == (server.name if server else None)
