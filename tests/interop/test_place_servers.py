"""Placement against running servers: nutcracker in front of fakes, redis-server."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pinyon
import pytest

from tests.servers import process

from .conftest import FakeMemcached

HASHES = [
    "one_at_a_time",
    "md5",
    "crc16",
    "crc32",
    "crc32a",
    "fnv1_64",
    "fnv1a_64",
    "fnv1_32",
    "fnv1a_32",
    "murmur",
    "jenkins",
]


def program(name: str) -> str:
    try:
        return process.program(name)
    except process.ServerError as error:
        pytest.skip(str(error))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[socket.socket]:
    """A server of ours, up, and a connection to it; stopped by its own handle."""
    log = (folder / "log").open("wb")
    server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 20
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", port), timeout=20)
                break
            except OSError:
                assert server.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < end, "the server never listened"
                time.sleep(0.02)
        with connection:
            yield connection
    finally:
        server.kill()
        server.wait()
        log.close()


def ask(
    connection: socket.socket, lines: list[bytes], is_end: Callable[[bytes], bool]
) -> bytes:
    """Sends in pieces that no buffer on the way refuses; all that came back."""
    reply = b""
    for start in range(0, len(lines), 200):
        part = lines[start : start + 200]
        connection.sendall(b"".join(part))
        got = b""
        while not is_end(got) or got.count(b"\n") < len(part):
            piece = connection.recv(1 << 16)
            assert piece, "the server hung up"
            got += piece
        reply += got
    return reply


TWEMPROXY = """\
pool:
  listen: 127.0.0.1:{port}
  hash: {hash}
  distribution: {distribution}
  auto_eject_hosts: false
  {tag}
  servers:
{servers}
"""


@pytest.mark.parametrize("hash_", HASHES)
@pytest.mark.parametrize("distribution", ["ketama", "modula"])
@pytest.mark.parametrize("is_named", [False, True])
def test_twemproxy(
    fakes: list[FakeMemcached],
    random_keys: list[str],
    tmp_path: Path,
    hash_: str,
    distribution: str,
    is_named: bool,
) -> None:
    nutcracker = program("nutcracker")
    weights = [3, 1, 4, 1, 5] if is_named else [1, 2, 1, 1, 2]
    names = ["10.0.1.1", "cache-two", "10.0.1.3:11212", "b", "a"]
    tag = "{}" if is_named else None
    servers, nodes = [], []
    for fake, weight, name in zip(fakes, weights, names, strict=True):
        servers.append(f"   - {fake.name}:{weight}" + (f" {name}" if is_named else ""))
        nodes.append(fake.name + (f" {name}" if is_named else ""))
    port, stats = free_port(), free_port()
    (tmp_path / "conf").write_text(
        TWEMPROXY.format(
            port=port,
            hash=hash_,
            distribution=distribution,
            tag='hash_tag: "{}"' if tag else "",
            servers="\n".join(servers),
        )
    )
    command = [nutcracker, "-c", str(tmp_path / "conf"), "-s", str(stats)]
    with running(command, port, tmp_path) as connection:
        lines = [b"get %s\r\n" % key.encode() for key in random_keys]
        ask(connection, lines, lambda got: got.endswith(b"END\r\n"))
    ring = pinyon.HashRing(
        nodes,
        weights,
        place="twemproxy",
        hash=hash_,
        distribution=distribution,
        hash_tag=tag,
    )
    want: dict[str | None, set[bytes]] = {node: set() for node in nodes}
    for key in random_keys:
        want[ring.get_node(key)].add(key.encode())
    for fake, node in zip(fakes, nodes, strict=True):
        assert fake.keys == want[node]


def test_redis_slots(
    random_keys: list[str], wide_keys: list[str], tmp_path: Path
) -> None:
    redis = program("redis-server")
    port = free_port()
    command = [redis, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    command += ["--cluster-enabled", "yes", "--cluster-port", str(free_port())]
    keys = [key.encode() for key in random_keys + wide_keys]
    keys += [b"{" * a + b"x" + b"}" * c + b"y{z}" for a in range(9) for c in range(9)]
    with running(command, port, tmp_path) as connection:
        lines = [
            b"*3\r\n$7\r\nCLUSTER\r\n$7\r\nKEYSLOT\r\n$%d\r\n%s\r\n" % (len(key), key)
            for key in keys
        ]
        reply = ask(connection, lines, lambda got: got.endswith(b"\r\n"))
    ring = pinyon.HashRing(["a", "b"], place="redis-cluster")
    slots = [int(line[1:]) for line in reply.split()]
    assert slots == [ring.slot(key) for key in keys]
