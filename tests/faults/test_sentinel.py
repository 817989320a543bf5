"""A primary, two replicas and three sentinels under load: whoever dies, hangs or lies.

What is promised: a connection that is made leads to what the sentinels name, and only
if the server says itself that it is that (ROLE). So a client that has learnt of a new
primary writes nowhere else, and it learns of it within a second of its appearance.

Not promised is what no client can: a primary acknowledges what its replicas do not have
yet, and an old one is still one for who was connected to it and idle meanwhile. Hence
MAY_LOSE where there is an election.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pinyon
import pytest

from tests.servers import CALM, Port, Proxy, Redis, ReplyError, Sentinels, until

from .load import PATIENT, Counter, Load, ManyReader, Reader, Writer
from .recovery import ALLOWED, Probe

ALL = (Writer, Counter, Reader, ManyReader)
slow = pytest.mark.slow
Started = TypeVar("Started", Sentinels, Proxy)
Serve = Callable[[Started], Started]
both = pytest.mark.parametrize("version", ["redis", pytest.param("valkey", marks=slow)])


def client_of(
    fleet: Sentinels, proxies: list[Proxy] | None = None, **options: Any
) -> Any:
    sentinels = ",".join(proxy.address for proxy in proxies or fleet.sentinels)
    url = f"redis+sentinel://{sentinels}/{fleet.name}"
    return pinyon.Client(url, **{"timeout": 1.0, **options})


def proxies_of(serve: Any, fleet: Sentinels) -> list[Proxy]:
    return [serve(Proxy(sentinel.port)) for sentinel in fleet.sentinels]


def first_of(proxies: list[Proxy]) -> Proxy:
    """Of the sentinel that was asked, and answered: it is asked first the next time.
    Clients begin with any."""
    return max(proxies, key=lambda proxy: proxy.accepted)


def hang_up(server: Redis) -> None:
    """What a sentinel does to clients of a server whose role it changes."""
    server.call("CLIENT", "KILL", "TYPE", "normal")


def fail_over(client: Any, fleet: Sentinels, harm: Callable[[Redis], None]) -> Redis:
    """HARM ends the primary. Returns it, once calls succeed with the next one; they do
    so within a second of its appearance."""
    old = fleet.primary
    with Probe(client, "probe") as probe:
        harm(old)
        probe.broken()
        fleet.until_promoted(old)
        assert probe.behind(time.monotonic()) <= ALLOWED
    return old


def until_replica(old: Redis) -> None:
    until(lambda: old.role == "slave", f"{old!r} to be a replica")


def until_one_primary(fleet: Sentinels) -> None:
    """Returns when the old one is a replica, whichever it is."""

    def is_one() -> bool:
        return [server.role for server in fleet.servers].count("master") == 1

    until(is_one, "one primary", 60)


def calls_of(client: Any, server: Redis) -> int:
    """Answers CLIENT had from SERVER."""
    node = client.stats()["nodes"].get(server.address)
    return 0 if node is None else int(node["calls"])


# ---- Primaries that fail


@both
def test_primary_killed(serve: Any, version: Any) -> None:
    fleet = serve(Sentinels(version=version))
    with client_of(fleet) as client, Load(client, roles=ALL, may_lose=True) as load:
        load.until_served(1000)
        old = fail_over(client, fleet, Redis.kill)
        load.until_served(1000)
        old.restart()  # empty; as a replica, soon
        fleet.until_settled()
        load.until_served(1000)
        assert old.role == "slave"


def until_demoted(old: Redis, write: Callable[[], object], key: str) -> int:
    """Returns when OLD is a replica; how often it was seen to be none. Meanwhile WRITE
    sets KEY, which must not come to OLD."""
    seen = 0

    def demoted() -> bool:
        nonlocal seen
        write()
        try:
            value = old.call("GET", key)
            role = old.role
        except ReplyError:  # it loads what its new primary has
            return True
        if role == "master":  # and so it was when it was asked for KEY
            assert value is None
            seen += 1
        return role == "slave"

    until(demoted, f"{old!r} to be a replica")
    return seen


@slow
@both
def test_primary_hung(serve: Any, version: Any) -> None:
    """It comes back as a second primary until the sentinels have told it. Who has
    learnt of the other writes nothing to it, and neither does who comes new."""
    fleet = serve(Sentinels(version=version))
    with (
        client_of(fleet, timeout=0.5) as client,
        client_of(fleet) as idle,
        Load(client, roles=ALL, may_lose=True) as load,
    ):
        load.until_served(1000)
        idle.set("idle", "connected to it")
        old = fail_over(client, fleet, Redis.pause)
        load.until_served(1000)
        old.resume()
        with client_of(fleet) as fresh:

            def write() -> None:
                client.set("after", "known")
                fresh.set("after", "new")

            assert until_demoted(old, write, "after") > 0
        fleet.until_settled()
        load.until_served(1000)
        idle.set("idle", "its connection was closed")
        assert fleet.primary.call("GET", "idle") == b"its connection was closed"


def test_dial_of_hung_primary(serve: Any) -> None:
    """Its kernel accepts the connection, and then nothing comes for as long as a dial
    may take. The call goes on to the next primary, and does not wait for that."""
    fleet = serve(Sentinels())
    old = fleet.primary
    with (
        client_of(fleet, timeout=60, connect_timeout=60) as client,
        ThreadPoolExecutor(2) as pool,
    ):
        old.pause()

        async def on_loop() -> None:
            await client.aset("loop", "v")

        calls = [
            pool.submit(client.set, "thread", "v"),
            pool.submit(asyncio.run, on_loop()),
        ]
        new = fleet.until_promoted(old)
        for call in calls:
            call.result(10)
        assert new.call("MGET", "thread", "loop") == [b"v", b"v"]


# ---- Failover that is asked for


@both
def test_failover_by_command(serve: Any, version: Any) -> None:
    """There and back: that the first one is primary again is believed as well."""
    fleet = serve(Sentinels(version=version, replicas=1, down_after=CALM))
    with client_of(fleet) as client, Load(client, roles=ALL, may_lose=True) as load:
        load.until_served(1000)
        before = fleet.epoch
        for _ in range(2):
            with Probe(client, "probe") as probe:
                fleet.failover()
                until_one_primary(fleet)
                probe.broken()
                assert probe.behind(time.monotonic()) <= ALLOWED
            fleet.until_settled()
            load.until_served(1000)
        # More than those two are the sentinels' own: see Sentinels.epoch.
        seen, held = client.stats()["fleet"]["failovers"], fleet.epoch - before
        assert seen == 2 or held > 2
    assert load.account.errors.total() < load.account.ok / 50, load.account.last


@slow
def test_coordinated_failover(serve: Any) -> None:
    """Valkey's, in which the old primary waits for the new one: nothing is lost."""
    fleet = serve(Sentinels(version="valkey", down_after=CALM))
    with client_of(fleet) as client, Load(client, roles=ALL) as load:
        load.until_served(1000)
        for _ in range(3):
            fleet.failover("COORDINATED")
            load.until_served(1000)
            fleet.until_settled()
    assert load.account.errors.total() < load.account.ok / 50, load.account.last


# ---- Sentinels that fail


def lose(proxy: Proxy, way: str) -> None:
    """Nobody listens there any more, or nobody answers."""
    if way == "killed":
        proxy.refuse()
        proxy.drop()
    else:
        proxy.down.is_held = True


ways = pytest.mark.parametrize("way", ["killed", "held"])


@pytest.mark.parametrize("way", [pytest.param("killed", marks=slow), "held"])
def test_sentinel_fails_with_primary(serve: Any, way: str) -> None:
    """A host with both: the primary, and the sentinel that is asked first."""
    fleet = serve(Sentinels())
    proxies = proxies_of(serve, fleet)
    with (
        client_of(fleet, proxies) as client,
        Load(client, roles=ALL, may_lose=True) as load,
    ):
        load.until_served(1000)
        lose(first_of(proxies), way)
        fail_over(client, fleet, Redis.kill)
        load.until_served(1000)


@ways
def test_one_sentinel_left(serve: Any, way: str) -> None:
    fleet = serve(Sentinels(replicas=1, down_after=CALM))
    proxies = proxies_of(serve, fleet)
    for proxy in proxies[1:]:
        lose(proxy, way)
    for i in range(5):
        with client_of(fleet, proxies, timeout=PATIENT) as client:
            client.set("k", i)
    with client_of(fleet, proxies, timeout=PATIENT) as client, Load(client) as load:
        load.until_served(500)
    assert load.account.errors.total() == 0, load.account.last


def test_all_sentinels_dead(serve: Any) -> None:
    """The primary is as good as before, and nobody can say otherwise: calls go on, also
    over new connections. Who comes new is told who does not answer."""
    fleet = serve(Sentinels(replicas=1))
    primary = fleet.primary
    with client_of(fleet) as client, Load(client, roles=(Writer, Reader)) as load:
        load.until_served(500)
        for sentinel in fleet.sentinels:
            sentinel.kill()
        load.until_served(500)
        for _ in range(3):
            hang_up(primary)
            load.until_served(500)
        with client_of(fleet) as late, pytest.raises(pinyon.ConnectionFailed) as told:
            late.get("k")
        assert any(address in str(told.value) for address in fleet.addresses)
        for sentinel in fleet.sentinels:
            sentinel.restart()
        fleet.until_settled()
        fail_over(client, fleet, lambda _: fleet.failover())


@slow
@both
def test_all_sentinels_hung(serve: Any, version: Any) -> None:
    fleet = serve(Sentinels(version=version))
    primary = fleet.primary
    with client_of(fleet) as client, Load(client, roles=ALL, may_lose=True) as load:
        load.until_served(1000)
        for sentinel in fleet.sentinels:
            sentinel.pause()
        load.until_served(1000)
        for _ in range(3):
            hang_up(primary)
            load.until_served(500)
        for sentinel in fleet.sentinels:
            sentinel.resume()
        fail_over(client, fleet, Redis.kill)
        load.until_served(1000)


# ---- Sentinels that lie

Lie = Callable[[bytes], bytes]


def number(port: int) -> bytes:
    return b"%d" % port


def names_replica(fleet: Sentinels) -> Lie:
    """The primary and a replica have changed places."""
    one, other = number(fleet.primary.port), number(fleet.replicas[0].port)

    def lie(piece: bytes) -> bytes:
        return piece.replace(one, b"ports").replace(other, one).replace(b"ports", other)

    return lie


def names_nobody(fleet: Sentinels) -> Lie:
    """The primary is where nothing listens."""
    one, nobody = number(fleet.primary.port), Port()
    other = number(nobody.number)
    nobody.close()
    return lambda piece: piece.replace(one, other)


LIES = {"replica": names_replica, "nobody": names_nobody}
lies = pytest.mark.parametrize("lie", LIES)


def until_equal(fleet: Sentinels, keys: list[str]) -> None:
    """Returns when each replica holds what the primary does: what was written to one of
    them alone stays there and nowhere else."""
    held = fleet.primary.call("MGET", *keys)

    def is_equal() -> bool:
        return all(each.call("MGET", *keys) == held for each in fleet.replicas)

    until(is_equal, "all to be equal")


@lies
def test_liars_from_the_start(serve: Any, lie: str) -> None:
    """One honest of three is enough. Replicas would take writes, so that nothing but
    ROLE says what they are."""
    fleet = serve(Sentinels(config={"replica-read-only": "no"}, down_after=CALM))
    proxies = proxies_of(serve, fleet)
    for proxy in proxies[1:]:
        proxy.down.alter = LIES[lie](fleet)
    for i in range(5):
        with client_of(fleet, proxies, timeout=PATIENT) as client:
            client.set("k", i)
    with (
        client_of(fleet, proxies, timeout=PATIENT) as client,
        Load(client, roles=ALL) as load,
    ):
        load.until_served(500)
    assert load.account.errors.total() == 0, load.account.last
    until_equal(fleet, ["k", *load.keys])


@lies
@pytest.mark.parametrize("reads", ["primary", "prefer_replica"])
def test_liar(serve: Any, lie: str, reads: str) -> None:
    """It is asked first, and says the truth until it matters. PREFER_REPLICA has good
    connections to what it then calls the primary."""
    fleet = serve(Sentinels(config={"replica-read-only": "no"}))
    proxies = proxies_of(serve, fleet)
    with (
        client_of(fleet, proxies, read_from=reads) as client,
        Load(client, roles=ALL, may_lose=reads != "primary") as load,
    ):
        load.until_served(500)
        liar = first_of(proxies)
        liar.down.alter = LIES[lie](fleet)
        said = liar.down.passed
        hang_up(fleet.primary)
        until(lambda: liar.down.passed > said, "the liar to be asked")
        load.until_served(1000)
    until_equal(fleet, load.keys)


@slow
@lies
def test_liar_during_failover(serve: Any, lie: str) -> None:
    fleet = serve(Sentinels())
    proxies = proxies_of(serve, fleet)
    with (
        client_of(fleet, proxies) as client,
        Load(client, roles=ALL, may_lose=True) as load,
    ):
        load.until_served(1000)
        first_of(proxies).down.alter = LIES[lie](fleet)
        fail_over(client, fleet, Redis.kill)
        load.until_served(1000)


# ---- Replicas


def test_replicas_die(serve: Any) -> None:
    """One, then all of those that answer reads: nobody is told."""
    fleet = serve(Sentinels())
    with (
        client_of(fleet, read_from="prefer_replica", timeout=PATIENT) as client,
        Load(client, roles=ALL, may_lose=True) as load,
    ):
        load.until_served(1000)
        for replica in fleet.replicas:
            assert calls_of(client, replica) > 0
            replica.kill()
            load.until_served(1000)
        before = calls_of(client, fleet.primary)
        load.until_served(500)
        assert calls_of(client, fleet.primary) - before >= 500
    assert load.account.errors.total() == 0, load.account.last


@slow
@pytest.mark.parametrize("reads", ["prefer_replica", "replica", "any"])
def test_replica_hung(serve: Any, reads: str) -> None:
    """Reads that it was to answer are late, until enough of them were."""
    fleet = serve(Sentinels())
    with (
        client_of(fleet, read_from=reads, timeout=0.5) as client,
        Load(client, roles=ALL, may_lose=True) as load,
    ):
        load.until_served(1000)
        replica, other = fleet.replicas
        replica.pause()
        load.until_felt()
        load.until_served(2000)
        replica.resume()
        other.kill()
        load.until_served(1000)


@slow
def test_replica_that_is_none(serve: Any) -> None:
    """The promoted one until the sentinels say so, then the old primary until they have
    told it: both are called replicas, and their ROLE is another. Reads go elsewhere,
    and do not dial them again and again."""
    fleet = serve(Sentinels(replicas=1))
    with (
        client_of(fleet, read_from="prefer_replica", timeout=0.5) as client,
        Load(client, roles=ALL, may_lose=True) as load,
    ):
        load.until_served(1000)
        old = fail_over(client, fleet, Redis.pause)
        load.until_served(1000)
        old.resume()
        until_replica(old)
        load.until_served(1000)
        assert client.stats()["fleet"]["dials"] < 500


# ---- Passwords and names


def test_passwords(serve: Any) -> None:
    fleet = serve(Sentinels(password="one", sentinel_password="two", down_after=CALM))
    secrets: dict[str, Any] = {"password": "one", "sentinel_password": "two"}
    with (
        client_of(fleet, **secrets) as client,
        Load(client, roles=ALL, may_lose=True) as load,
    ):
        load.until_served(500)
        fail_over(client, fleet, lambda _: fleet.failover())
        load.until_served(500)
    for name in secrets:
        wrong = secrets | {name: "wrong-one"}
        with client_of(fleet, **wrong) as client:
            with pytest.raises(pinyon.AuthenticationError) as told:
                client.get("k")
            assert "wrong-one" not in str(told.value)


def test_names(serve: Any) -> None:
    """Sentinels that announce names: each is looked up when it is dialled."""
    fleet = serve(Sentinels(host="localhost", down_after=CALM))
    with client_of(fleet) as client, Load(client, roles=ALL, may_lose=True) as load:
        load.until_served(500)
        fail_over(client, fleet, lambda _: fleet.failover())
        load.until_served(500)
        hosts = {
            n.address.rpartition(":")[0] for n in client.nodes() if n.role != "sentinel"
        }
        assert hosts == {"localhost"}
