"""Round after round of whatever may go wrong: descriptors, connections as the servers
count them, memory of Python and of C, references and cycles are as they were."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from typing import Any

import pinyon
import pytest

from tests.servers import Memcached, Redis, until

from .fleets import KINDS, NAME, Fleet, client, fleet, fleet_of  # noqa: F401

slow = pytest.mark.slow
Round = Callable[[], object]


# ---- What is measured ---------------------------------------------------------------


class _Mallinfo(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


_mallinfo = ctypes.CDLL(None).mallinfo2
_mallinfo.restype = _Mallinfo


def native() -> int:
    """Bytes that C holds, Python's own objects of more than 512 bytes among them."""
    info = _mallinfo()
    return int(info.uordblks + info.hblkhd)


def measure() -> tuple[int, int, int, int]:
    """Descriptors, threads, blocks of Python, bytes of C. The cache of attributes keeps
    thousands of names, made for one look: it is no leak, and is emptied first."""
    getattr(sys, "_clear_internal_caches", sys._clear_type_cache)()
    gc.collect()
    count = len(os.listdir("/proc/self/fd"))
    return count, threads(), sys.getallocatedblocks(), native()


def threads() -> int:
    """Those of C among them."""
    return len(os.listdir("/proc/self/task"))


def stays_flat(body: Round, rounds: int, *, spare: int = 0) -> None:
    """ROUNDS of BODY, three times over: what leaks grows each time, by a block or by 64
    bytes a round; what a table grows by, or a cache, grows once. Threads are as many as
    before, and descriptors, but for SPARE of them that come and go."""
    for _ in range(rounds):
        body()
    seen = [measure()]
    for _ in range(3):
        for _ in range(rounds):
            body()
        until(lambda: threads() <= seen[0][1], "threads to end", 5)
        seen.append(measure())
    fds, _, blocks, held = zip(*seen, strict=True)
    assert least(fds) <= 0, fds
    assert max(fds) <= fds[0] + spare, fds
    assert least(blocks) < max(5, rounds // 5), f"blocks of Python: {blocks}"
    assert least(held) < rounds * 64, f"bytes of C: {held}"


def least(counts: tuple[int, ...]) -> int:
    """By how much they grow from each to the next, at least."""
    return min(after - before for before, after in itertools.pairwise(counts))


def makes_no_cycle(body: Round) -> None:
    """What it leaves goes by reference counts alone."""
    body()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            body()
        assert gc.collect() == 0
    finally:
        gc.enable()


def failing(call: Callable[..., Any], *args: Any, **keywords: Any) -> None:
    """The call fails, with an error of the tree."""
    try:
        call(*args, **keywords)
    except pinyon.CacheError:
        return
    raise AssertionError(f"{call} did not fail")


# ---- Blocking calls that fail -------------------------------------------------------


def each_failure(client: Any) -> None:  # noqa: F811
    failing(client.set, "k", None)
    failing(client.set, None, 1)
    failing(client.get, 1.5)
    failing(client.get_many, ["k", None])
    with contextlib.suppress(TypeError):
        client.get_many(7)
    failing(client.execute)
    failing(client._run, [("SET", "k")], timeout=-1)
    with client.pipeline() as pipe:
        pipe.set("k", 1)  # and never executed
    with contextlib.suppress(ZeroDivisionError):
        client._call((one_word(client), lambda value: 1 / 0))


def one_word(client: Any) -> tuple[str, ...]:  # noqa: F811
    """A command of its engine."""
    return ("version",) if isinstance(client, pinyon.Memcached) else ("GET", "k")


def each_refusal(client: Any) -> None:  # noqa: F811
    """What only Redis refuses."""
    client.set("text", "v" * 3000)
    failing(client.lpush, "text", 1)
    failing(client.execute, "NOSUCH", "k")
    failing(client.incr, "text")
    with client.pipeline(False) as pipe:
        pipe.lpush("text", 1).get("text").incr("text")
        errors = pipe.execute(raise_on_error=False)
        assert [isinstance(e, Exception) for e in errors] == [True, False, True]
        pipe.incr("text")
        failing(pipe.execute)


def test_failures(fleet: Fleet, client: Any) -> None:  # noqa: F811
    stays_flat(lambda: each_failure(client), 100, spare=len(fleet.servers))
    makes_no_cycle(lambda: each_failure(client))


@pytest.mark.parametrize("kind", ["redis", "cluster"])
def test_refusals(kind: str, redis: Redis, cluster: Any, request: Any) -> None:
    made = fleet_of(kind, request)
    with made.connect() as opened:
        stays_flat(lambda: each_refusal(opened), 40, spare=len(made.servers))
        makes_no_cycle(lambda: each_refusal(opened))


def test_pool_exhausted(fleet: Fleet) -> None:  # noqa: F811
    with fleet.connect(max_connections=1) as opened:
        opened.set("k", 1)
        session = opened._session()

        def body() -> None:
            failing(opened.execute, *one_word(opened), timeout=0.003)
            failing(opened._run, [one_word(opened)] * 2, timeout=0.003)

        stays_flat(body, 8)
        makes_no_cycle(body)
        session.close()
        assert opened.get("k") == b"1"
        stats = opened.stats()["pool"]
        assert (stats["taken"], stats["idle"]) == (0, 1)


def test_interrupted(redis: Redis, request: Any) -> None:
    """A handler of a signal raises while a call waits."""

    def interrupt(number: int, frame: object) -> None:
        raise InterruptedError

    before = signal.signal(signal.SIGALRM, interrupt)
    made = fleet_of("redis", request)
    try:
        with made.connect() as opened:

            def body() -> None:
                with pytest.raises(InterruptedError):  # noqa: PT012
                    signal.setitimer(signal.ITIMER_REAL, 0.005)
                    opened.blpop(["nothing"], 5)
                assert opened.get("nothing") is None

            stays_flat(body, 20)
            assert opened.stats()["pool"]["taken"] == 0
            made.until_left(1)
        assert redis.info("clients")["blocked_clients"] == "0"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", ["redis", "memcached"])
def test_timeouts(kind: str, serve: Any) -> None:
    """Of blocking calls, whose connections close, and of a loop's."""
    server: Any = serve(Redis() if kind == "redis" else Memcached())
    options = {"soft_failures": 1000} if kind == "memcached" else {}
    word = ("GET", "k") if kind == "redis" else ("mg", "k", "v")
    with (
        pinyon.Client(f"{kind}://{server.address}", timeout=5, **options) as opened,
        asyncio.Runner() as runner,
    ):
        opened.set("k", "v" * 5000)
        runner.run(_ask_late(opened, word, 5.0))
        server.pause()

        def body() -> None:
            failing(opened.execute, *word, timeout=0.002)
            found = runner.run(_ask_late(opened, word, 0.002))
            assert all(isinstance(e, pinyon.CacheError) for e in found)

        stays_flat(body, 25, spare=3)
        server.resume()
        until(lambda: works(opened), "an answer", 10)
        assert opened.stats()["pool"]["taken"] == 0


async def _ask_late(opened: Any, word: tuple[str, ...], seconds: float) -> list[Any]:
    calls = [opened.aexecute(*word, timeout=seconds) for _ in range(5)]
    return await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.parametrize("kind", ["redis", "memcached"])
def test_killed_servers(kind: str, serve: Any) -> None:
    """Killed and started anew under threads and a loop, which go on."""
    server: Any = serve(Redis() if kind == "redis" else Memcached())
    options = {"probe_min": 0.01, "probe_max": 0.05} if kind == "memcached" else {}
    url = f"{kind}://{server.address}"
    with pinyon.Client(url, timeout=0.3, **options) as opened:
        over = threading.Event()

        def call() -> None:
            while not over.is_set():
                with contextlib.suppress(pinyon.CacheError):
                    opened.set("k", "v" * 2000)
                    assert opened.get("k") in (None, b"v" * 2000)

        async def acall() -> None:
            while not over.is_set():
                calls = [opened.aget("k") for _ in range(10)]
                for found in await asyncio.gather(*calls, return_exceptions=True):
                    assert found in (None, b"v" * 2000) or isinstance(
                        found, pinyon.CacheError
                    )
                await asyncio.sleep(0.001)

        threads = [
            threading.Thread(target=target)
            for target in (call, call, lambda: asyncio.run(acall()))
        ]
        for thread in threads:
            thread.start()
        seen = []
        for _ in range(5):
            until(lambda: works(opened), "an answer", 10)
            seen.append(len(os.listdir("/proc/self/fd")))
            server.kill()
            time.sleep(0.02)
            server.restart()
        until(lambda: works(opened), "an answer", 10)
        over.set()
        for thread in threads:
            thread.join()
        assert max(seen) - min(seen) <= 4, (
            seen
        )  # of each user there is one, or none yet
        pool = opened.stats()["pool"]
        assert pool["taken"] == 0
        assert pool["opened"] - pool["closed"] <= pool["idle"] + 1


def works(opened: Any) -> bool:
    try:
        return bool(opened.set("k", "v" * 2000))
    except pinyon.CacheError:
        return False


# ---- Clients that come and go -------------------------------------------------------


def test_clients_that_only_drop(fleet: Fleet) -> None:  # noqa: F811
    """Nobody closes them; some were used, by threads or on a loop."""

    def unused() -> None:
        fleet.connect()

    stays_flat(unused, 300)
    makes_no_cycle(unused)

    def used() -> None:
        opened = fleet.connect()
        opened.set("k", 1)
        assert opened.get("k") == b"1"

    stays_flat(used, 15)
    makes_no_cycle(used)

    def on_a_loop() -> None:
        opened = fleet.connect()

        async def main() -> None:
            assert await opened.aset("k", 1)
            assert await asyncio.gather(*(opened.aget("k") for _ in range(9)))

        asyncio.run(main())

    stays_flat(on_a_loop, 15)
    fleet.until_left(0)


@slow
def test_thousands_of_clients(fleet: Fleet) -> None:  # noqa: F811
    def some() -> None:
        opened = [fleet.connect() for _ in range(20)]
        for each in opened:
            each.set("k", 1)
        for each in opened[::2]:
            each.close()

    stays_flat(some, 100)
    fleet.until_left(0)


def test_a_dead_loop(redis: Redis, request: Any) -> None:
    """Closed with calls under way, by futures that somebody keeps: who waits in the
    server waits no more once the client is used, though on no loop."""
    made = fleet_of("redis", request)
    kept: list[Any] = []
    with made.connect() as opened:
        opened.get("k")

        async def begin() -> None:
            kept.append(opened.ablpop(["nothing"], 60))
            kept.append(opened.aget("k"))
            while redis.info("clients")["blocked_clients"] == "0":
                await asyncio.sleep(0.001)
            kept.append(opened.aget("k"))

        loop = asyncio.new_event_loop()
        loop.run_until_complete(begin())
        loop.close()
        assert made.connections() > 1

        def is_gone() -> bool:
            opened.get("k")
            return made.connections() == 1

        until(is_gone, "the loop's connections to be closed", 10)
        assert redis.info("clients")["blocked_clients"] == "0"


def test_names(redis: Redis, request: Any) -> None:
    """Servers that are looked for by name: by threads, and on loops."""
    made = fleet_of("redis", request)
    url = f"redis://localhost:{redis.port}"

    def body() -> None:
        with pinyon.Client(url, client_name=NAME) as opened:
            opened.set("k", 1)

            async def main() -> None:
                assert await opened.aget("k") == b"1"

            asyncio.run(main())

    stays_flat(body, 15)
    made.until_left(0)


def test_closed_under_way(fleet: Fleet) -> None:  # noqa: F811
    """By another thread, while threads and a loop have calls under way."""

    def body() -> None:
        opened = fleet.connect()
        opened.set("k", 1)
        begun = threading.Barrier(4)

        def call() -> None:
            begun.wait()
            with contextlib.suppress(pinyon.ClosedError):
                while True:
                    assert opened.get("k") == b"1"

        async def acall() -> None:
            begun.wait()
            with contextlib.suppress(pinyon.ClosedError):
                while True:
                    assert await opened.aget("k") == b"1"

        threads = [
            threading.Thread(target=target)
            for target in (call, call, lambda: asyncio.run(acall()))
        ]
        for thread in threads:
            thread.start()
        begun.wait()
        time.sleep(0.002)
        opened.close()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()

    stays_flat(body, 10, spare=len(fleet.servers))
    fleet.until_left(0)


def test_what_is_left_lying_about(redis: Redis, request: Any) -> None:
    """Sessions, subscribers, transactions, iterators that nobody ends."""
    made = fleet_of("redis", request)
    with made.connect() as opened:
        opened.mset({f"k{i}": i for i in range(100)})

        def lying() -> None:
            session = opened.session("k")
            session.watch("k")
            listener = opened.pubsub()
            listener.subscribe("news")
            listener.get_message(timeout=0.01)
            iterator = opened.scan_iter(count=5)
            next(iterator)
            pipe = opened.pipeline()
            pipe.set("k", 1)
            watching = opened.pipeline()
            watching.watch("k")
            watching.get("k")

        stays_flat(lying, 15, spare=4)
        makes_no_cycle(lying)

        async def pop() -> None:
            await opened.ablpop(["nothing"], 30)

        async def alying() -> None:
            session = opened.session("k")
            await session.awatch("k")
            listener = opened.pubsub()
            await listener.asubscribe("news")
            await listener.aget_message(timeout=0.01)
            waiting = asyncio.ensure_future(listener.aget_message(timeout=30))
            popping = asyncio.ensure_future(pop())
            await asyncio.sleep(0.001)
            del waiting, popping  # asyncio.run() cancels them

        stays_flat(lambda: asyncio.run(alying()), 15, spare=4)
        gc.collect()
        made.until_left_to(opened)
        until(lambda: redis.info("clients")["blocked_clients"] == "0", "nobody to wait")


# ---- References ----------------------------------------------------------------------


def test_references(client: Any) -> None:  # noqa: F811
    """What goes in and out is held by nobody afterwards, come what may."""
    key, value = "".join(["a key ", "of ours"]), bytes(bytearray(b"v" * 100))
    mutable, mapping = bytearray(b"m" * 50), {"{x}a": value}
    keys = [key, "".join(["an", "other"])]

    class Own(str):
        pass

    own = Own("own")
    held = [key, value, mutable, mapping, keys, own]

    def work() -> None:
        client.set(key.replace(" ", "_"), value)
        client.set(own, mutable)
        client.get(own)
        client.get_many(keys[1:])
        failing(client.set, own, object())
        failing(client.get_many, [own, object()])
        failing(client.execute, *one_word(client), timeout=0)
        with contextlib.suppress(ZeroDivisionError):
            client._call((one_word(client), lambda found: 1 / 0))

        async def main() -> None:
            await client.aset(own, mutable)
            await client.aget(own)
            client.aget(own).cancel()
            client.aget_many(keys[1:]).cancel()
            with contextlib.suppress(pinyon.CacheError):
                await client.aset(own, object())

        asyncio.run(main())

    work()
    gc.collect()
    before = [sys.getrefcount(each) for each in held]
    for _ in range(20):
        work()
    gc.collect()
    assert [sys.getrefcount(each) for each in held] == before
    mutable.append(1)  # nobody has its buffer


def test_replies_are_of_their_own(fleet: Fleet, client: Any) -> None:  # noqa: F811
    """A reply does not keep the connection's buffer, nor the buffer the reply."""
    client.set("large", b"x" * 200_000)
    client.set("small", b"y" * 10)
    found = client.get("large")
    assert sys.getrefcount(found) == 2
    client.get("small")
    assert found == b"x" * 200_000
    del found

    def body() -> None:
        client.get("large")
        client.get_many(["large", "small"])

    stays_flat(body, 100, spare=len(fleet.servers))


# ---- The end of the interpreter ------------------------------------------------------

COMMON = """
    import asyncio, atexit, sys, threading, time
    import pinyon
    client = pinyon.Client(sys.argv[1])
    client.set("k", 1)
    assert client.get("k") == b"1"
    async def use():
        assert await client.aget("k") == b"1"
"""

ENDS = {
    "blocking": """
        session = client._session()
        client.get("k")
        """,
    "finalizers": """
        class Late:
            def __del__(self, client=client):
                try:
                    client.get("k")
                except pinyon.CacheError:
                    pass
        late = Late()
        late.self = late
        client.late = Late()
        atexit.register(lambda: client.get("k"))
        """,
    "asyncio": """
        asyncio.run(use())
        loop = asyncio.new_event_loop()
        loop.run_until_complete(use())      # and never closed
        kept = []
        async def begin():
            kept.append(client.aget("k"))
        loop.run_until_complete(begin())
        loop.close()
        """,
    "threads": """
        def work():
            while True:
                client.get("k")
        for _ in range(3):
            threading.Thread(target=work, daemon=True).start()
        time.sleep(0.05)
        """,
    "waiting thread": """
        def work():
            client.execute(*sys.argv[2:], timeout=30)
        threading.Thread(target=work, daemon=True).start()
        time.sleep(0.05)
        """,
    "loop in a thread": """
        async def for_ever():
            while True:
                await asyncio.gather(*(use() for _ in range(10)))
        threading.Thread(target=lambda: asyncio.run(for_ever()), daemon=True).start()
        time.sleep(0.05)
        """,
    "cache": """
        cache = pinyon.Cache(sys.argv[1])
        @cache.cached
        def f(x):
            return x
        assert f(1) == 1
        async def g():
            return await cache.aget("k")
        asyncio.run(g())
        """,
    "cycle": """
        client.itself = client
        pool = client.connection_pool
        class Holder: pass
        holder = Holder()
        holder.client, holder.holder = client, holder
        del client, holder
        """,
    "exit in a call": """
        def leave(value):
            sys.exit(0)
        client._call((("GET", "k") if "blpop" in sys.argv else ("version",), leave))
        """,
}


@pytest.mark.parametrize(
    ("kind", "name"),
    [("redis", name) for name in ENDS]
    + [("cluster", "loop in a thread"), ("memcached", "threads")]
    + [pytest.param(k, n, marks=slow) for k in KINDS[1:] for n in ENDS],
)
def test_end_of_the_interpreter(
    kind: str, name: str, redis: Redis, cluster: Any, memcacheds: Any, request: Any
) -> None:
    """Nothing is said and nothing is wrong, and the servers see everybody gone."""
    made = fleet_of(kind, request)
    text = textwrap.dedent(COMMON) + textwrap.dedent(ENDS[name])
    waits = ["blpop", "nothing", "20"] if made.kind != "memcached" else ["version"]
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", text, made.url, *waits],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    made.until_left(0)
