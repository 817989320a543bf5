"""One node, redis-server or memcached, behind a proxy: every way it can fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pinyon
import pytest

from tests.servers import Memcached, Proxy, Redis, until

from .load import Load


@dataclass
class Site:
    """A node, the proxy its clients go through, and a client."""

    server: Redis | Memcached
    proxy: Proxy
    client: Any


@pytest.fixture(params=["redis", "memcached"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    made: Redis | Memcached = Redis() if request.param == "redis" else Memcached()
    with made as server, Proxy(server.port) as proxy:
        if request.param == "redis":
            client: Any = pinyon.Client(f"redis://{proxy.address}", timeout=0.5)
        else:
            client = pinyon.Memcached(
                f"memcached://{proxy.address}",
                timeout=0.5,
                probe_min=0.05,
                probe_max=0.2,
            )
        with client:
            yield Site(server, proxy, client)


Fault = Callable[[Site], None]


def hold(site: Site) -> None:
    site.proxy.down.is_held = True


def crawl(site: Site) -> None:
    site.proxy.down.rate = 5


def refuse(site: Site) -> None:
    site.proxy.refuse()
    site.proxy.drop()


def lie(site: Site) -> None:
    """Every byte is another one, so no answer is one of the protocol's."""
    site.proxy.down.alter = lambda piece: bytes(byte ^ 0x80 for byte in piece)


def clear(site: Site) -> None:
    site.proxy.clear()


FAULTS: dict[str, tuple[Fault, Fault]] = {
    "hung": (lambda site: site.server.pause(), lambda site: site.server.resume()),
    "held": (hold, clear),
    "slow": (crawl, clear),
    "refusing": (refuse, clear),
    "lying": (lie, clear),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(site: Site, name: str) -> None:
    """Errors while it lasts, all of them Pinyon's; no wrong value, then or later."""
    begin, end = FAULTS[name]
    with Load(site.client) as load:
        load.until_served()
        begin(site)
        load.until_felt()
        end(site)
        load.until_served()


def test_restarted_empty(site: Site) -> None:
    with Load(site.client, may_lose=True) as load:
        load.until_served()
        site.server.kill()
        load.until_felt()
        site.server.restart()
        load.until_served()


@pytest.mark.parametrize("after", [0, 1, 7, 200])
@pytest.mark.parametrize("way", ["cut", "half_close"])
def test_connection_ends_in_a_reply(site: Site, way: str, after: int) -> None:
    """One lost connection is nobody's error: what is safe to repeat is repeated."""
    with Load(site.client) as load:
        load.until_served()
        for times in range(1, 6):
            dialled = site.proxy.accepted
            getattr(site.proxy.down, way)(after=after)
            until(lambda more=dialled: site.proxy.accepted > more, f"dial {times}")
            load.until_served()
    assert load.account.errors.total() == 0


def test_connections_are_reset(site: Site) -> None:
    with Load(site.client) as load:
        for _ in range(10):
            load.until_served(50)
            site.proxy.drop()
    assert load.account.errors.total() == 0


def test_slow_is_only_slow(site: Site) -> None:
    site.proxy.down.delay = 0.02
    with Load(site.client) as load:
        load.until_served(100)
    assert load.account.errors.total() == 0
