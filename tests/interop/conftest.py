"""What the comparisons with other programs share: keys, fake servers, nothing left."""

from __future__ import annotations

import random
import socketserver
import threading
from collections.abc import Iterator

import pytest

KEYS = 10_000
ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:._-/{}|#"


@pytest.fixture(scope="session")
def random_keys() -> list[str]:
    """Distinct ASCII keys of 1 to 60 characters that memcached takes; no chance."""
    rng = random.Random(20)
    found: dict[str, None] = {}
    while len(found) < KEYS:
        length = rng.choice((1, 2, 3, 8, 16, 31, 60))
        found["".join(rng.choices(ALPHABET, k=length))] = None
    return list(found)


@pytest.fixture(scope="session")
def wide_keys(random_keys: list[str]) -> list[str]:
    """The same number of keys with characters beyond ASCII, UTF-8 of 2 to 4 bytes."""
    rng = random.Random(21)
    return [key + rng.choice("éß日本🦜€") + key[:3] for key in random_keys]


class _Handler(socketserver.StreamRequestHandler):
    """Answers `get` with a miss and notes each key: enough for a client."""

    server: FakeMemcached

    def handle(self) -> None:
        while line := self.rfile.readline():
            command, *rest = line.split()
            if command in (b"get", b"gets"):
                self.server.keys.update(rest)
                self.wfile.write(b"END\r\n")
            elif command == b"set":
                self.rfile.read(int(rest[3]) + 2)
                self.server.keys.add(rest[0])
                self.wfile.write(b"STORED\r\n")
            elif command == b"version":
                self.wfile.write(b"VERSION 1.6.18\r\n")
            else:
                self.wfile.write(b"ERROR\r\n")


class FakeMemcached(socketserver.ThreadingTCPServer):
    """A server that remembers which keys it was asked for."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys: set[bytes] = set()
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join()


@pytest.fixture
def fakes() -> Iterator[list[FakeMemcached]]:
    servers = [FakeMemcached() for _ in range(5)]
    yield servers
    for server in servers:
        server.stop()
