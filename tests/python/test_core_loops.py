"""Clients on event loops: calls at once, cancelled, of several loops, of dead ones."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from conftest import until
from core_clients import Open, users
from pinyon import _core
from pinyon._core import Client

from tests.servers import Redis

# ---- Loops -------------------------------------------------------------------------


def test_a_loop(core: Client) -> None:
    async def main() -> None:
        assert await core.aexecute("SET", "n", 1) == b"OK"
        assert await core.aget("n") == b"1"
        assert await core.aget_many(["n", "none"]) == {"n": b"1"}
        assert await core._acall((("INCR", "n"), str)) == "2"
        assert await core._arun([("INCR", "n"), ("PING",)]) == [3, b"PONG"]
        assert await core._arun([]) == []
        atomic = [("SET", "n", 1), ("INCR", "n")]
        assert await core._arun(atomic, flags=_core.RUN_ATOMIC) == [b"OK", 2]
        with pytest.raises(_core.WrongType):
            await core.aexecute("LPUSH", "n", 1)
        with pytest.raises(ZeroDivisionError):
            await core._acall((("INCR", "n"), lambda n: n / 0))

    asyncio.run(main(), debug=True)
    with pytest.raises(RuntimeError):
        core.aget("n")


class Timers(asyncio.SelectorEventLoop):
    """Keeps all timers that were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.timers: list[asyncio.TimerHandle] = []

    def call_later(self, delay: float, callback: Any, *args: Any, **more: Any) -> Any:
        self.timers.append(super().call_later(delay, callback, *args, **more))
        return self.timers[-1]

    def to_come(self) -> int:
        now = self.time()
        return sum(not t.cancelled() and t.when() > now for t in self.timers)


def test_one_timer(core: Client) -> None:
    """Timers that an earlier deadline has overtaken are not set anew, each for ever."""
    loop = Timers()

    async def main() -> None:
        end = loop.time() + 3
        while loop.time() < end:
            calls = [core._arun([("PING",)], timeout=1.0) for _ in range(3)]
            await asyncio.gather(*calls)
            await core._arun([("PING",)], timeout=0.02)
            await asyncio.sleep(0.0003)
        assert len(loop.timers) > 10
        assert loop.to_come() <= 3

    loop.run_until_complete(main())
    loop.close()


def test_many_at_once(core: Client, redis: Redis) -> None:
    async def main() -> None:
        await core._arun([("SET", f"k{i}", i) for i in range(5000)])
        got = await asyncio.gather(*[core.aget(f"k{i}") for i in range(5000)])
        assert got == [b"%d" % i for i in range(5000)]
        assert users(redis) == 1

    asyncio.run(main())


def test_a_cancelled_wait_takes_nothing(core: Client, redis: Redis) -> None:
    async def blocked(clients: int) -> None:
        async with asyncio.timeout(20):
            while b"blocked_clients:%d" % clients not in redis.call("INFO", "clients"):
                await asyncio.sleep(0.001)

    async def main() -> None:
        for _ in range(3):
            waits = core.aexecute("BLPOP", "queue", 60, timeout=70)
            await blocked(1)
            waits.cancel()
            await blocked(0)
        assert await core.aexecute("RPUSH", "queue", "x") == 1
        assert await core.aexecute("BLPOP", "queue", 20) == [b"queue", b"x"]

    asyncio.run(main())


def test_a_cancelled_wait_of_a_session(core: Client, redis: Redis) -> None:
    """It leaves the session's connection: what follows does not stand behind it."""

    async def blocked(clients: int) -> None:
        async with asyncio.timeout(20):
            while b"blocked_clients:%d" % clients not in redis.call("INFO", "clients"):
                await asyncio.sleep(0.001)

    async def main() -> None:
        session = core._asession(key="queue")
        for turn in range(3):
            waits = session.arun([("PING",), ("BLPOP", "queue", 60)], timeout=70)
            behind = session.arun([("GET", "queue"), ("INCR", "n")])
            await blocked(1)
            waits.cancel()
            await blocked(0)
            got, counted = await behind
            assert got is None
            assert isinstance(counted, _core.ConnectionLost)  # perhaps it was counted
            assert session.losses == turn + 1
        assert await session.arun([("RPUSH", "queue", "x")]) == [1]
        assert await session.arun([("BLPOP", "queue", 20)]) == [[b"queue", b"x"]]
        # what the connection knew is not forgotten silently
        await session.arun([("WATCH", "n")])
        waits = session.arun([("BLPOP", "queue", 60)], timeout=70)
        await blocked(1)
        waits.cancel()
        await blocked(0)
        [reply] = await session.arun([("SET", "n", 7)], flags=_core.RUN_ATOMIC)
        assert isinstance(reply, _core.ConnectionLost)
        session.close()

    asyncio.run(main())
    assert core.get("n") != b"7"


def test_cancelled_calls_shift_nothing(core: Client) -> None:
    async def main() -> None:
        await core._arun([("SET", f"k{i}", i) for i in range(1000)])
        calls = [core.aget(f"k{i}") for i in range(1000)]
        for i, call in enumerate(calls):
            if i % 3 == 0:
                call.cancel()
        await asyncio.sleep(0)  # now they are sent
        for i, call in enumerate(calls):
            if i % 3 == 1:
                call.cancel()
        for i, call in enumerate(calls):
            if i % 3 == 2:
                assert await call == b"%d" % i
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(core.aexecute("BLPOP", "q", 0), 0.05)
        assert await core.aget("k7") == b"7"

    asyncio.run(main())


def test_waiting_commands_have_connections_of_their_own(core: Client) -> None:
    async def main() -> None:
        waits = [core.aexecute("BLPOP", f"q{i}", 0) for i in range(3)]
        assert await core.aexecute("PING") == b"PONG"
        for i in range(3):
            await core.aexecute("RPUSH", f"q{i}", i)
        assert await asyncio.gather(*waits) == [
            [b"q%d" % i, b"%d" % i] for i in range(3)
        ]

    asyncio.run(main())


@pytest.mark.parametrize("how", ["asyncio", "uvloop"])
def test_loops_one_after_another(core: Client, redis: Redis, how: str) -> None:
    make: Any = asyncio.new_event_loop
    if how == "uvloop":
        make = pytest.importorskip("uvloop").new_event_loop

    async def main() -> None:
        await asyncio.gather(*[core.aget("k") for _ in range(100)])

    for _ in range(3):
        loop = make()
        dead = weakref.ref(loop)
        loop.run_until_complete(main())
        loop.close()
        del loop
        gc.collect()
        assert dead() is None
        until(lambda: users(redis) == 0)


def begin_and_stop(core: Client, loop: asyncio.AbstractEventLoop) -> Any:
    """A call that was begun on LOOP, which was stopped before sending it."""
    begun: list[Any] = []
    loop.call_soon(lambda: begun.append(core.aget("n")))
    loop.call_soon(loop.stop)
    loop.run_forever()
    return begun[0]


def test_loops_by_turns(core: Client) -> None:
    """Which loop runs is not taken for granted from one call to the next."""
    core.execute("SET", "n", 1)
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    try:
        futures = [begin_and_stop(core, loop) for loop in (first, second, first)]
        assert [f.get_loop() for f in futures] == [first, second, first]
        with pytest.raises(RuntimeError):
            core.aget("n")
        for future in futures:
            assert future.get_loop().run_until_complete(future) == b"1"
    finally:
        first.close()
        second.close()


def test_a_loop_with_an_unsent_call_is_let_go(core: Client) -> None:
    loop = asyncio.new_event_loop()
    begin_and_stop(core, loop)
    loop.close()
    gone = weakref.ref(loop)
    del loop

    async def another() -> None:
        await core.aget("n")

    asyncio.run(another())
    gc.collect()
    assert gone() is None


def test_loops_beside_each_other(core: Client) -> None:
    core.execute("SET", "k", "v")
    wrong: list[object] = []

    async def main() -> None:
        for _ in range(20):
            got = await asyncio.gather(*[core.aget("k") for _ in range(50)])
            wrong.extend(v for v in got if v != b"v")

    threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_loop_closed_under_way(core: Client) -> None:
    loop = asyncio.new_event_loop()

    async def begin() -> list[Any]:
        calls = [core.aget("k"), core.aexecute("BLPOP", "q", 0)]
        await calls[0]
        return [*calls, core.aget("k")]

    calls = loop.run_until_complete(begin())
    loop.close()
    assert [call.done() for call in calls] == [True, False, False]
    assert asyncio.run(_nothing(core)) is None


async def _nothing(core: Client) -> Any:
    return await core.aget("none")


def test_a_loop_that_becomes_garbage_while_it_is_looked_at(core: Client) -> None:
    """A collection may come at any allocation, also at those of asking a dead loop
    whether it is closed: here it comes at each of them in turn."""
    usual = gc.get_threshold()

    async def main() -> None:
        assert await core.aexecute("PING") == b"PONG"

    async def main_at(threshold: int) -> None:
        gc.set_threshold(threshold)
        gc.enable()
        call = core.aexecute("PING")
        gc.set_threshold(*usual)
        assert await call == b"PONG"

    try:
        for threshold in range(1, 40):
            gc.collect()
            gc.disable()
            loop: Any = asyncio.SelectorEventLoop()
            loop.itself = loop
            loop.run_until_complete(main())
            loop.close()
            del loop
            with asyncio.Runner() as runner:
                runner.run(main_at(threshold))
    finally:
        gc.set_threshold(*usual)
        gc.enable()


def test_closing_ends_what_is_under_way(connect: Open, redis: Redis) -> None:
    client = connect(redis)

    async def main() -> None:
        waits = client.aexecute("BLPOP", "q", 0)
        await client.aget("k")
        client.close()
        with pytest.raises(_core.ClosedError):
            await waits
        until(lambda: users(redis) == 0)

    asyncio.run(main())


def test_closing_from_another_thread(connect: Open, redis: Redis) -> None:
    client = connect(redis)

    async def main() -> None:
        waits = client.aexecute("BLPOP", "q", 0)
        await client.aget("k")
        await asyncio.to_thread(client.close)
        with pytest.raises(_core.ClosedError):
            await waits

    asyncio.run(main())
    until(lambda: users(redis) == 0)


def test_a_client_nobody_closes(redis: Redis) -> None:
    options = {"engine": "redis", "kind": "single"}
    options["seeds"] = [("127.0.0.1", redis.port)]  # type: ignore[assignment]

    async def main() -> None:
        assert await Client(options).aget("k") is None
        gc.collect()
        until(lambda: users(redis) == 0)

    asyncio.run(main())


def test_a_loop_in_trouble(connect: Open, serve: Callable[[Redis], Redis]) -> None:
    server = serve(Redis())
    client = connect(server)

    async def main() -> None:
        await client.aexecute("SET", "k", "1")
        server.pause()
        calls = [
            client.aexecute(*c, timeout=0.2) for c in (("GET", "k"), ("INCR", "k"))
        ]
        with pytest.raises(_core.TimeoutError):
            await calls[0]
        with pytest.raises(_core.TimeoutError):
            await calls[1]
        server.kill()
        with pytest.raises(_core.CacheError):
            await client.aget("k")
        server.restart()
        reply = None
        while reply != b"PONG":
            [reply] = await client._arun([("PING",)])

    asyncio.run(main())


def test_names_are_resolved(connect: Open, redis: Redis) -> None:
    client = connect(redis, seeds=[("localhost", redis.port)])
    assert asyncio.run(_nothing(client)) is None
    assert client.get("none") is None
    nowhere = connect(redis, seeds=[("nowhere.invalid", 1)], timeout=2.0)
    with pytest.raises(_core.CacheError):
        asyncio.run(_nothing(nowhere))


def test_sessions_of_a_loop(core: Client, redis: Redis) -> None:
    async def main() -> None:
        session = core._asession(key="n")
        assert await session.arun([("WATCH", "n"), ("GET", "n")]) == [b"OK", None]
        await core.aexecute("SET", "n", 1)
        assert await session.arun([("SET", "n", 2)], flags=_core.RUN_ATOMIC) is None
        assert session.node == redis.address
        await session.arun([("SUBSCRIBE", "c")])
        assert await session.apush() == [b"subscribe", b"c", 1]
        waits = [session.apush(), session.apush(), session.apush(0.02)]
        assert await waits[2] is None
        waits[0].cancel()
        await core.aexecute("PUBLISH", "c", "m")
        assert await waits[1] == [b"message", b"c", b"m"]
        with pytest.raises(_core.ArgumentError):
            session.run([("PING",)])
        waits = [session.apush()]
        session.close()
        with pytest.raises(_core.ClosedError):
            await waits[0]

    asyncio.run(main())
    until(lambda: users(redis) == 0)


def test_a_message_ends_the_timer_of_who_waited(core: Client) -> None:
    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        session = core._asession()
        await session.arun([("SUBSCRIBE", "c")])
        await session.apush()
        for i in range(300):
            waits = session.apush(60.0)
            await core.aexecute("PUBLISH", "c", i)
            assert await waits == [b"message", b"c", b"%d" % i]
        live = [t for t in loop._scheduled if not t.cancelled()]
        assert len(live) < 20
        waits = session.apush(300.0)
        session.close()
        with pytest.raises(_core.ClosedError):
            await waits
        assert all(
            t.cancelled() or t.when() < loop.time() + 200 for t in loop._scheduled
        )

    asyncio.run(main())


def test_what_goes_while_an_exception_is_raised(connect: Open, redis: Redis) -> None:
    """It is freed by the interpreter on its way to the handler, and closing it has
    exceptions of its own."""

    def used_client() -> Client:
        client = connect(redis)
        client.aget("k")
        return client

    async def main() -> None:
        core = connect(redis)
        await core.aget("k")
        for make in (core._asession, core._session, used_client):
            for _ in range(3):
                with pytest.raises(ZeroDivisionError):
                    (make(), 1 / 0)

    asyncio.run(main())


def test_callbacks_see_no_context_of_ours(core: Client) -> None:
    """What waits for a reader keeps no request's variables alive."""
    import contextvars

    class Load:
        pass

    var: contextvars.ContextVar[Load] = contextvars.ContextVar("load")

    async def first() -> weakref.ref[Load]:
        load = Load()
        var.set(load)
        await core.aget("k")
        return weakref.ref(load)

    async def main() -> None:
        alive = await asyncio.create_task(first())
        await asyncio.sleep(0)  # the loop lets go of the task
        gc.collect()
        assert alive() is None
        await core.aget("k")

    asyncio.run(main())


# ---- Numbers, leaks ----------------------------------------------------------------


def test_numbers(core: Client, redis: Redis) -> None:
    core.get("k")
    [(number, host, port, role, health, _slots, _zone)] = core._nodes()
    assert (host, port, role, health) == ("127.0.0.1", redis.port, "primary", "up")
    assert core._node_stats(number)["calls"] == 1
    assert core._pool()["idle"] == 1
    assert core._counters()["dials"] == 1
    with pytest.raises(_core.ArgumentError):
        core._node_stats(-1)


def test_no_leaks(core: Client) -> None:
    """Blocks and references stay as they are over thousands of calls of every kind."""
    import sys

    core.execute("SET", "k", "v" * 100)

    async def loop() -> None:
        await asyncio.gather(*[core.aget("k") for _ in range(50)])
        await core._arun([("GET", "k"), ("LPUSH", "k", 1)])
        await core.aget_many(["k", "no"])
        core.aget("k").cancel()
        session = core._asession()
        await session.arun([("SUBSCRIBE", "c")])
        await session.apush()
        session.close()

    def work() -> None:
        for _ in range(20):
            core.get("k")
            core.get_many(["k", "no"])
            core._run([("GET", "k"), ("LPUSH", "k", 1), ("HSET", "h", "f", "v")])
            core._run([("GET", "k")], flags=_core.RUN_ATOMIC)
            with contextlib.suppress(_core.CacheError):
                core.execute("SET", "k", None)
            with core._session() as session:
                session.run([("WATCH", "k")])
        asyncio.run(loop())

    for _ in range(3):
        work()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(20):
        work()
    gc.collect()
    assert sys.getallocatedblocks() - before < 300
