"""Pipelines, transactions, sessions and iterators, against real servers."""

from __future__ import annotations

import asyncio

import pinyon
import pytest
from fleets import ask, client, fleet  # noqa: F401


def test_replies_come_in_the_order_of_the_commands(client, ask):  # noqa: F811
    with client.pipeline(False) as pipe:
        for i in range(200):
            pipe.set(f"key:{i}", i).get(f"key:{i}")
        pipe.hset("h", mapping={"f": 1}).hgetall("h").zadd("z", {"m": 2})
        pipe.zrange("z", 0, -1, withscores=True)
        assert len(pipe) == 404
        replies = ask(pipe)("execute")
    assert replies[:400:2] == [True] * 200
    assert replies[1:400:2] == [str(i).encode() for i in range(200)]
    assert replies[400:] == [1, {b"f": b"1"}, 1, [(b"m", 2.0)]]
    assert ask(pipe)("execute") == []
    pipe.get("key:1")  # it may be used again
    assert ask(pipe)("execute") == [b"1"]


def test_many_keys_in_a_pipeline(client, ask):  # noqa: F811
    names = [f"key:{i}" for i in range(20)]
    with client.pipeline(False) as pipe:
        pipe.mset({name: name for name in names}).mget(names).delete(*names).dbsize()
        replies = ask(pipe)("execute")
    assert replies == [True, [n.encode() for n in names], 20, 0]


@pytest.mark.parametrize("atomic", [False, True])
def test_errors(client, ask, atomic):  # noqa: F811
    client.set("{k}", "v")
    with client.pipeline(atomic) as pipe:
        pipe.incr("{k}n").lpush("{k}", 1).incr("{k}n")
        with pytest.raises(pinyon.WrongType) as caught:
            ask(pipe)("execute")
    assert caught.value.__notes__ == ["command 2 of 3: LPUSH"]
    pipe.incr("{k}n").lpush("{k}", 1).incr("{k}n")
    found = ask(pipe)("execute", raise_on_error=False)
    assert found[0] == 3
    assert isinstance(found[1], pinyon.WrongType)
    assert found[2] == 4


def test_a_transaction_of_one_slot(client, ask):  # noqa: F811
    with client.pipeline(transaction=True) as pipe:
        pipe.set("{t}a", 1).incr("{t}a").hset("{t}h", "f", 1).hgetall("{t}h")
        replies = ask(pipe)("execute")
    assert replies == [True, 2, 1, {b"f": b"1"}]


def test_a_transaction_that_cannot_begin_executes_nothing(client, ask):  # noqa: F811
    with client.pipeline(transaction=True) as pipe:
        pipe.set("{t}a", 1).execute_command("NOSUCHCOMMAND", "{t}a")
        found = ask(pipe)("execute", raise_on_error=False)
    assert isinstance(found[0], pinyon.ExecAborted)
    assert isinstance(found[1], pinyon.ServerError)
    assert client.get("{t}a") is None


def test_a_transaction_over_several_slots_is_refused_before_it_is_sent(client):  # noqa: F811
    if not client.url.startswith("redis+cluster"):
        pytest.skip("one server has all slots")
    with client.pipeline(transaction=True) as pipe:
        pipe.set("a", 1).set("b", 2)
        with pytest.raises(pinyon.CrossSlot):
            pipe.execute()
    assert client.mget("a", "b") == [None, None]


def test_what_a_pipeline_is_by_default(client):  # noqa: F811
    is_cluster = client.url.startswith("redis+cluster")
    assert repr(client.pipeline()).startswith(
        f"<pinyon.Pipeline {'pipeline' if is_cluster else 'transaction'} of 0"
    )


# ---- Watching --------------------------------------------------------------------


def test_watch(client):  # noqa: F811
    client.set("{w}", 5)
    with client.pipeline() as pipe:
        pipe.watch("{w}")
        seen = int(pipe.get("{w}"))
        pipe.multi()
        pipe.set("{w}", seen + 1).get("{w}")
        assert pipe.execute() == [True, b"6"]
        pipe.watch("{w}")
        client.set("{w}", 100)  # by another connection
        pipe.multi()
        pipe.set("{w}", 7)
        with pytest.raises(pinyon.WatchError):
            pipe.execute()
        assert pipe.set("{w}", 8).execute() == [True]
    with pytest.raises(pinyon.ArgumentError):
        client.pipeline().set("a", 1).watch("a")


def test_watch_for_asyncio(client):  # noqa: F811
    async def main():
        await client.aset("{w}", 5)
        async with client.pipeline() as pipe:
            await pipe.awatch("{w}")
            seen = int(await pipe.get("{w}"))
            pipe.multi()
            pipe.set("{w}", seen + 1)
            assert await pipe.aexecute() == [True]
            await pipe.awatch("{w}")
            await client.aset("{w}", 100)
            pipe.multi()
            pipe.set("{w}", 7)
            with pytest.raises(pinyon.WatchError):
                await pipe.aexecute()

    asyncio.run(main())


def test_transactions_are_tried_again(client):  # noqa: F811
    turns = []

    def step(pipe):
        seen = int(pipe.get("{n}") or 0)
        turns.append(seen)
        if len(turns) < 3:
            client.incr("{n}", 10)
        pipe.multi()
        pipe.set("{n}", seen + 1)
        return "done"

    assert client.transaction(step, "{n}") == [True]
    assert turns == [0, 10, 20]
    assert client.get("{n}") == b"21"
    assert client.transaction(step, "{n}", value_from_callable=True) == "done"


def test_transactions_for_asyncio(client):  # noqa: F811
    async def main():
        async def step(pipe):
            seen = int(await pipe.get("{n}") or 0)
            pipe.multi()
            pipe.set("{n}", seen + 1)

        adds = (client.atransaction(step, "{n}") for _ in range(10))
        await asyncio.gather(*adds)
        assert await client.aget("{n}") == b"10"

    asyncio.run(main())


def test_a_session_is_one_connection(client):  # noqa: F811
    client.set("{s}", 1)
    with client.session("{s}") as session:
        first = session.client_id()
        assert session.client_id() == first
        assert session.get("{s}") == b"1"
        assert ":" in session.node
        session.watch("{s}")
        pipe = session.multi()
        pipe.incr("{s}")
        assert pipe.execute() == [2]
        session.watch("{s}")
        session.unwatch()
        client.incr("{s}")
        assert session.multi().incr("{s}").execute() == [4]
        with pytest.raises(pinyon.WrongType):
            session.lpush("{s}", 1)


def test_what_a_session_changes_ends_with_it(client):  # noqa: F811
    if client.url.startswith("redis+cluster"):
        pytest.skip("a cluster has one database")
    for _ in range(3):
        with client.session() as session:
            session.execute("SELECT", 3)
            session.set("there", 1)
        assert client.get("there") is None
    with pytest.raises(pinyon.CacheError, match=r"(?i)session"):
        client.execute("SELECT", 3)


def test_a_session_for_asyncio(client):  # noqa: F811
    async def main():
        async with client.session("{s}") as session:
            first = await session.aclient_id()
            assert await session.aclient_id() == first
            assert await session.aset("{s}", 1)
            assert await session.aget("{s}") == b"1"
            await session.awatch("{s}")
            pipe = session.multi()
            pipe.incr("{s}")
            assert await pipe.aexecute() == [2]

    asyncio.run(main())


# ---- Iterators ---------------------------------------------------------------------


async def drained(iterator):
    return [part async for part in iterator]


def test_scans_see_every_key_of_every_primary(client):  # noqa: F811
    names = {f"user:{i}".encode() for i in range(300)}
    client.mset({name: 1 for name in names})
    client.set("other", 1)
    client.sadd("user:set", 1)
    assert set(client.scan_iter("user:*", 50)) == names | {b"user:set"}
    assert set(client.scan_iter(_type="set")) == {b"user:set"}
    found = asyncio.run(drained(client.ascan_iter("user:*", count=50)))
    assert set(found) == names | {b"user:set"}


def test_scans_of_one_key(client):  # noqa: F811
    fields = {f"f{i}".encode(): str(i).encode() for i in range(700)}
    client.hset("h", mapping=fields)
    client.sadd("s", *fields)
    client.zadd("z", {f: i for i, f in enumerate(fields)})
    scores = {f: float(i) for i, f in enumerate(fields)}
    assert dict(client.hscan_iter("h")) == fields
    assert set(client.sscan_iter("s")) == set(fields)
    assert dict(client.zscan_iter("z")) == scores
    assert set(client.sscan_iter("s", match="f69?")) == {
        f"f69{i}".encode() for i in range(10)
    }

    async def main():
        assert dict(await drained(client.ahscan_iter("h"))) == fields
        assert set(await drained(client.asscan_iter("s"))) == set(fields)
        assert dict(await drained(client.azscan_iter("z"))) == scores

    asyncio.run(main())
