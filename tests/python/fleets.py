"""Real fleets for the tests of clients: import the fixtures that a file uses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pinyon
import pytest

from tests.servers import CALM, Memcached, Sentinels

#: Redis 7, the same over RESP2, Valkey 9, a cluster of 3 + 3, Sentinels with 1 + 1.
KINDS = ("redis", "resp2", "valkey", "cluster", "sentinel")


@pytest.fixture(scope="session")
def _sentinels() -> Iterator[Sentinels]:
    with Sentinels(down_after=CALM) as sentinels:
        yield sentinels


def fleet_url(kind: str, request: pytest.FixtureRequest) -> str:
    """The URL of a shared fleet, emptied."""
    if kind == "cluster":
        return (
            f"redis+cluster://{','.join(request.getfixturevalue('cluster').addresses)}"
        )
    if kind == "sentinel":
        sentinels = request.getfixturevalue("_sentinels")
        sentinels.primary.call("FLUSHALL")
        addresses = ",".join(sentinels.addresses)
        return f"redis+sentinel://{addresses}/{sentinels.name}"
    if kind == "memcached":
        servers: list[Memcached] = request.getfixturevalue("memcacheds")
        return f"memcached://{','.join(s.address for s in servers)}"
    server = request.getfixturevalue("valkey" if kind == "valkey" else "redis")
    return f"redis://{server.address}" + ("?protocol=2" if kind == "resp2" else "")


@pytest.fixture(params=KINDS)
def fleet(request: pytest.FixtureRequest) -> str:
    return fleet_url(request.param, request)


@pytest.fixture
def client(fleet: str) -> Iterator[pinyon.Client[bytes]]:
    with pinyon.Client(fleet) as opened:
        yield opened


@pytest.fixture
def texts(fleet: str) -> Iterator[pinyon.Client[str]]:
    """A client that decodes."""
    with pinyon.Client(fleet, decode_responses=True) as opened:
        yield opened


Asker = Callable[..., Any]


@pytest.fixture(params=["blocking", "asyncio"])
def ask(request: pytest.FixtureRequest) -> Iterator[Callable[[Any], Asker]]:
    """``do = ask(client)``, then ``do("set", "k", 1)``: the method, or its twin on one
    event loop."""
    if request.param == "blocking":
        yield lambda client: lambda name, *a, **kw: getattr(client, name)(*a, **kw)
        return
    with asyncio.Runner() as runner:

        def make(client: Any) -> Asker:
            def do(name: str, *args: Any, **kwargs: Any) -> Any:
                async def go() -> Any:
                    return await getattr(client, f"a{name}")(*args, **kwargs)

                return runner.run(go())

            return do

        yield make
