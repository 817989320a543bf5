"""Clients and pools: opening, sharing, closing; threads, loops, forks; TLS, users."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import sys
import threading
import warnings

import pinyon
import pytest
from fleets import client, fleet  # noqa: F401

from tests.servers import Redis

SECRET = "hunter2%"


def test_keywords_open_what_a_url_opens(redis):
    host, _, port = redis.address.rpartition(":")
    for made in (
        pinyon.Client(host=host, port=int(port), db=2),
        pinyon.Client(f"redis://{redis.address}/2"),
        pinyon.Client.from_url(f"redis://{redis.address}", db=2),
    ):
        with made as opened:
            opened.incr("n")
            assert opened.url == f"redis://{redis.address}/2"
    assert redis.call("DBSIZE") == 0  # all in the other database
    with pinyon.Client(f"redis://{redis.address}/2") as opened:
        assert opened.get("n") == b"3"
        opened.flushdb()


def test_startup_nodes_and_decoding(cluster):
    nodes = []
    for address in cluster.addresses[:2]:
        host, _, port = address.rpartition(":")
        nodes.append({"host": host, "port": port})
    with pinyon.Client(startup_nodes=nodes, decode_responses=True) as opened:
        for i in range(50):
            opened.set(f"k{i}", i)
            assert opened.get(f"k{i}") == str(i)
        roles = sorted(node.role for node in opened.nodes())
        assert roles == ["primary"] * 3 + ["replica"] * 3
        assert sum(n.slots for n in opened.nodes() if n.role == "primary") == 16384


def test_a_unix_socket(serve):
    server = serve(Redis(unix=True))
    for made in (
        pinyon.Client(f"unix://{server.socket}"),
        pinyon.Client(unix_socket_path=server.socket),
    ):
        with made as opened:
            assert opened.ping()
            assert opened.nodes()[0].address == server.socket


def test_a_pool_is_one_set_of_connections(redis):
    pool = pinyon.ConnectionPool.from_url(f"redis://{redis.address}", max_connections=3)
    assert pool.max_connections == 3
    one = pinyon.Client(connection_pool=pool)
    two = pinyon.Client(connection_pool=pool, decode_responses=True)
    one.set("k", "v")
    assert (one.get("k"), two.get("k")) == (b"v", "v")
    assert pool.stats()["opened"] == 1
    assert one.client_id() == two.client_id()
    one.close()
    assert one.closed
    assert not two.closed
    assert two.get("k") == "v"
    pool.disconnect()
    assert (pool.stats()["idle"], pool.closed) == (0, False)
    assert two.get("k") == "v"  # over another connection
    assert pool.stats()["opened"] == 2
    pool.close()
    assert pool.closed
    with pytest.raises(pinyon.ClosedError):
        two.get("k")
    assert "closed" in repr(pool)
    assert redis.address in repr(pool)


def test_a_pool_has_settings_of_its_own(redis):
    with pinyon.ConnectionPool(host="127.0.0.1", port=redis.port) as pool:
        for wrong in ({"url": "redis://h"}, {"host": "h"}, {"db": 1}):
            with pytest.raises(pinyon.ArgumentError, match="connection_pool="):
                pinyon.Client(connection_pool=pool, **wrong)
        with pytest.raises(pinyon.ArgumentError, match="ConnectionPool"):
            pinyon.Client(connection_pool="redis://h")
    with pinyon.Client(f"redis://{redis.address}") as opened:
        assert opened.connection_pool.max_connections == 64
        opened.connection_pool.close()
        assert opened.closed


def test_more_callers_than_connections_wait_their_turn(redis):
    with pinyon.Client(f"redis://{redis.address}", max_connections=2) as opened:
        done = []

        def work():
            for _ in range(50):
                done.append(opened.incr("n"))

        threads = [threading.Thread(target=work) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(done) == list(range(1, 601))
        assert opened.stats()["pool"]["opened"] <= 2


def test_a_pool_that_stays_empty(redis):
    with pinyon.Client(
        f"redis://{redis.address}", max_connections=1, timeout=0.2
    ) as opened:
        opened.ping()
        with opened.session() as session:
            session.ping()
            with pytest.raises(pinyon.PoolExhausted):
                opened.ping()
        assert opened.ping()


# ---- Closing -----------------------------------------------------------------------


def test_closed(client):  # noqa: F811
    client.ping()
    client.close()
    client.close()
    assert client.closed
    assert "closed" in repr(client)
    for call in (client.ping, lambda: client.get("k"), lambda: client.get_many(["k"])):
        with pytest.raises(pinyon.ClosedError):
            call()

    async def main():
        with pytest.raises(pinyon.ClosedError):
            await client.aget("k")

    asyncio.run(main())


def test_context_managers(redis):
    with pinyon.Client(f"redis://{redis.address}") as opened:
        opened.ping()
    assert opened.closed

    async def main():
        async with pinyon.Client(f"redis://{redis.address}") as opened:
            assert await opened.aping()
        assert opened.closed
        other = pinyon.Client(f"redis://{redis.address}")
        await other.aclose()
        assert other.closed

    asyncio.run(main())


def test_nothing_is_left_of_a_forgotten_client(redis):
    def descriptors():
        return len(os.listdir("/proc/self/fd"))

    async def use(opened):
        await opened.aping()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gc.collect()
        before = descriptors()
        for _ in range(5):
            opened = pinyon.Client(f"redis://{redis.address}")
            opened.ping()
            asyncio.run(use(opened))
            del opened
        gc.collect()
        assert descriptors() <= before


def test_it_is_not_pickled(redis):
    with (
        pinyon.Client(f"redis://{redis.address}") as opened,
        pytest.raises(TypeError, match="each process"),
    ):
        pickle.dumps(opened)


# ---- Loops, threads, forks ---------------------------------------------------------


def test_one_client_many_loops(client):  # noqa: F811
    client.set("{n}", 0)

    async def count():
        await asyncio.gather(*(client.aincr("{n}") for _ in range(100)))

    for _ in range(3):
        asyncio.run(count())
    threads = [threading.Thread(target=lambda: asyncio.run(count())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert client.get("{n}") == b"700"


def test_a_cancelled_call_shifts_no_reply(client):  # noqa: F811
    client.mset({f"k{i}": i for i in range(100)})

    async def main():
        for turn in range(20):
            calls = [asyncio.ensure_future(client.aget(f"k{i}")) for i in range(100)]
            if turn % 2:
                await asyncio.sleep(0)
            for call in calls[turn::3]:
                call.cancel()
            found = await asyncio.gather(*calls, return_exceptions=True)
            for i, value in enumerate(found):
                if not isinstance(value, asyncio.CancelledError):
                    assert value == str(i).encode()

    asyncio.run(main())


def test_a_fork_has_connections_of_its_own(client):  # noqa: F811
    client.set("{f}", 0)
    mine = client.execute("CLIENT ID")
    one_node = not client.url.startswith("redis+cluster")
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            ok = client.get("{f}") is not None and client.incr("{f}") > 0
            ok = ok and asyncio.run(_aget(client, "{f}")) is not None
            with client.pipeline() as pipe:
                ok = ok and len(pipe.incr("{f}").incr("{f}").execute()) == 2
            status = 0 if ok else 2
        finally:
            os._exit(status)
    for _ in range(50):
        client.incr("{f}")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert client.get("{f}") == b"53"
    if one_node:
        assert client.client_id() == mine


async def _aget(opened, key):
    return await opened.aget(key)


# ---- Users, TLS --------------------------------------------------------------------


def test_passwords(serve):
    server = serve(Redis(password=SECRET, acl=[f"me on >{SECRET} ~* +@all"]))
    for userinfo in (":hunter2%25", "me:hunter2%25"):
        with pinyon.Client(f"redis://{userinfo}@{server.address}") as opened:
            assert opened.ping()
            assert "hunter2" not in repr(opened)
            assert "hunter2" not in repr(opened.connection_pool)
            assert opened.acl_whoami() == ("me" if "me" in userinfo else "default")
    for url, options in (
        (f"redis://:no{SECRET[:-1]}@{server.address}", {}),
        (f"redis://{server.address}", {}),
        (f"redis://{server.address}", {"username": "you", "password": SECRET}),
        (f"redis://{server.address}?protocol=2", {"password": f"no{SECRET}"}),
    ):
        with pinyon.Client(url, **options) as opened:
            with pytest.raises(pinyon.AuthenticationError) as caught:
                opened.ping()
            assert "hunter2" not in str(caught.value)
            assert "hunter2" not in repr(caught.value)


def test_what_a_connection_says_of_itself(redis):
    with pinyon.Client(f"redis://{redis.address}/3", client_name="tests") as opened:
        info = opened.client_info()
        assert (info["name"], info["db"], info["resp"]) == ("tests", "3", "3")
        assert opened.client_getname() == "tests"
    with pinyon.Client(f"redis://{redis.address}?protocol=2") as opened:
        assert opened.client_info()["resp"] == "2"


def test_tls(serve, certificates):
    server = serve(Redis(tls=certificates))
    url = f"rediss://localhost:{server.tls_port}"
    with pinyon.Client(url, ssl_ca_certs=str(certificates.ca)) as opened:
        assert opened.ping()
        assert asyncio.run(_aping(opened)) is True
    with pinyon.Client(url) as opened, pytest.raises(pinyon.ConnectionError):
        opened.ping()
    with pinyon.Client(url, ssl_cert_reqs="none") as opened:
        assert opened.ping()
    with pytest.raises(pinyon.CacheError, match=r"nothing\.pem"):
        pinyon.Client(url, ssl_ca_certs="nothing.pem")


async def _aping(opened):
    return await opened.aping()


# ---- When nobody is there -----------------------------------------------------------


def test_nobody_listens():
    with pinyon.Client("redis://127.0.0.1:1", timeout=20) as opened:
        with pytest.raises(pinyon.ConnectionError) as caught:
            opened.ping()
        assert isinstance(caught.value, ConnectionError)
        assert "127.0.0.1:1" in str(caught.value)

        async def main():
            with pytest.raises((pinyon.ConnectionError, pinyon.TimeoutError)):
                await opened.aping()

        asyncio.run(main())


def test_a_server_that_hangs(serve):
    server = serve(Redis())
    with pinyon.Client(f"redis://{server.address}", timeout=0.3) as opened:
        opened.set("k", "v")
        server.pause()
        with pytest.raises(pinyon.TimeoutError) as caught:
            opened.get("k")
        assert isinstance(caught.value, TimeoutError)
        with pytest.raises((pinyon.AmbiguousTimeout, pinyon.UnambiguousTimeout)):
            opened.incr("n")
        server.resume()
        assert opened.execute("GET", "k", timeout=20) == b"v"


# ---- Addresses that are not those that servers tell ---------------------------------


@pytest.mark.parametrize("kind", ["function", "dict"])
def test_servers_behind_a_nat(cluster, kind):
    """They tell addresses that nobody reaches; the client is told where they are."""
    told = [("10.255.255.1", 7000 + i) for i in range(len(cluster.addresses))]
    real = []
    for address in cluster.addresses:
        host, _, port = address.rpartition(":")
        real.append((host, int(port)))
    asked = []

    def remap(address):
        asked.append(address)
        return dict(zip(told, real, strict=True)).get(address, address)

    given = remap if kind == "function" else dict(zip(told, real, strict=True))
    seeds = ",".join(f"{host}:{port}" for host, port in told[:2])
    with pinyon.Client(f"redis+cluster://{seeds}", address_remap=given) as opened:
        opened.mset({f"k{i}": i for i in range(50)})
        assert asyncio.run(_aget(opened, "k7")) == b"7"
        if kind == "function":
            assert set(told[:2]) & set(asked)
            assert set(real) & set(asked)  # what the cluster itself tells comes too


def test_a_remap_that_fails_is_told(redis):
    def broken(address):
        raise LookupError("no such place")

    caught = []
    hook, sys.unraisablehook = sys.unraisablehook, caught.append
    try:
        url = f"redis://{redis.address}"
        with pinyon.Client(url, address_remap=broken) as opened:
            assert opened.ping()  # where the URL says
        with pinyon.Client(url, address_remap=lambda address: "nowhere") as opened:
            assert opened.ping()
    finally:
        sys.unraisablehook = hook
    assert [type(c.exc_value) for c in caught] == [LookupError, TypeError]


# ---- One topology for the host -------------------------------------------------------


def questions(cluster):
    """How often the nodes were asked for the map."""
    calls = 0
    for node in cluster.running:
        for name, stats in node.info("commandstats").items():
            if name.startswith("cmdstat_cluster|s"):
                calls += int(stats.partition("calls=")[2].partition(",")[0])
    return calls


def test_one_process_asks_and_all_know(cluster, region):
    seeds = cluster.addresses
    topology = f"shm://{region}"
    for node in cluster.running:
        node.call("CONFIG", "RESETSTAT")
    with pinyon.Client(
        f"redis+cluster://{','.join(seeds)}", topology=topology
    ) as first:
        first.mset({f"k{i}": i for i in range(50)})
        asked = questions(cluster)
        assert asked >= 1
        url = f"redis+cluster://{','.join(reversed(seeds))}?topology={topology}"
        for _ in range(5):
            with pinyon.Client(url) as other:
                assert other.get("k7") == b"7"
                assert len(other.mget(*(f"k{i}" for i in range(50)))) == 50
                assert asyncio.run(_aget(other, "k8")) == b"8"
                assert other.stats()["fleet"]["adopted"] >= 1
                assert len(other.nodes()) == 6
        assert questions(cluster) == asked
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                status = 0 if first.get("k9") == b"9" else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    with pinyon.Client(f"redis+cluster://{seeds[0]}", topology=topology) as apart:
        apart.ping()  # with other seeds it might be another fleet
        assert questions(cluster) > asked


def test_wrong_topologies(redis):
    cluster = "redis+cluster://h"
    for url, wrong, error in (
        (cluster, "name", pinyon.ConfigError),
        (cluster, "mem://", pinyon.ConfigError),
        (f"redis://{redis.address}", "shm://x", pinyon.ConfigError),
    ):
        with pytest.raises(error, match="topology"):
            pinyon.Client(url, topology=wrong)
