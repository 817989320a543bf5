"""Fleets of memcached under load: servers that die, hang, come back empty, and who has
their keys meanwhile."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pinyon
import pytest

from tests.servers import Memcached, Proxy, start_all, stop_all, until

from .fleets import connections_to
from .load import PATIENT, Counter, Load, ManyReader, Steps, Writer

slow = pytest.mark.slow
Serve = Callable[[Any], Any]
QUICK = {"timeout": 0.5, "probe_min": 0.05, "probe_max": 0.2}


class MetaCounter(Counter):
    """incr() does not make a counter: add() does, and the first one counts."""

    def steps(self) -> Steps:
        inner = super().steps()
        method, args = next(inner)
        while True:
            result = yield method, args
            while result is None:
                yield "add", (*args, 0)
                result = yield method, args
            method, args = inner.send(result)


ALL = (Writer, ManyReader, MetaCounter)


@dataclass
class Fleet:
    """Three servers and a spare."""

    servers: list[Memcached]
    spare: Memcached

    def client(self, **options: Any) -> Any:
        addresses = ",".join(server.address for server in self.servers)
        return pinyon.Memcached(f"memcached://{addresses}", **{**QUICK, **options})

    def options(self, who: str) -> dict[str, Any]:
        """Of a client where WHO takes the keys of a server that is down."""
        gutter = {"gutter": [self.spare.address], "gutter_ttl": 1}
        return {"nobody": {}, "gutter": gutter, "next": {"fail_over": True}}[who]


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    servers = [Memcached() for _ in range(4)]
    start_all(servers)
    try:
        yield Fleet(servers[:3], servers[3])
    finally:
        stop_all(servers)


def owned(client: Any, server: Memcached, count: int, word: str = "key") -> list[str]:
    """COUNT keys that SERVER has by the placement, whoever is down."""
    members = [node.address for node in client.nodes() if node.role == "member"]
    ring = pinyon.HashRing(members, place="slots")
    keys = (f"{word}{i}" for i in itertools.count())
    own = (key for key in keys if ring.get_node(key) == server.address)
    return list(itertools.islice(own, count))


def health(client: Any) -> dict[str, str]:
    return {node.address: node.health for node in client.nodes()}


def until_health(client: Any, server: Memcached, word: str, key: str) -> None:
    """Returns when CLIENT believes SERVER, who owns KEY, to be up or down."""

    def is_so() -> bool:
        with contextlib.suppress(pinyon.CacheError):
            client.get(key)
        return health(client)[server.address] == word

    until(is_so, f"the client to find {server!r} {word}")


def raised(call: Callable[..., Any], *args: Any) -> pinyon.CacheError | None:
    try:
        call(*args)
    except pinyon.CacheError as error:
        return error
    return None


# ---- Servers that fail


@pytest.mark.parametrize("who", ["nobody", "gutter", "next"])
def test_killed(fleet: Fleet, who: str) -> None:
    victim = fleet.servers[0]
    with (
        fleet.client(**fleet.options(who), timeout=PATIENT) as client,
        Load(client, roles=ALL, may_lose=True) as load,
    ):
        load.until_served(1000)
        [key] = owned(client, victim, 1)
        victim.kill()
        until_health(client, victim, "down", key)
        load.until_served(1000)
        victim.restart()
        until_health(client, victim, "up", key)
        before = load.account.errors.copy()
        load.until_served(1000)
        # A connection that was idle all the time is found broken by who uses it next.
        assert set(load.account.errors - before) <= {"ConnectionLost"}
    if who == "nobody":
        assert load.account.errors["Down"] > 0


@pytest.mark.parametrize("who", ["nobody", "gutter", "next"])
def test_hung(fleet: Fleet, who: str) -> None:
    """A server that went on has what it had: what was stored elsewhere meanwhile is
    not there, and without anybody who takes its keys nothing was."""
    victim = fleet.servers[1]
    with (
        fleet.client(**fleet.options(who)) as client,
        Load(client, roles=ALL, may_lose=who != "nobody") as load,
    ):
        load.until_served(1000)
        [key] = owned(client, victim, 1)
        victim.pause()
        until_health(client, victim, "down", key)
        load.until_served(1000)
        victim.resume()
        until_health(client, victim, "up", key)
        load.until_served(1000)
    assert load.account.slowest < 20  # a deadline held, on however slow a machine


def test_restarted_empty(fleet: Fleet) -> None:
    with (
        fleet.client() as client,
        Load(client, roles=ALL, may_lose=True) as load,
    ):
        for server in fleet.servers:
            load.until_served(300)
            server.restart()
            [key] = owned(client, server, 1)
            until_health(client, server, "up", key)
        load.until_served(1000)


@slow
def test_all_killed(fleet: Fleet) -> None:
    with (
        fleet.client() as client,
        Load(client, roles=ALL, may_lose=True) as load,
    ):
        load.until_served(1000)
        for server in fleet.servers:
            server.kill()
        load.until_felt(200)
        for server in fleet.servers:
            server.restart()
        until(lambda: set(health(client).values()) == {"up"}, "all to be up")
        load.until_served(1000)


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_one_looks_whether_it_is_back(fleet: Fleet, kind: str) -> None:
    """Nobody but the prober dials a server that is down, however many want it, and what
    he says is a greeting: no key's request reaches the server."""
    with Proxy(fleet.servers[0].port) as proxy:
        addresses = [proxy.address, *(s.address for s in fleet.servers[1:])]
        options = {"timeout": 0.4, "connect_timeout": 0.2, "probe_min": 0.1}
        client = pinyon.Memcached(servers=addresses, probe_max=0.3, **options)
        with client, Load(client, kind, callers=12) as load:
            load.until_served(500)
            proxy.down.is_held = True
            until(lambda: health(client)[proxy.address] == "down", "it to be down")
            until(lambda: len(connections_to(proxy.port)) <= 1, "the others to give up")
            # Whoever was under way when it was found to be down, or has an idle one
            # that nobody has asked for since, is not counted.
            old = connections_to(proxy.port)
            probes = client.stats()["fleet"]["probes"]
            accepted, heard = proxy.accepted, proxy.up.passed
            most = 0

            def is_seen_often() -> bool:
                nonlocal most
                most = max(most, len(connections_to(proxy.port) - old))
                return client.stats()["fleet"]["probes"] >= probes + 4

            until(is_seen_often, "some probes")
            dials = proxy.accepted - accepted
            assert 3 <= dials <= client.stats()["fleet"]["probes"] - probes + 1
            assert proxy.up.passed - heard <= (dials + 1) * len("version\r\n")
            assert most <= 1
            proxy.clear()
            until(lambda: health(client)[proxy.address] == "up", "it to be up")
            load.until_served(500)


# ---- Who has the keys of a server that is down


def test_nobody_has_them(fleet: Fleet) -> None:
    """No key is silently another server's, nor are values of the outage found later."""
    victim, *others = fleet.servers
    with fleet.client() as client, fleet.client(timeout=PATIENT) as patient:
        keys = owned(client, victim, 20)
        assert patient.set_many(dict.fromkeys(keys, "before")) == []
        victim.pause()
        until_health(client, victim, "down", keys[0])
        for key in keys:
            error = raised(client.get, key)
            assert isinstance(error, pinyon.Down | pinyon.TimeoutError), error
            assert error.node == victim.address
            assert raised(client.set, key, "meanwhile") is not None
        assert set(client.set_many(dict.fromkeys(keys, "meanwhile"))) == set(keys)
        with pytest.raises(pinyon.CacheError):
            client.delete_many(keys)
        for server in others:
            assert [server.get(key.encode()) for key in keys] == [None] * len(keys)
        victim.resume()
        until_health(client, victim, "up", keys[0])
        found = patient.get_many(keys)
        # Who was sent while the server was not yet known to hang may have been heard.
        assert set(found) == set(keys)
        assert list(found.values()).count(b"before") >= len(keys) - 3


def ttl(server: Memcached, key: str) -> int | None:
    """The seconds that KEY has there, asked of the server itself."""
    with server.link() as link:
        link.send(b"mg %s t\r\n" % key.encode())
        line = link.line()
        return None if line == b"EN" else int(line.split()[1][1:])


@pytest.mark.parametrize("who", ["gutter", "next"])
def test_a_stand_in_keeps_things_shortly(fleet: Fleet, who: str) -> None:
    victim, *others = fleet.servers
    stand_ins = [fleet.spare] if who == "gutter" else others
    # Seconds: short to wait for, and longer than the machine stops for.
    options = fleet.options(who) | {"gutter_ttl": 4, "timeout": PATIENT}
    with fleet.client(**options) as client:
        keys = owned(client, victim, 20)
        assert client.set_many(dict.fromkeys(keys, "before")) == []
        victim.kill()
        until_health(client, victim, "down", keys[0])
        assert client.get_many(keys) == {}
        assert client.set_many(dict.fromkeys(keys, "stand-in"), 3600) == []
        assert client.get_many(keys) == dict.fromkeys(keys, b"stand-in")
        with client.pipeline() as pipe:
            pipe.set(keys[0], "for ever").add(keys[0], "no").get(keys[0])
            assert pipe.execute() == [True, False, b"for ever"]
        for key in keys:
            left = [t for s in stand_ins if (t := ttl(s, key)) is not None]
            assert len(left) == 1
            assert 0 <= left[0] <= 4
        victim.restart()
        until_health(client, victim, "up", keys[0])
        assert client.get_many(keys) == {}
        assert client.set_many(dict.fromkeys(keys, "after")) == []
        assert client.get_many(keys) == dict.fromkeys(keys, b"after")
        until(
            lambda: all(s.get(k.encode()) is None for s in stand_ins for k in keys),
            "the stand-ins to have forgotten",
        )


def test_the_spare_is_down_too(fleet: Fleet) -> None:
    victim = fleet.servers[0]
    with fleet.client(**fleet.options("gutter"), timeout=PATIENT) as client:
        [key] = owned(client, victim, 1)
        fleet.spare.kill()
        victim.kill()
        until_health(client, victim, "down", key)
        until(lambda: raised(client.get, key) is not None, "an error")
        until(lambda: health(client)[fleet.spare.address] == "down" or
              raised(client.get, key) is None, "the spare to be down")  # fmt: skip
        assert isinstance(raised(client.get, key), pinyon.Down)


# ---- Another list of servers


def test_warm_up(fleet: Fleet) -> None:
    """What moves is found at its old owner; what is newer is never hidden by it."""
    one, two, three = fleet.servers
    with pinyon.Memcached(
        servers=[one.address, two.address], timeout=PATIENT
    ) as client:
        pairs = {f"key{i}": f"old{i}".encode() for i in range(300)}
        assert client.set_many(pairs, 600) == []
        client.set_members([s.address for s in fleet.servers], warm="1m")
        moved = owned(client, three, 40)
        newer, deleted, left, read = (moved[i::4] for i in range(4))
        for key in newer:
            assert client.set(key, "new")
        assert client.delete_many(deleted) == len(deleted)
        assert [client.get(key) for key in deleted] == [None] * len(deleted)
        assert client.get_many(newer) == dict.fromkeys(newer, b"new")
        assert client.get_many(read) == {key: pairs[key] for key in read}
        assert [client.get(key) for key in left] == [pairs[key] for key in left]
        # Gone at the new owner: what the old one has is older than that.
        for key in newer:
            assert three.delete(key.encode()) == b"DELETED"
        assert set(client.get_many(newer).values()) <= {b"new"}


@slow
def test_members_change_under_load(fleet: Fleet) -> None:
    one, two, three = (server.address for server in fleet.servers)
    with pinyon.Memcached(servers=[one, two], timeout=PATIENT) as client:
        lists = [[one, two, three], [two, three], [one, three], [one, two, three]]
        with Load(client) as load:
            for servers in lists:
                load.until_served(500)
                client.set_members(servers, warm="1m")
            load.until_served(500)
        assert load.account.errors.total() == 0, load.account.last


# ---- Values over the limit


@pytest.mark.parametrize(
    ("limit", "value_max"), [("1m", None), ("512k", None), ("4m", "4 MiB")]
)
def test_values_over_the_limit(serve: Serve, limit: str, value_max: str | None) -> None:
    """A clear error, and neither the old value nor a part of the new one is left:
    alone, among many and in pipelines; the connection stays good."""
    server = serve(Memcached(item_max=limit))
    size = {"1m": 1 << 20, "512k": 512 << 10, "4m": 4 << 20}[limit]
    big = b"x" * size
    options = {} if value_max is None else {"value_max": value_max}
    with pinyon.Memcached(f"memcached://{server.address}", **options) as client:
        fits = big[: size - 512]
        assert client.set("fits", fits)
        assert client.get("fits") == fits
        for store in (client.set, client.replace, client.append):
            assert client.set("k", "old")
            with pytest.raises(pinyon.ValueTooLarge, match="larger than the server"):
                store("k", big)
            assert client.get("k") is None, store
        client.set_many({"a": "old", "b": "old", "c": "old"})
        assert client.set_many({"a": "new", "b": big, "c": "new"}) == ["b"]
        assert client.get_many(["a", "b", "c"]) == {"a": b"new", "c": b"new"}
        client.set("k", "old")
        with client.pipeline() as pipe:
            pipe.set("a", 1).set("k", big).get("k").set("c", 3).get("c")
            replies = pipe.execute(raise_on_error=False)
        first, refused, _, third, got = replies
        assert (first, third, got) == (True, True, b"3")
        assert isinstance(refused, pinyon.ValueTooLarge)
        assert client.get("k") is None
        assert client.stats()["nodes"][server.address]["connects"] == 1


# ---- Limits of servers, and other ways to reach them


def test_no_more_connections(serve: Serve) -> None:
    """Who finds the server full waits for his turn, or is told so."""
    server = serve(Memcached(more=["-c", "24", "-o", "maxconns_fast"]))
    address = f"memcached://{server.address}"
    with pinyon.Memcached(address, **QUICK, max_connections=40) as client:
        with Load(client, "threads", callers=36, may_lose=True) as load:
            load.until_served(3000)
        client.close()
    until(lambda: int(server.stats()["rejected_connections"]) > 0, "one too many")


def test_a_unix_socket(serve: Serve) -> None:
    server = serve(Memcached(unix=True))
    with (
        pinyon.Memcached(f"memcached://{server.socket}", **QUICK) as client,
        Load(client, roles=ALL, may_lose=True) as load,
    ):
        load.until_served(500)
        server.kill()
        load.until_felt()
        server.restart()
        load.until_served(500)
