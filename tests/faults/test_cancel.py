"""Calls that are cancelled, at every moment there is: each reply goes to its own call
or to nobody, and what is left under way afterwards is nothing."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pinyon
import pytest

from tests.servers import Memcached, Proxy, Redis, until

from .fleets import Fleet, client, fleet, fleet_of  # noqa: F401

KEYS = 40
SEED = 2026
LENGTHS = (0, 10, 3000, 70_000)  # of what follows the key in its value
slow = pytest.mark.slow


def key_of(i: int) -> str:
    return f"cancel:{i}"


def value_of(i: int, length: int | None = None) -> bytes:
    size = LENGTHS[i % len(LENGTHS)] if length is None else length
    return f"{key_of(i)}=".encode() + b"." * size


def fill(client: Any) -> None:  # noqa: F811
    for i in range(KEYS):
        client.set(key_of(i), value_of(i))


Factory = Callable[[], asyncio.AbstractEventLoop] | None


@pytest.fixture(scope="session", params=["asyncio", "uvloop"])
def factory(request: pytest.FixtureRequest) -> Factory:
    if request.param == "asyncio":
        return None
    made: Factory = pytest.importorskip("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=made) as first:
        first.run(asyncio.sleep(0))  # opens what it never closes
    return made


@pytest.fixture
def runner(factory: Factory) -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=factory) as made:
        yield made


@pytest.fixture
def one(redis: Redis, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A client of one Redis."""
    with fleet_of("redis", request).connect() as opened:
        yield opened


# ---- Storms ------------------------------------------------------------------------


async def get(client: Any, i: int) -> None:  # noqa: F811
    assert await client.aget(key_of(i)) == value_of(i)


async def get_many(client: Any, i: int) -> None:  # noqa: F811
    some = [j % KEYS for j in range(i, i + 15)]
    found = await client.aget_many([key_of(j) for j in some])
    assert found == {key_of(j): value_of(j) for j in some}


async def write(client: Any, i: int) -> None:  # noqa: F811
    await client.aset(key_of(i), value_of(i))


async def pipe(client: Any, i: int) -> None:  # noqa: F811
    some = [j % KEYS for j in range(i, i + 7)]
    with client.pipeline(False) as commands:
        for j in some:
            commands.get(key_of(j))
        assert await commands.aexecute() == [value_of(j) for j in some]


CALLS = (get, get, get_many, write, pipe)


async def storm(client: Any, turns: int, seed: int = SEED) -> int:  # noqa: F811
    """Many calls at once, most of them cancelled some time; how many came to an end."""
    chance = random.Random(seed)
    done = 0
    for turn in range(turns):
        calls = [
            asyncio.ensure_future(chance.choice(CALLS)(client, chance.randrange(KEYS)))
            for _ in range(30)
        ]
        for call in chance.sample(calls, 20):
            for _ in range(chance.choice((0, 0, 0, 1, 2))):
                await asyncio.sleep(0)  # some are written by now, some answered
            if chance.random() < 0.1:
                await asyncio.sleep(chance.random() / 1000)
            call.cancel()
        for found in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(found, asyncio.CancelledError):
                continue
            done += 1
            if found is not None:
                raise found
        await get(client, turn % KEYS)
    return done


def nothing_under_way(client: Any) -> None:  # noqa: F811
    """No connection was lost over it, no error came of it, none is in use."""
    stats = client.stats()
    assert stats["pool"]["taken"] == 0
    assert stats["pool"]["closed"] == 0
    for name, node in stats["nodes"].items():
        assert (node["errors"], node["disconnects"]) == (0, 0), name


def test_storm(fleet: Fleet, runner: asyncio.Runner) -> None:  # noqa: F811
    with fleet.connect() as opened:
        fill(opened)
        runner.run(get(opened, 0))
        before = fleet.connections()
        assert runner.run(storm(opened, 40)) > 0
        runner.run(settle(opened))
        assert fleet.connections() <= before + len(fleet.servers)
        nothing_under_way(opened)


async def settle(client: Any) -> None:  # noqa: F811
    for i in range(KEYS):
        await get(client, i)


@slow
@pytest.mark.parametrize("seed", range(10))
def test_long_storm(fleet: Fleet, runner: asyncio.Runner, seed: int) -> None:  # noqa: F811
    with fleet.connect() as opened:
        fill(opened)
        assert runner.run(storm(opened, 300, seed)) > 0
        runner.run(settle(opened))
        nothing_under_way(opened)


def test_storms_of_several_loops(client: Any) -> None:  # noqa: F811
    """Each in a thread of its own, beside blocking calls."""
    fill(client)
    failed: list[BaseException] = []

    def run(seed: int) -> None:
        try:
            asyncio.run(storm(client, 15, seed))
            for i in range(KEYS):
                assert client.get(key_of(i)) == value_of(i)
            asyncio.run(storm(client, 5, seed))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert client.stats()["pool"]["taken"] == 0


# ---- Each moment in turn ------------------------------------------------------------


async def cancelled_at_each_step(
    make: Callable[[], Awaitable[Any]], check: Callable[[], Awaitable[Any]]
) -> None:
    """Lets a task run for no turn of the loop, then for one, two ... until it is done
    before it is cancelled, five times in a row. After each: check()."""
    steps, finished = 0, 0
    while finished < 5:
        task = asyncio.ensure_future(make())
        for _ in range(steps):
            await asyncio.sleep(0)
        finished = finished + 1 if task.done() else 0
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await check()
        steps += 1 if steps < 30 else 5
        assert steps < 5000, "it never comes to an end"


@pytest.mark.parametrize("call", dict.fromkeys(CALLS), ids=lambda call: call.__name__)
def test_each_moment(fleet: Fleet, runner: asyncio.Runner, call: Any) -> None:  # noqa: F811
    with fleet.connect() as opened:
        fill(opened)

        async def check() -> None:
            await get(opened, 7)
            await get(opened, 2)

        runner.run(cancelled_at_each_step(lambda: call(opened, 3), check))
        nothing_under_way(opened)


def test_each_moment_of_a_new_connection(fleet: Fleet) -> None:  # noqa: F811
    """Cancelled while it is dialled, shakes hands, learns of the cluster."""

    async def main() -> None:
        with fleet.connect() as other:
            fill(other)
            steps = 0
            while steps < 30:
                with fleet.connect() as opened:
                    task = asyncio.ensure_future(get(opened, 1))
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
                    await get(opened, 2)
                steps += 1

    asyncio.run(main())
    fleet.until_left(0)


def test_when_the_reply_is_there(one: Any, runner: asyncio.Runner) -> None:
    """All replies come in one turn; who runs first cancels the others."""
    fill(one)

    async def main() -> None:
        for turn in range(30):
            calls: list[asyncio.Future[None]] = []

            async def first(all_calls: Any = calls) -> None:
                await one.aget(key_of(1))
                for other in all_calls:
                    other.cancel()

            leader = asyncio.ensure_future(first())
            calls += [asyncio.ensure_future(get(one, i)) for i in range(0, KEYS, 4)]
            await asyncio.gather(leader, *calls, return_exceptions=True)
            assert all(call.done() for call in calls)
            await get(one, turn)

    runner.run(main())
    nothing_under_way(one)


# ---- Timeouts, groups ----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["redis", "memcached"])
def test_wait_for(kind: str, redis: Redis, memcached: Memcached) -> None:
    """Replies are late; those that nobody waits for any more are dropped."""
    server = redis if kind == "redis" else memcached
    with (
        Proxy(server.port) as proxy,
        pinyon.Client(f"{kind}://{proxy.address}") as opened,
    ):
        fill(opened)
        proxy.down.delay = 0.003

        async def main() -> None:
            chance = random.Random(SEED)
            late = 0
            for turn in range(60):
                calls = [
                    asyncio.wait_for(get(opened, i), chance.random() / 100)
                    for i in chance.sample(range(KEYS), 8)
                ]
                for found in await asyncio.gather(*calls, return_exceptions=True):
                    late += isinstance(found, TimeoutError)
                    if isinstance(found, BaseException):
                        assert isinstance(found, TimeoutError), found
                await get(opened, turn % KEYS)
            assert late > 0
            nothing_under_way(opened)

        asyncio.run(main())


def test_own_timeouts(redis: Redis) -> None:
    """timeout= of a call of a loop: others share its connection, which stays."""
    with Proxy(redis.port) as proxy, pinyon.Client(f"redis://{proxy.address}") as made:
        fill(made)
        proxy.down.delay = 0.005

        async def brief(i: int, seconds: float) -> None:
            assert await made.aexecute("GET", key_of(i), timeout=seconds) == value_of(i)

        async def main() -> None:
            await get(made, 0)
            for turn in range(40):
                dialled, began = proxy.accepted, time.monotonic()
                calls: list[Any] = [get(made, i) for i in range(0, KEYS, 5)]
                calls += [brief(i, 0.001) for i in range(turn % 7)]
                found = await asyncio.gather(*calls, return_exceptions=True)
                assert [e for e in found[:8] if e is not None] == []
                for error in found[8:]:
                    assert error is None or isinstance(error, pinyon.TimeoutError)
                # Where nothing comes for 100 ms, it may hang: this machine, that is.
                is_late = time.monotonic() - began >= 0.1
                assert is_late or proxy.accepted == dialled

        asyncio.run(main())


def test_task_groups(fleet: Fleet, runner: asyncio.Runner) -> None:  # noqa: F811
    async def fail(client: Any) -> None:  # noqa: F811
        await client.aget(key_of(1))
        raise ZeroDivisionError

    async def main(opened: Any) -> None:
        for turn in range(30):
            with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012
                async with asyncio.TaskGroup() as group:
                    for i in range(20):
                        group.create_task(get(opened, (turn + i) % KEYS))
                        group.create_task(pipe(opened, i))
                    group.create_task(fail(opened))
            assert isinstance(caught.value.exceptions[0], ZeroDivisionError)
            await get(opened, turn)

    with fleet.connect() as opened:
        fill(opened)
        runner.run(main(opened))
        nothing_under_way(opened)


# ---- Loops that end -----------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_loop_closed_under_way(fleet: Fleet, after: int) -> None:  # noqa: F811
    """Futures nobody will finish; the next loop begins with a connection of its own,
    and nothing is left of the old one's."""
    with fleet.connect() as opened:
        fill(opened)
        for turn in range(10):
            loop = asyncio.new_event_loop()
            held = []

            async def begin(held: list[Any] = held) -> None:
                held += [opened.aget(key_of(i)) for i in range(KEYS)]
                held.append(opened.aget_many([key_of(i) for i in range(KEYS)]))
                for _ in range(after):
                    await asyncio.sleep(0)

            loop.run_until_complete(begin())
            loop.close()
            asyncio.run(storm(opened, 1, turn))
            del held[:]
            del loop
        gc.collect()
        asyncio.run(get(opened, 1))
        pool = opened.stats()["pool"]
        fleet.until_left(pool["opened"] - pool["closed"])
        assert fleet.connections() <= 2 * len(fleet.servers)


def test_run_ends_under_way(fleet: Fleet) -> None:  # noqa: F811
    """asyncio.run() cancels what is left, once, and closes the loop."""
    with fleet.connect() as opened:
        fill(opened)

        async def main() -> None:
            tasks = [asyncio.ensure_future(get(opened, i)) for i in range(KEYS)]
            await asyncio.sleep(0)
            main.tasks = tasks  # type: ignore[attr-defined]

        for _ in range(10):
            asyncio.run(main())
            assert all(task.done() for task in main.tasks)  # type: ignore[attr-defined]
        asyncio.run(settle(opened))
        assert opened.stats()["pool"]["taken"] == 0


# ---- Commands that wait, sessions, subscribers ---------------------------------------


def test_waiting_commands(redis: Redis, one: Any, runner: asyncio.Runner) -> None:
    """Who is cancelled takes nothing afterwards."""

    async def main() -> None:
        for turn in range(10):
            waiting = [
                asyncio.ensure_future(one.ablpop(["queue"], 30)) for _ in range(4)
            ]
            await asyncio.sleep(0.001 * (turn % 4))
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            await one.aget("nothing")
            await asyncio.to_thread(
                until,
                lambda: redis.info("clients")["blocked_clients"] == "0",
                "nobody to wait",
            )
            await one.arpush("queue", turn)
            assert await one.ablpop(["queue"], 5) == (b"queue", b"%d" % turn)

    runner.run(main())


def test_sessions(redis: Redis, one: Any, runner: asyncio.Runner) -> None:
    """A session whose call was cancelled goes on with its own replies."""

    async def main() -> None:
        async with one.session("s") as session:
            for i in range(KEYS):
                await session.aset(key_of(i), value_of(i))
            chance = random.Random(SEED)
            for turn in range(100):
                tasks = [
                    asyncio.ensure_future(get(session, chance.randrange(KEYS)))
                    for _ in range(5)
                ]
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
                for task in chance.sample(tasks, 3):
                    task.cancel()
                for error in await asyncio.gather(*tasks, return_exceptions=True):
                    if error is not None:
                        assert isinstance(error, asyncio.CancelledError), error
                await get(session, turn % KEYS)

    runner.run(main())


def test_transactions(redis: Redis, one: Any, runner: asyncio.Runner) -> None:
    """All or nothing, and the next one is not disturbed by what was watched."""
    one.mset({"{t}a": 0, "{t}b": 0})

    async def both(commands: Any) -> None:
        a = int(await commands.get("{t}a"))
        commands.multi()
        commands.set("{t}a", a + 1).incr("{t}b")

    async def move() -> None:
        await one.atransaction(both, "{t}a", "{t}b")

    async def check() -> None:
        a, b = await one.amget(["{t}a", "{t}b"])
        assert a == b

    runner.run(cancelled_at_each_step(move, check))
    assert int(one.get("{t}a")) >= 5
    gc.collect()

    def names() -> str:
        listed = redis.call("CLIENT", "LIST")
        assert isinstance(listed, bytes)
        return listed.decode()

    until(lambda: " watch=1" not in names() and "flags=x" not in names(), "no watch")


def test_subscribers(redis: Redis, one: Any, runner: asyncio.Runner) -> None:
    """No message is lost with a call that was cancelled or came too late."""
    count = 300

    async def main() -> None:
        chance = random.Random(SEED)
        async with one.pubsub(True) as ps:
            await ps.asubscribe("news")
            assert await ps.aget_message(timeout=0.05) is None
            said = asyncio.ensure_future(asyncio.to_thread(say))
            found: list[bytes] = []
            end = time.monotonic() + 30
            while len(found) < count and time.monotonic() < end:
                task = asyncio.ensure_future(ps.aget_message(timeout=1))
                if chance.random() < 0.5:
                    await asyncio.sleep(chance.choice((0, 0.0001, 0.0005, 0.001)))
                else:
                    for _ in range(chance.randrange(4)):
                        await asyncio.sleep(0)
                if chance.random() < 0.7:
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    message = await task
                    found += [message["data"]] if message else []
            await said
            assert found == [b"%d" % i for i in range(count)]

    def say() -> None:
        with redis.link() as link:
            for i in range(count):
                link.call("PUBLISH", "news", i)
                time.sleep(0.0005)

    runner.run(main())


def test_iterators_of_messages(redis: Redis, one: Any) -> None:
    """`async for` under a timeout, again and again."""

    async def main() -> None:
        found: list[bytes] = []
        async with one.pubsub(True) as ps:
            await ps.asubscribe("news")
            assert await ps.aget_message(timeout=0.05) is None
            for i in range(50):
                redis.call("PUBLISH", "news", i)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.0005 * (i % 5)):
                        async for message in ps:
                            found.append(message["data"])
            while len(found) < 50:
                left = await ps.aget_message(timeout=20)
                assert left is not None, found
                found.append(left["data"])
        assert found == [b"%d" % i for i in range(50)]

    asyncio.run(main())


def test_each_moment_of_a_message(redis: Redis, one: Any) -> None:
    """Cancelled before it comes, while it is read, when it is there."""

    async def main() -> None:
        async with one.pubsub(True) as ps:
            await ps.asubscribe("news")
            assert await ps.aget_message(timeout=0.05) is None
            for steps in range(20):
                task = asyncio.ensure_future(ps.aget_message(timeout=5))
                await asyncio.sleep(0.001)
                redis.call("PUBLISH", "news", steps)
                for _ in range(steps % 10):
                    await asyncio.sleep(0)
                task.cancel()
                message = None
                with contextlib.suppress(asyncio.CancelledError):
                    message = await task
                if message is None:
                    message = await ps.aget_message(timeout=5)
                assert message is not None
                assert message["data"] == b"%d" % steps

    asyncio.run(main())
