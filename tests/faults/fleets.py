"""One node, a cluster, memcached: clients, and what the servers see of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pinyon
import pytest

from tests.servers import Memcached, Redis, until

KINDS = ("redis", "cluster", "memcached")
NAME = "faults"  # of our connections, as CLIENT LIST shows them


def connections_to(port: int) -> set[str]:
    """Of this process and others: the near ends of those that are established."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {r[1] for r in rows if r[2].endswith(f":{port:04X}") and r[3] == "01"}


class Fleet:
    """Servers that a test harms by its clients alone."""

    def __init__(self, kind: str, url: str, servers: Sequence[Redis | Memcached]):
        self.kind = kind
        self.url = url
        self.servers = servers

    def connect(self, **options: Any) -> Any:
        if self.kind != "memcached":
            options.setdefault("client_name", NAME)
        return pinyon.Client(self.url, **options)

    # ---- what the servers say; of memcached's, whose threads count one that was closed
    # ---- until they come to it, the kernel

    def _connections(self, server: Redis | Memcached) -> int:
        if isinstance(server, Redis):
            return len(self._named(server))
        return len(connections_to(server.port))

    def _named(self, server: Redis) -> set[int]:
        listed = server.call("CLIENT", "LIST")
        assert isinstance(listed, bytes)
        found = set()
        for line in listed.decode().splitlines():
            fields = dict(word.partition("=")[::2] for word in line.split())
            if fields.get("name") == NAME:
                found.add(int(fields["id"]))
        return found

    def connections(self) -> int:
        """How many are open, to all servers together."""
        return sum(self._connections(server) for server in self.servers)

    def ids(self) -> set[tuple[str, int]]:
        """The open connections themselves (not of memcached)."""
        found = set()
        for server in self.servers:
            assert isinstance(server, Redis)
            found |= {(server.address, number) for number in self._named(server)}
        return found

    def until_left(self, count: int = 0) -> None:
        """Returns when COUNT connections are open, no more."""
        until(lambda: self.connections() <= count, f"{count} connections", 10)
        assert self.connections() == count

    def until_left_to(self, client: Any) -> None:
        """Returns when those that CLIENT has are open, no others. It is used meanwhile:
        what a loop that is no more was about to open goes then."""

        def are_its() -> bool:
            client.get("k")
            pool = client.stats()["pool"]
            assert pool["taken"] == 0
            return self.connections() == pool["opened"] - pool["closed"]

        until(are_its, "all other connections to be closed", 10)


def fleet_of(kind: str, request: pytest.FixtureRequest) -> Fleet:
    """A shared one, emptied."""
    if kind == "cluster":
        cluster = request.getfixturevalue("cluster")
        url = f"redis+cluster://{','.join(cluster.addresses)}"
        return Fleet(kind, url, cluster.nodes)
    if kind == "memcached":
        servers = request.getfixturevalue("memcacheds")
        return Fleet(
            kind, f"memcached://{','.join(s.address for s in servers)}", servers
        )
    server = request.getfixturevalue("redis")
    return Fleet(kind, f"redis://{server.address}", [server])


@pytest.fixture(params=KINDS)
def fleet(request: pytest.FixtureRequest) -> Fleet:
    return fleet_of(request.param, request)


@pytest.fixture
def client(fleet: Fleet) -> Iterator[Any]:
    with fleet.connect() as opened:
        yield opened
