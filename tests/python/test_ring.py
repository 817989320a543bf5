"""HashRing: names, options, refusals, shares, differences. What the policies answer is
proved in C (tests/unit) and against the originals (tests/interop)."""

from __future__ import annotations

import copy
import pickle
import sys
import threading

import pinyon
import pytest
from pinyon import ring_cli
from pinyon.__main__ import main
from pinyon.compat.hash_ring import HashRing as DoistRing
from pinyon.compat.uhashring import HashRing as UltraRing
from pinyon.ring import PLACES

A = ["10.0.1.1:11211", "10.0.1.2:11211", "10.0.1.3:11211"]


@pytest.mark.parametrize("place", PLACES)
def test_every_policy(place: str) -> None:
    ring = pinyon.HashRing(A, place=place)
    owners = {ring.get_node(f"key{i}") for i in range(200)}
    assert owners == set(A)
    assert ring.get_nodes("foo", 1) == [ring.get_node("foo")]
    assert ring.get_node(b"foo") == ring.get_node("foo")
    assert sum(ring.share().values()) == pytest.approx(1)
    assert ring.nodes == A
    assert len(ring) == 3
    assert place in repr(ring)


def test_answers_with_the_object_it_was_given() -> None:
    names = [str(name) for name in A]
    ring = pinyon.HashRing(names)
    assert any(ring.get_node("foo") is name for name in names)


def test_weights_by_name_and_by_order() -> None:
    by_name = pinyon.HashRing(A, {A[0]: 2})
    by_order = pinyon.HashRing(A, [2, 1, 1])
    assert by_name.share() == by_order.share()
    assert by_name.share()[A[0]] > 0.4
    assert by_name.diff(by_order).moved == 0


def test_diff_of_rings() -> None:
    ring, less = pinyon.HashRing(A), pinyon.HashRing(A[:2])
    diff = ring.diff(less)
    assert {old for old, _ in diff.moves} == {A[2]}
    assert diff.moved == pytest.approx(ring.share()[A[2]], abs=0.01)
    assert diff.collateral == 0
    assert diff.slots is None
    modula = pinyon.HashRing(A, place="modula")
    assert modula.diff(pinyon.HashRing(A[:2], place="modula")).collateral > 0.2


def test_slots_follow_the_table_before() -> None:
    old = pinyon.HashRing(A, place="slots", replicas=1)
    new = pinyon.HashRing([*A, "d:1"], place="slots", replicas=1, previous=old)
    diff = old.diff(new)
    assert (old.epoch, new.epoch) == (1, 2)
    assert diff.slots is not None
    assert len(diff.slots) == 4096
    assert {new for _, _, new in diff.slots} == {"d:1"}
    assert diff.moved == pytest.approx(0.25)
    slot, before, after = diff.slots[0]
    key = next(f"k{i}" for i in range(10**6) if old.slot(f"k{i}") == slot)
    assert (old.get_node(key), new.get_node(key)) == (before, after)


def test_zones_part_the_replicas() -> None:
    nodes = [f"n{i}" for i in range(6)]
    zones = {name: f"zone{i % 2}" for i, name in enumerate(nodes)}
    ring = pinyon.HashRing(nodes, place="slots", replicas=1, zones=zones)
    for i in range(500):
        first, second = ring.get_nodes(f"key{i}")
        assert zones[first] != zones[second]


def test_bounded_loads() -> None:
    ring = pinyon.HashRing(A, place="bounded", epsilon=0.1)
    loads = dict.fromkeys(A, 0)
    for i in range(300):
        node = ring.get_node_under(f"key{i}", loads)
        assert node is not None
        loads[node] += 1
    assert max(loads.values()) <= 111


def test_a_map_from_the_server() -> None:
    table = [0] * 16384
    table[12182] = None  # type: ignore[call-overload]
    ring = pinyon.HashRing(A, place="redis-cluster", table=table)
    assert ring.slot("foo") == 12182
    assert ring.get_node("foo") is None
    assert ring.get_node("bar") == A[0]
    assert ring.get_nodes("foo", 2) == []


def test_ejected() -> None:
    ring = pinyon.HashRing(A, place="libketama", out=[A[1]])
    assert ring.diff(pinyon.HashRing([A[0], A[2]], place="libketama")).moved == 0


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (["a"], {}, "nodes='a'"),
        ([["a", "a"]], {}, "twice"),
        ([[]], {}, "no nodes"),
        ([[1]], {}, "a node's name is a str"),
        ([A, [1]], {}, "1 weights for 3 nodes"),
        ([A, {A[0]: "2"}], {}, "weight '2' of node 10.0.1.1:11211"),
        ([A], {"place": "ketama"}, "known are slots hash_ring"),
        ([A], {"colour": 1}, "no option 'colour'"),
        ([A], {"place": "slots", "slots": 1000}, "a power of two"),
        ([A], {"place": "slots", "slots": "1024"}, "give int"),
        ([A], {"place": "slots", "seed": -1}, "from 0 on"),
        ([A], {"place": "modula", "hash": "hsieh"}, "take another hash"),
        ([A], {"place": "redis-cluster", "table": [0]}, "16384 slots, not 1"),
        ([A], {"place": "redis-cluster", "table": ["a"]}, "the index of a node"),
        ([A], {"zones": {A[0]: "x"}}, "no option zones"),
    ],
)
def test_refusals(arguments: list, options: dict, said: str) -> None:
    with pytest.raises(pinyon.ConfigError) as caught:
        pinyon.HashRing(*arguments, **options)
    assert said in str(caught.value)


def test_keys_are_text_or_bytes() -> None:
    ring = pinyon.HashRing(A)
    for key in (1, None, 1.5, ("a",)):
        with pytest.raises(pinyon.KeyTypeError):
            ring.get_node(key)  # type: ignore[arg-type]
    with pytest.raises(pinyon.KeyValueError, match="surrogates"):
        ring.get_node("\ud800")
    with pytest.raises(TypeError):
        ring.get_nodes()  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="0 or more"):
        ring.get_nodes("foo", -1)


def test_no_leak() -> None:
    def churn() -> int:
        for _ in range(200):
            ring = pinyon.HashRing(A, place="slots")
            ring.get_nodes("foo", 3), ring.share(), ring.diff(ring), ring.slot("foo")
        return sys.getallocatedblocks()

    churn()
    before = churn()
    assert churn() - before < 50


def test_threads_share_a_ring() -> None:
    ring = pinyon.HashRing(A, place="uhashring")
    want = [ring.get_node(f"key{i}") for i in range(2000)]
    got: list[list[str | None]] = []

    def look() -> None:
        got.append([ring.get_node(f"key{i}") for i in range(2000)])

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [want] * 4


# ---- The two packages' classes --------------------------------------------------


class Server:
    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name


def test_hash_ring_class() -> None:
    ring = DoistRing(A, {A[0]: 2})
    assert ring.get_node("session:abc") == A[0]
    assert ring.nodes == A
    assert ring.weights == {A[0]: 2}
    assert len(ring.ring) == 360
    assert ring.gen_key("foo") == 3675831724
    assert list(DoistRing(A).iterate_nodes("foo")) == [A[1], A[0], A[2]]
    empty = DoistRing([])
    assert empty.get_node("foo") is None
    assert empty.get_node_pos("foo") is None
    assert list(empty.iterate_nodes("foo")) == [(None, None)]
    with pytest.raises(TypeError):
        DoistRing()
    assert copy.deepcopy(ring).get_node("foo") == ring.get_node("foo")
    assert pickle.loads(pickle.dumps(ring)).get_node("foo") == ring.get_node("foo")


def test_hash_ring_of_objects() -> None:
    servers = [Server(name) for name in A]
    ring = DoistRing(servers)
    assert ring.get_node("foo") is servers[1]
    assert next(ring.iterate_nodes("foo")) is servers[1]


def test_hash_ring_subclass() -> None:
    class Mine(DoistRing):
        def get_node(self, string_key: str) -> str:
            return "mine " + super().get_node(string_key)

    assert Mine(A).get_node("foo") == "mine " + A[1]


def test_uhashring_class() -> None:
    ring = UltraRing({A[0]: 1, A[1]: {"weight": 2, "port": 7, "instance": "i"}})
    assert ring.size == 480
    assert ring.distribution == {A[0]: 160, A[1]: 320}
    key = next(f"k{i}" for i in range(99) if ring.get_node(f"k{i}") == A[1])
    assert ring[key] == "i"
    assert ring.get_node_port(key) == 7
    assert ring.get_node_weight(key) == 2
    assert ring.get_server(key) == ring.get_points()[ring.get_node_pos(key)]
    ring.add_node(A[2])
    assert set(ring.get_nodes()) == set(A)
    del ring[A[1]]
    with pytest.raises(KeyError, match="available nodes"):
        ring.remove_node(A[1])
    assert ring.size == 320
    assert ring.get_node(b"foo") == ring.get_node("b'foo'")
    twin = copy.deepcopy(ring)
    assert twin.get_points() == ring.get_points()
    twin.remove_node(A[2])
    assert ring.size == 320
    assert twin.get_node(key) == pickle.loads(pickle.dumps(twin)).get_node(key)
    empty = UltraRing()
    assert empty.get_node("foo") is None
    assert list(empty.iterate_nodes("foo")) == [None]


# ---- python -m pinyon ring -------------------------------------------------------


def run_ring(capsys: pytest.CaptureFixture[str], *urls: str) -> tuple[int, str]:
    status = main(["ring", *urls])
    out = capsys.readouterr()
    return status, out.out + out.err


def test_command_shares(capsys: pytest.CaptureFixture[str]) -> None:
    url = f"memcached://{','.join(A)}?place=libketama"
    status, text = run_ring(capsys, url)
    assert status == 0
    share = pinyon.HashRing(A, place="libketama").share()
    for name in A:
        row = next(line for line in text.splitlines() if line.startswith(name))
        assert f"{share[name]:.2%}" in row
        assert "█" in row
        assert row.endswith(" 0.00%")
    assert "one node more: " in text


def test_command_moves(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = run_ring(capsys, "memcached://a,b,c:1", "memcached://a,b,c:1,d:7:1")
    assert status == 0
    assert "4096 slots change their owner" in text
    assert "25.00% of the keys move, 0.00% between nodes that stay" in text


def test_command_weights_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    _, text = run_ring(capsys, "memcached://a:1:3,b:1?place=slots&slots=64")
    assert "75.00%" in text
    _, text = run_ring(capsys, "redis+cluster://user:pass@a:1,b:1")
    assert "place=redis-cluster" in text
    assert "pass" not in text


def test_command_takes_the_url_of_a_client(capsys: pytest.CaptureFixture[str]) -> None:
    """With its options, and the names that the client places keys by."""
    url = "memcached://a,b:5?place=libketama&timeout=1s&namespace=x&socket_timeout=1"
    status, text = run_ring(capsys, url)
    assert status == 0
    share = pinyon.HashRing(["a:11211", "b:5"], place="libketama").share()
    for name, part in share.items():
        assert f"{name:7}      1  {part:.2%}" in text
    _, text = run_ring(capsys, "redis+cluster://a,[::1]")
    assert "a:6379" in text
    assert "::1:6379" in text
    _, text = run_ring(capsys, "memcached://a,b?names=one,two&place=libketama")
    part = pinyon.HashRing(["one", "two"], place="libketama").share()["one"]
    assert f"one       1  {part:.2%}" in text


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("memcached://[::1],[::2]:5?place=hash_ring", ["::1:11211", "::2:5"]),
        ("memcached://,b:00005?place=hash_ring", ["localhost:11211", "b:5"]),
        ("memcached://%2Frun%2Fa,%62?place=hash_ring", ["/run/a", "b:11211"]),
        ("MEMCACHED://A,b?place=hash_ring", ["A:11211", "b:11211"]),
        ("memcached://A,b?place=slots", ["a:11211", "b:11211"]),
        ("memcached://a,b?place=mcrouter&salt=x+y", ["a:11211", "b:11211"]),
    ],
)
def test_command_names_servers_as_a_client_does(where: str, names: list[str]) -> None:
    """What the command shows is what a client with this URL does, key by key."""
    ring = ring_cli.parse_fleet(where)
    assert ring.nodes == names
    with pinyon.Client(where) as client:
        for i in range(200):
            key = b"key%d" % i
            beside = client._copy(b"copy", key)  # a key that the client places there
            assert ring.get_node(beside) == ring.get_node(key)


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        (["memcached://a,b?names=one"], "one for each of 2"),
        (["memcached://a?nonsense=1"], "no option 'nonsense'"),
        (["memcached://a?place=x"], "place 'x' is not known"),
        (["memcached://a?slots=many"], "give a number"),
        (["a,b"], "is not a URL: write"),
        (["memcached://a,a"], "twice"),
        (["memcached://a:1:2,a:1:3"], "twice"),
        (["memcached://a:b:c"], "a weight is a number"),
        (["memcached://a"] * 3, "give one URL"),
    ],
)
def test_command_refusals(
    capsys: pytest.CaptureFixture[str], urls: list[str], said: str
) -> None:
    status, text = run_ring(capsys, *urls)
    assert status == 1
    assert said in text
