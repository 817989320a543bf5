"""client_peer - the pure files of src/client, run beside real servers.

`shake` makes the handshake over a socket that the test goes on using; `keys_of` tells
where our table sees the keys of commands.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 20


def program() -> Path:
    """Built from client_peer.c, or a skip that says what is missing."""
    folders = [os.environ.get("PINYON_BUILD", ""), "build", "build-asan"]
    for folder in filter(None, folders):
        found = ROOT / folder / "tests/interop/client_peer"
        if found.exists():
            return found
    pytest.skip("client_peer is not built: make build, or PINYON_BUILD=its directory")


def shake(link: socket.socket, **options: object) -> str:
    """How the handshake went: "done protocol=3 ...", or a code and the server's words.
    Nothing behind the last reply was read."""
    link.settimeout(None)  # the program shares the socket, which must not turn it away
    words = [f"{name}={value}" for name, value in options.items()]
    done = subprocess.run(
        [program(), "hello", *words],
        stdin=link.fileno(),
        capture_output=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    link.settimeout(SECONDS)
    return done.stdout.decode().strip()


def encoded(words: Sequence[str]) -> bytes:
    head = b"*%d\r\n" % len(words)
    return head + b"".join(
        b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words
    )


def keys_of(commands: Sequence[Sequence[str]]) -> list[list[str]]:
    """The keys that we see in each of COMMANDS."""
    done = subprocess.run(
        [program(), "commands"],
        input=b"".join(map(encoded, commands)),
        capture_output=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    lines = done.stdout.decode().splitlines()
    assert len(lines) == len(commands)
    return [
        [command[int(at)] for at in line.split()[1:]]
        for command, line in zip(commands, lines, strict=True)
    ]
