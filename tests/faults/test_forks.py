"""Forks while calls are under way: a child has connections of its own, and none of its
parent's replies; the parent's go on; nobody waits for a thread that is not there."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

import pinyon
import pytest

from tests.servers import Certificates, Redis, until

from .fleets import Fleet, client, fleet, fleet_of  # noqa: F401
from .load import Counter, Load, ManyReader, Reader, Writer

SECONDS = 30  # after which a child that hangs is killed by its alarm


def in_child(body: Callable[[], None]) -> int:
    """Forks; the child's pid. It ends with 0 when BODY returns."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(SECONDS)
        status = 1
        try:
            body()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return pid


def ended(pid: int) -> int:
    """Its exit status; minus the signal's number."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def use(client: Any, mark: str) -> None:  # noqa: F811
    """Blocking and on a loop; every value says whose it is."""
    for i in range(20):
        client.set(f"{mark}:{i}", f"{mark}={i}")
    keys = [f"{mark}:{i}" for i in range(20)]
    want = [f"{mark}={i}".encode() for i in range(20)]
    assert [client.get(key) for key in keys] == want
    assert client.get_many(keys) == dict(zip(keys, want, strict=True))

    async def main() -> None:
        assert await asyncio.gather(*(client.aget(key) for key in keys)) == want

    asyncio.run(main())


# ---- Under load ------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_under_load(fleet: Fleet, client: Any, kind: str) -> None:  # noqa: F811
    roles: list[Any] = [Writer, ManyReader]
    if fleet.kind != "memcached":
        roles += [Counter, Reader]
    with Load(client, kind, roles=roles) as load:
        load.until_served()
        before = fleet.connections()
        mine = fleet.ids() if fleet.kind != "memcached" else set()
        for turn in range(8):
            pids = [
                in_child(lambda n=f"{turn}.{i}": use(client, f"child{n}"))
                for i in range(2)
            ]
            load.until_served(50)
            assert [ended(pid) for pid in pids] == [0, 0]
        load.until_served()
        if fleet.kind != "memcached":
            assert mine <= fleet.ids(), "a connection of the parent's was closed"
        assert fleet.connections() >= before
    assert load.account.errors.total() == 0, load.account.last


def test_grandchildren_under_load(fleet: Fleet, client: Any) -> None:  # noqa: F811
    def child() -> None:
        use(client, "child")
        threads = [
            threading.Thread(target=use, args=(client, f"thread{i}")) for i in range(3)
        ]
        for thread in threads:
            thread.start()
        grandchild = in_child(lambda: use(client, "grandchild"))
        for thread in threads:
            thread.join()
        assert ended(grandchild) == 0
        use(client, "child again")

    with Load(client) as load:
        load.until_served()
        for _ in range(5):
            assert ended(in_child(child)) == 0
        load.until_served()
    assert load.account.errors.total() == 0, load.account.last


def test_while_threads_dial(serve: Any) -> None:
    """As many as may at once: the child has none of them, and dials for itself."""
    server = serve(Redis())
    with pinyon.Client(f"redis://{server.address}") as opened:
        server.pause()  # its kernel accepts; nobody is greeted
        threads = [threading.Thread(target=opened.get, args=["k"]) for _ in range(6)]
        for thread in threads:
            thread.start()
        until(lambda: opened.stats()["fleet"]["dials"] >= 4, "four dials")
        pid = in_child(lambda: use(opened, "child"))
        server.resume()
        for thread in threads:
            thread.join()
        assert ended(pid) == 0


def test_a_call_that_waits(redis: Redis, request: Any) -> None:
    """Its reply comes after the fork, in the parent and nowhere else."""
    with fleet_of("redis", request).connect() as opened:
        found: list[Any] = []
        threads = [
            threading.Thread(target=lambda: found.append(opened.blpop(["q"], 20))),
            threading.Thread(
                target=lambda: found.append(asyncio.run(_apop(opened, "q")))
            ),
        ]
        for thread in threads:
            thread.start()
        until(lambda: redis.info("clients")["blocked_clients"] == "2", "both to wait")

        def child() -> None:
            use(opened, "child")
            assert opened.blpop(["q"], 0.2) is None

        pids = [in_child(child) for _ in range(3)]
        assert [ended(pid) for pid in pids] == [0, 0, 0]
        redis.call("RPUSH", "q", "one", "two")
        for thread in threads:
            thread.join()
        assert sorted(pair[1] for pair in found) == [b"one", b"two"]


async def _apop(opened: Any, key: str) -> Any:
    return await opened.ablpop([key], 20)


# ---- Whoever has the GIL ------------------------------------------------------------

# Hooks of others run between ours and fork() itself, and between fork() and ours; each
# of these gives the GIL away. A large process, whose copy takes longer than a thread
# waits for the GIL, is the same.
HOOKS = """
    import asyncio, os, signal, sys, threading, time
    def rest():
        time.sleep(0.003)
    os.register_at_fork(before=rest, after_in_parent=rest, after_in_child=rest)
    import pinyon
    os.register_at_fork(before=rest, after_in_parent=rest, after_in_child=rest)

    url, is_over, told = sys.argv[1], threading.Event(), []
    client = pinyon.Client(url)

    def call():
        while not is_over.is_set():
            client.set("k", 1)

    async def acall():
        while not is_over.is_set():
            await asyncio.gather(*(client.aget("k") for _ in range(5)))

    def fork():
        for _ in range(10):
            ours, theirs = os.pipe()
            pid = os.fork()
            if pid == 0:
                signal.alarm(20)
                os.write(theirs, b"%d " % client.client_id())
                os._exit(0)
            os.close(theirs)
            told.extend(os.read(ours, 100).split())
            os.close(ours)
            assert os.waitpid(pid, 0)[1] == 0

    threads = [threading.Thread(target=t) for t in (call, call, lambda:
               asyncio.run(acall()))]
    forkers = [threading.Thread(target=fork) for _ in range(3)]
    for thread in threads + forkers:
        thread.start()
    for thread in forkers:
        thread.join()
    is_over.set()
    for thread in threads:
        thread.join()
    told += [b"%d" % client.client_id()]
    print(len(told), len(set(told)))
"""


def test_hooks_that_give_the_gil_away(redis: Redis) -> None:
    """Threads and a loop at work, three threads that fork: nobody waits for ever, and
    each child has a connection that nobody else has."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(HOOKS), f"redis://{redis.address}"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "31 31\n", "")


# ---- As servers of applications do -------------------------------------------------


def test_preloaded(fleet: Fleet) -> None:  # noqa: F811
    """A master that has used its client, and workers; one dies and has a successor."""
    with fleet.connect() as opened:
        use(opened, "master")

        def work(name: str) -> None:
            threads = [
                threading.Thread(target=use, args=(opened, f"{name}.{i}"))
                for i in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            opened.close()

        pids = [in_child(lambda n=n: work(f"worker{n}")) for n in range(4)]
        doomed = in_child(lambda: time.sleep(SECONDS))
        use(opened, "master")
        os.kill(doomed, signal.SIGKILL)
        assert ended(doomed) == -signal.SIGKILL
        pids.append(in_child(lambda: work("successor")))
        assert [ended(pid) for pid in pids] == [0] * 5
        fleet.until_left_to(opened)
        use(opened, "master")
    fleet.until_left(0)


def _square(n: int) -> tuple[int, bytes]:
    client = _shared[0]  # noqa: F811
    client.set(f"square{n}", n * n)
    return n, client.get(f"square{n}")


_shared: list[Any] = []


def test_multiprocessing(client: Any) -> None:  # noqa: F811
    _shared.append(client)
    try:
        with Load(client) as load:
            load.until_served()
            with multiprocessing.get_context("fork").Pool(3) as pool:
                found = pool.map(_square, range(300), chunksize=10)
            pool.join()
        assert found == [(n, b"%d" % (n * n)) for n in range(300)]
        assert load.account.errors.total() == 0, load.account.last
    finally:
        _shared.clear()


def test_a_child_may_drop_its_copy(fleet: Fleet) -> None:  # noqa: F811
    """Closed, collected, or neither, the parent's connections are as they were."""
    with fleet.connect() as opened:
        use(opened, "parent")
        before = fleet.connections()
        for body in (
            opened.close,
            lambda: None,
            lambda: opened.connection_pool.reset(),
        ):
            assert ended(in_child(body)) == 0
            fleet.until_left(before)
        use(opened, "parent")


# ---- In the middle of something -----------------------------------------------------


def test_on_a_running_loop(client: Any) -> None:  # noqa: F811
    """With calls under way: they are the parent's."""

    def child() -> None:
        use(client, "child")

    async def main() -> None:
        for turn in range(5):
            for i in range(20):
                await client.aset(f"k{i}", f"k{i}={turn}")
            calls = [asyncio.ensure_future(client.aget(f"k{i}")) for i in range(20)]
            await asyncio.sleep(0)
            pid = in_child(child)
            want = [f"k{i}={turn}".encode() for i in range(20)]
            assert await asyncio.gather(*calls) == want
            assert await asyncio.to_thread(ended, pid) == 0

    asyncio.run(main())


def test_in_a_pipeline(client: Any) -> None:  # noqa: F811
    with client.pipeline() as pipe:
        for i in range(20):
            pipe.set(f"k{i}", i)

        def child() -> None:
            assert len(pipe.execute()) == 20

        pid = in_child(child)
        assert len(pipe.execute()) == 20
        assert ended(pid) == 0
    assert client.get("k7") == b"7"


def test_in_a_transaction(redis: Redis, request: Any) -> None:
    """WATCH is of the parent's connection: the child is told that it has not that, and
    the parent's still holds."""
    with fleet_of("redis", request).connect() as opened:
        opened.set("k", 1)
        with opened.session("k") as session:
            session.watch("k")

            def child() -> None:
                pipe = session.multi()
                pipe.set("k", "child's")
                with pytest.raises(pinyon.ConnectionError):
                    pipe.execute()
                use(opened, "child")

            assert ended(in_child(child)) == 0
            pipe = session.multi()
            pipe.set("k", 2)
            assert pipe.execute() == [True]
            session.watch("k")
            assert ended(in_child(lambda: opened.set("k", 3))) == 0
            pipe = session.multi()
            pipe.set("k", 4)
            with pytest.raises(pinyon.WatchError):
                pipe.execute()
        assert opened.get("k") == b"3"


def test_while_subscribed(redis: Redis, request: Any) -> None:
    with fleet_of("redis", request).connect() as opened, opened.pubsub(True) as ps:
        ps.subscribe("news")
        redis.call("PUBLISH", "news", 0)

        def child() -> None:
            use(opened, "child")
            ps.close()

        for turn in range(3):
            assert ended(in_child(child)) == 0
            redis.call("PUBLISH", "news", turn + 1)
        found = [ps.get_message(timeout=5)["data"] for _ in range(4)]
        assert found == [b"0", b"1", b"2", b"3"]


def test_over_tls(serve: Any, certificates: Certificates) -> None:
    """The child says no goodbye, which would end the parent's connection."""
    server = serve(Redis(tls=certificates))
    url = f"rediss://localhost:{server.tls_port}"
    with pinyon.Client(url, ca_file=str(certificates.ca)) as opened:
        mine = opened.client_id()

        def child() -> None:
            assert opened.client_id() != mine
            use(opened, "child")
            opened.close()

        for _ in range(3):
            assert ended(in_child(child)) == 0
            assert opened.client_id() == mine
