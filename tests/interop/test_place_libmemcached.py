"""Placement against libmemcached itself, and against pylibmc on top of it."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable, Iterator
from typing import Any

import pinyon
import pytest

from .conftest import FakeMemcached

B = ["10.0.1.1:11211", "10.0.1.2:11211", "10.0.1.3:11212", "10.0.1.4:11213"]
WEIGHTS = [3, 1, 4, 2]

# memcached_behavior_t and memcached_hash_t, by their numbers in libmemcached 1.x.
HASH, KETAMA, DISTRIBUTION, KETAMA_WEIGHTED = 2, 3, 9, 16
SPY = 4
HASHES = {
    "oaat": 0,
    "md5": 1,
    "crc": 2,
    "fnv1_64": 3,
    "fnv1a_64": 4,
    "fnv1_32": 5,
    "fnv1a_32": 6,
    "murmur": 8,
    "jenkins": 9,
    "murmur3": 10,
}

Owner = Callable[[bytes], int]


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    name = ctypes.util.find_library("memcached")
    if name is None:
        pytest.skip("libmemcached is not installed: run `make interop`")
    lib = ctypes.CDLL(name)
    lib.memcached_create.restype = ctypes.c_void_p
    lib.memcached_create.argtypes = [ctypes.c_void_p]
    lib.memcached_free.argtypes = [ctypes.c_void_p]
    lib.memcached_behavior_set.argtypes = [
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_uint64,
    ]
    lib.memcached_server_add_with_weight.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_uint16,
        ctypes.c_uint32,
    ]
    lib.memcached_generate_hash.restype = ctypes.c_uint32
    lib.memcached_generate_hash.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_size_t,
    ]
    return lib


@pytest.fixture
def make(library: ctypes.CDLL) -> Iterator[Callable[..., Owner]]:
    """A client of libmemcached with behaviours set before its servers are added."""
    made = []

    def build(behaviors: list[tuple[int, int]], weights: list[int] | None) -> Owner:
        client = library.memcached_create(None)
        made.append(client)
        for behavior, value in behaviors:
            assert library.memcached_behavior_set(client, behavior, value) == 0
        for i, node in enumerate(B):
            host, port = node.split(":")
            weight = weights[i] if weights else 1
            library.memcached_server_add_with_weight(
                client, host.encode(), int(port), weight
            )
        return lambda key: library.memcached_generate_hash(client, key, len(key))

    yield build
    for client in made:
        library.memcached_free(client)


def compare(owner: Owner, ring: pinyon.HashRing, keys: list[str]) -> None:
    for key in keys:
        assert ring.get_node(key) == B[owner(key.encode())], key


@pytest.mark.parametrize("name", HASHES)
def test_modula(
    make: Any, random_keys: list[str], wide_keys: list[str], name: str
) -> None:
    ring = pinyon.HashRing(B, place="modula", hash=name)
    compare(make([(HASH, HASHES[name])], None), ring, random_keys + wide_keys)


@pytest.mark.parametrize("name", HASHES)
def test_consistent(
    make: Any, random_keys: list[str], wide_keys: list[str], name: str
) -> None:
    ring = pinyon.HashRing(B, place="pylibmc", hash=name)
    owner = make([(HASH, HASHES[name]), (KETAMA, 1)], None)
    compare(owner, ring, random_keys + wide_keys)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_weighted(make: Any, random_keys: list[str], weights: Any) -> None:
    ring = pinyon.HashRing(B, weights, place="pylibmc-weighted")
    compare(make([(KETAMA_WEIGHTED, 1)], weights), ring, random_keys)


@pytest.mark.parametrize("name", ["oaat", "md5", "murmur"])
def test_weights_make_it_weighted(make: Any, random_keys: list[str], name: str) -> None:
    ring = pinyon.HashRing(B, WEIGHTS, place="pylibmc", hash=name)
    owner = make([(HASH, HASHES[name]), (KETAMA, 1)], WEIGHTS)
    compare(owner, ring, random_keys)


def test_spy(make: Any, random_keys: list[str]) -> None:
    ring = pinyon.HashRing(B, place="pylibmc-md5", distribution="spy")
    owner = make([(HASH, HASHES["md5"]), (DISTRIBUTION, SPY)], None)
    compare(owner, ring, random_keys)


# ---- pylibmc, whose behaviours do not mean what their names say ------------------


@pytest.mark.parametrize(
    ("behaviors", "place", "options"),
    [
        ({}, "modula", {}),
        ({"hash": "crc"}, "modula", {"hash": "crc"}),
        ({"ketama": True}, "pylibmc", {}),
        ({"distribution": "consistent"}, "pylibmc", {}),
        ({"ketama": True, "hash": "md5"}, "pylibmc-md5", {}),
        ({"ketama_weighted": True}, "pylibmc-weighted", {}),
        ({"distribution": "consistent ketama spy"}, "pylibmc", {"distribution": "spy"}),
    ],
)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_pylibmc(
    fakes: list[FakeMemcached],
    random_keys: list[str],
    behaviors: dict[str, Any],
    place: str,
    options: dict[str, Any],
    is_weighted: bool,
) -> None:
    pylibmc = pytest.importorskip("pylibmc", reason="run `make interop`")
    names = [fake.name for fake in fakes]
    weights = [3, 1, 4, 1, 5] if is_weighted else [1] * 5
    client = pylibmc.Client(
        [f"{n}:{w}" for n, w in zip(names, weights, strict=True)], behaviors=behaviors
    )
    assert client.get_multi(random_keys) == {}
    ring = pinyon.HashRing(names, weights, place=place, **options)
    want = {fake.name: set() for fake in fakes}  # type: dict[str, set[bytes]]
    for key in random_keys:
        want[ring.get_node(key)].add(key.encode())  # type: ignore[index]
    for fake in fakes:
        assert fake.keys == want[fake.name]
