"""Messages of channels, against real servers."""

from __future__ import annotations

import asyncio
import threading
import time

import pinyon
import pytest
from conftest import until
from fleets import _sentinels, client, fleet  # noqa: F401

from tests.servers import Redis


def wanted(ps, kind, seconds=10.0):
    """The next message of a kind."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        message = ps.get_message(timeout=1.0)
        if message is not None and message["type"] == kind:
            return message
    raise AssertionError(f"no {kind} came")


def test_channels_and_patterns(client):  # noqa: F811
    with client.pubsub() as ps:
        ps.subscribe("news", b"weather")
        ps.psubscribe("user:*")
        for kind in ("subscribe", "subscribe", "psubscribe"):
            assert wanted(ps, kind)["channel"] in (b"news", b"weather", b"user:*")
        client.publish("news", "hello")
        assert wanted(ps, "message") == {
            "type": "message",
            "pattern": None,
            "channel": b"news",
            "data": b"hello",
        }
        client.publish("user:7", b"\x00")
        message = wanted(ps, "pmessage")
        assert message["pattern"] == b"user:*"
        assert (message["channel"], message["data"]) == (b"user:7", b"\x00")
        ps.unsubscribe("news")
        assert wanted(ps, "unsubscribe")["channel"] == b"news"
        client.publish("news", "unheard")
        client.publish("weather", "rain")
        assert wanted(ps, "message")["data"] == b"rain"
        assert ps.get_message(timeout=0.01) is None
        assert ps.subscribed
        ps.unsubscribe()
        ps.punsubscribe()
        assert not ps.subscribed
        assert list(ps.listen()) == []  # there is nothing to wait for


def test_handlers_and_quiet(client):  # noqa: F811
    heard = []
    with client.pubsub(ignore_subscribe_messages=True) as ps:
        ps.subscribe("b", a=heard.append)
        client.publish("a", 1)
        client.publish("b", 2)
        assert ps.get_message(timeout=10)["data"] == b"2"
        assert [m["data"] for m in heard] == [b"1"]


def test_a_channel_of_a_shard(client):  # noqa: F811
    with client.pubsub(ignore_subscribe_messages=True) as ps:
        names = [f"shard:{i}" for i in range(8)]
        ps.ssubscribe(*names)
        for name in names:
            assert client.spublish(name, name) == 1
        seen = set()
        for _ in names:
            message = wanted(ps, "smessage")
            assert message["channel"] == message["data"]
            seen.add(message["data"].decode())
        assert seen == set(names)
        ps.sunsubscribe("shard:0")
        until(lambda: client.spublish("shard:0", "x") == 0)


def test_for_asyncio(client):  # noqa: F811
    async def main():
        heard = []
        async with client.pubsub(ignore_subscribe_messages=True) as ps:
            await ps.asubscribe("news")
            await ps.apsubscribe("user:*")

            async def listen():
                async for message in ps.alisten():
                    heard.append(message["data"])
                    if message["data"] == b"end":
                        await ps.aunsubscribe()
                        await ps.apunsubscribe()

            task = asyncio.create_task(listen())
            while await client.apublish("news", "hello") == 0 and not heard:
                await asyncio.sleep(0.01)
            await client.apublish("user:7", "x")
            while b"x" not in heard:
                await asyncio.sleep(0.01)
            await client.apublish("news", "end")
            await asyncio.wait_for(task, 20)
        assert heard[-1] == b"end"

    asyncio.run(main())


def test_decoded(fleet):  # noqa: F811
    with (
        pinyon.Client(fleet, decode_responses=True) as texts,
        texts.pubsub(ignore_subscribe_messages=True) as ps,
    ):
        ps.subscribe("decoded")  # a message of another test's may still be on its way
        texts.publish("decoded", "hällo")
        assert ps.get_message(timeout=10)["data"] == "hällo"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_lost_connection_subscribes_again(serve, asynchronous):
    server = serve(Redis())
    with (
        pinyon.Client(f"redis://{server.address}") as client,  # noqa: F811
        client.pubsub(ignore_subscribe_messages=True) as ps,
    ):
        heard = []
        stop = threading.Event()

        def listen():
            while not stop.is_set():
                message = ps.get_message(timeout=0.2)
                if message is not None:
                    heard.append(message["data"])

        async def alisten():
            await ps.asubscribe("news")
            while not stop.is_set():
                message = await ps.aget_message(timeout=0.2)
                if message is not None:
                    heard.append(message["data"])

        if not asynchronous:
            ps.subscribe("news")
        target = (lambda: asyncio.run(alisten())) if asynchronous else listen
        thread = threading.Thread(target=target)
        thread.start()
        try:
            until(lambda: server.call("PUBLISH", "news", "one") == 1)
            until(lambda: b"one" in heard)
            server.call("CLIENT", "KILL", "TYPE", "pubsub")
            until(lambda: server.call("PUBLISH", "news", "two") == 1)
            until(lambda: b"two" in heard)
            server.restart()
            until(lambda: server.call("PUBLISH", "news", "three") == 1)
            until(lambda: b"three" in heard)
            assert ps.losses >= 2
        finally:
            stop.set()
            thread.join(20)
