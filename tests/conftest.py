"""Servers as fixtures: those of tests/servers, in folders that pytest keeps.

A test that harms its server, or needs one with settings, starts its own:

    def test_failover(serve):
        fleet = serve(Sentinels(down_after=500))

The others share one for the whole run, which is emptied for each test.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from tests.servers import (
    Certificates,
    Cluster,
    Memcached,
    Proxy,
    Redis,
    Sentinels,
    Server,
)

Started = TypeVar("Started", bound=Server | Cluster | Sentinels | Proxy)


def pytest_configure(config: pytest.Config) -> None:
    """Shells start what runs in the background with SIGINT ignored; the programs that
    tests interrupt would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def serve() -> Iterator[Callable[[Started], Started]]:
    """Starts what it is given, and stops it after the test."""
    with contextlib.ExitStack() as stack:

        def start(server: Started) -> Started:
            stack.enter_context(server)
            return server

        yield start


@pytest.fixture(scope="session")
def certificates() -> Iterator[Certificates]:
    made = Certificates()
    yield made
    made.close()


@pytest.fixture(scope="session")
def _redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture(scope="session")
def _valkey() -> Iterator[Redis]:
    with Redis("valkey") as server:
        yield server


@pytest.fixture(scope="session")
def _memcached() -> Iterator[Memcached]:
    with Memcached() as server:
        yield server


@pytest.fixture(scope="session")
def _memcacheds() -> Iterator[list[Memcached]]:
    with Memcached() as one, Memcached() as two, Memcached() as three:
        yield [one, two, three]


@pytest.fixture(scope="session")
def _cluster() -> Iterator[Cluster]:
    with Cluster(is_calm=True) as cluster:
        yield cluster


@pytest.fixture
def redis(_redis: Redis) -> Redis:
    """A shared redis-server, empty. Do not change its settings."""
    _redis.call("FLUSHALL")
    return _redis


@pytest.fixture
def valkey(_valkey: Redis) -> Redis:
    """A shared valkey-server, empty. Do not change its settings."""
    _valkey.call("FLUSHALL")
    return _valkey


@pytest.fixture
def memcached(_memcached: Memcached) -> Memcached:
    """A shared memcached, empty."""
    _memcached.clear()
    return _memcached


@pytest.fixture
def memcacheds(_memcacheds: list[Memcached]) -> list[Memcached]:
    """Three shared memcacheds, empty."""
    for server in _memcacheds:
        server.clear()
    return _memcacheds


@pytest.fixture
def cluster(_cluster: Cluster) -> Cluster:
    """A shared cluster of 3 + 3, empty. Do not change who owns what."""
    for primary in _cluster.primaries:
        primary.call("FLUSHALL")
    return _cluster
