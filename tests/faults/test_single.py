"""One node, redis-server or memcached, behind a proxy: every way it can fail."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pinyon
import pytest

from tests.servers import Memcached, Proxy, Redis, until

from .load import PATIENT, Load


@dataclass
class Site:
    """A node, the proxy its clients go through, and a client."""

    server: Redis | Memcached
    proxy: Proxy
    client: Any


@contextlib.contextmanager
def site_of(kind: str, timeout: float) -> Iterator[Site]:
    made: Redis | Memcached = Redis() if kind == "redis" else Memcached()
    probes = {} if kind == "redis" else {"probe_min": 0.05, "probe_max": 0.2}
    with (
        made as server,
        Proxy(server.port) as proxy,
        pinyon.Client(f"{kind}://{proxy.address}", timeout=timeout, **probes) as client,
    ):
        yield Site(server, proxy, client)


engines = pytest.fixture(params=["redis", "memcached"])


@engines
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Whose client soon gives up."""
    with site_of(request.param, 0.5) as made:
        yield made


@engines
def patient(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Whose client has time: for who wants no error of a machine that is slow."""
    with site_of(request.param, PATIENT) as made:
        yield made


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
def test_connection_ends_in_a_reply(patient: Site, way: str, after: int) -> None:
    """One lost connection is nobody's error: what is safe to repeat is repeated."""
    proxy = patient.proxy
    with Load(patient.client) as load:
        load.until_served()
        for times in range(1, 6):
            dialled = proxy.accepted
            getattr(proxy.down, way)(after=after)
            until(lambda more=dialled: proxy.accepted > more, f"dial {times}")
            load.until_served()
    assert load.account.errors.total() == 0


def test_connections_are_reset(patient: Site) -> None:
    with Load(patient.client) as load:
        for _ in range(10):
            load.until_served(50)
            patient.proxy.drop()
    assert load.account.errors.total() == 0


def test_slow_is_only_slow(patient: Site) -> None:
    patient.proxy.down.delay = 0.02
    with Load(patient.client) as load:
        load.until_served(100)
    assert load.account.errors.total() == 0
