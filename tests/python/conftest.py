"""What the tests share: caches on every backend, own names, nothing left behind.

A test that takes `cache` or `url` runs on each of BACKENDS; one that is marked
`host_only` on those of this host, one marked `far_only` on the others, and one marked
`backends` on those it names.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pinyon
import pytest
from core_clients import Open, opener
from pinyon._core import Client

from tests.servers import CALM, Cluster, Memcached, Redis, Sentinels

SHM = Path("/dev/shm")
_numbers = itertools.count()


def names_left() -> list[str]:
    """Files of this process's tests in the memory file system."""
    return sorted(p.name for p in SHM.iterdir() if f"test-{os.getpid()}-" in p.name)


def new_name() -> str:
    return f"test-{os.getpid()}-{next(_numbers)}"


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Returns when the condition holds; fails when it never does. Never a sleep that
    hopes: how long it takes is nobody's business."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.002)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    assert names_left() == []


@pytest.fixture
def region() -> Iterator[str]:
    """A name for a shared store; removed afterwards, if it is there."""
    name = new_name()
    yield name
    with contextlib.suppress(pinyon.RegionAbsent):
        pinyon.destroy(name)


HOST_BACKENDS = ("mem", "shm")
FAR_BACKENDS = (
    "redis",
    "valkey",
    "cluster",
    "sentinels",
    "memcacheds",
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "host_only: on mem:// and shm:// only")
    config.addinivalue_line("markers", "far_only: on engines elsewhere only")
    config.addinivalue_line("markers", "backends(*names): on these only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "url" in metafunc.fixturenames:
        marks = {mark.name: mark for mark in metafunc.definition.iter_markers()}
        host = () if "far_only" in marks else HOST_BACKENDS
        far = () if "host_only" in marks else FAR_BACKENDS
        only = marks["backends"].args if "backends" in marks else host + far
        metafunc.parametrize("url", only, indirect=True)


@pytest.fixture(scope="session")
def _sentinels() -> Iterator[Sentinels]:
    with Sentinels(replicas=1, down_after=CALM) as fleet:
        yield fleet


@pytest.fixture
def sentinels(_sentinels: Sentinels) -> Sentinels:
    """A shared primary with a replica and sentinels, empty."""
    _sentinels.primary.call("FLUSHALL")
    return _sentinels


def url_of(backend: str, server: Any) -> str:
    """The URL of a server, or a fleet, that a fixture made."""
    if backend == "cluster":
        return f"redis+cluster://{','.join(server.addresses[:3])}?timeout=20&flush=yes"
    if backend == "sentinels":
        hosts = ",".join(server.addresses)
        return f"redis+sentinel://{hosts}/{server.name}/0?timeout=20&flush=yes"
    if backend == "memcacheds":
        return f"memcached://{','.join(s.address for s in server)}?timeout=20&flush=yes"
    return f"{backend}://{server.address}/0?timeout=20&flush=yes"


@pytest.fixture
def url(request: pytest.FixtureRequest, region: str) -> str:
    if request.param == "mem":
        return "mem://?size=8MiB"
    if request.param == "shm":
        return f"shm://{region}?size=8MiB"
    return url_of(request.param, request.getfixturevalue(request.param))


@pytest.fixture
def cache(url: str) -> Iterator[pinyon.Cache]:
    with pinyon.Cache(url) as opened:
        yield opened


class Calls(list):
    """A function's calls, in order."""

    def wrap(self, result: Callable = lambda *a: a[0] if a else None) -> Callable:
        def function(*args: object) -> object:
            self.append(args)
            return result(*args)

        return function


@pytest.fixture
def calls() -> Calls:
    return Calls()


# ---- Clients of the C extension ------------------------------------------------------


@pytest.fixture
def connect() -> Iterator[Open]:
    """Opens clients of servers, closed after the test."""
    with contextlib.ExitStack() as stack:
        yield opener(stack)


@pytest.fixture
def core(connect: Open, redis: Redis) -> Client:
    """A client of the shared Redis."""
    return connect(redis)


@pytest.fixture
def mc(connect: Open, memcached: Memcached) -> Client:
    return connect(memcached, engine="memcached", kind="hash", place="libketama")


@pytest.fixture
def mcs(connect: Open, memcacheds: list[Memcached]) -> Client:
    return connect(*memcacheds, engine="memcached", kind="hash", place="libketama")


@pytest.fixture
def clustered(connect: Open, cluster: Cluster) -> Client:
    return connect(*cluster.primaries, kind="cluster")
