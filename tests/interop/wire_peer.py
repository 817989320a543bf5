"""wire_peer - a real server on a free port, and src/wire as a program beside it.

Requests are composed by our C code, sent as they are, and what the server says is read
by our C code: `Peer.talk` answers with the lines of tests/support/trace.h. Servers are
children of the test, end with it and keep nothing.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEADLINE_S = 15


def wire_read() -> Path:
    """The program built from tests/wire, or a skip that says what is missing."""
    folders = [os.environ.get("PINYON_BUILD", ""), "build", "build-asan"]
    for folder in filter(None, folders):
        program = ROOT / folder / "tests/wire/wire_read"
        if program.exists():
            return program
    pytest.skip("wire_read is not built: make build, or PINYON_BUILD=its directory")


def through(parser: str, data: bytes, *, again: bool = False) -> bytes:
    """DATA as PARSER of wire_read reads it, or composes it once more."""
    options = ["--again"] if again else []
    command = [wire_read(), *options, parser]
    done = subprocess.run(command, input=data, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stdout.decode(errors="replace")
    return done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """COMMAND as a child that listens on PORT; killed by its id at the end."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed: tools/setup interop")
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + DEADLINE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert child.poll() is None, f"{command[0]} ended at once"
                assert time.monotonic() < end, f"{command[0]} does not listen"
                time.sleep(0.02)
        yield
    finally:
        child.kill()
        child.wait(DEADLINE_S)


@dataclass
class Peer:
    """One connection, and the parsers for both of its directions."""

    socket: socket.socket
    of_client: str
    of_server: str

    def talk(self, asked: bytes, until: str, *, same: bool = True) -> list[str]:
        """ASKED, composed by us, and the answer up to the line UNTIL stands in."""
        self.socket.sendall(through(self.of_client, asked, again=True))
        return self.listen(until, same=same)

    def listen(self, until: str, *, same: bool = True) -> list[str]:
        """What comes, up to UNTIL. SAME: we would say it in the very same bytes."""
        said = b""
        while True:
            self.socket.settimeout(DEADLINE_S)
            more = self.socket.recv(1 << 16)
            assert more, f"the server closed after {said!r}"
            said += more
            lines = through(self.of_server, said).decode().splitlines()
            assert not any(line.startswith("malformed") for line in lines), said
            if not lines[-1].endswith(" left") and any(until in x for x in lines):
                assert not same or through(self.of_server, said, again=True) == said
                return [line.strip() for line in lines]


@contextmanager
def peer(port: int, of_client: str, of_server: str) -> Iterator[Peer]:
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as link:
        yield Peer(link, of_client, of_server)
