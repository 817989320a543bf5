"""``python -m pinyon ping URL`` and ``nodes URL``: is a fleet there, and how is it?"""

from __future__ import annotations

import argparse
import time
from typing import Any

from . import _core
from ._core import CacheError
from .client import Client, Node

__all__ = ["add_commands"]

EPILOG = """\
  python -m pinyon ping redis://localhost:6379
  python -m pinyon nodes redis+cluster://10.0.1.1:6379,10.0.1.2:6379
  python -m pinyon nodes 'memcached://10.0.1.1:11211,10.0.1.2:11211?place=libketama'

A URL is that of pinyon.Client: with a password, percent-encoded, and any options.
"""

_SLOTS = 16384


def add_commands(commands: Any) -> None:
    """Adds ``ping`` and ``nodes`` to the subcommands of ``python -m pinyon``."""
    for name, run, help_ in (
        ("ping", _ping, "ask a fleet whether it is there"),
        ("nodes", _nodes, "list the servers of a fleet: role, health, share, latency"),
    ):
        command = commands.add_parser(
            name,
            help=help_,
            description=help_,
            epilog=EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_argument("url", help="of the fleet")
        command.set_defaults(run=run)
        if name == "ping":
            command.add_argument(
                "-c", "--count", type=int, default=3, help="how often (%(default)s)"
            )


def _ping(args: argparse.Namespace) -> int:
    with Client(args.url) as client:
        for _ in range(max(1, args.count)):
            begun = time.perf_counter()
            client.ping()
            took = time.perf_counter() - begun
            print(f"{client.url}: pong in {took * 1000:.2f} ms")
    return 0


def _nodes(args: argparse.Namespace) -> int:
    with Client(args.url) as client:
        client.ping()  # so that the nodes are known
        latency = {n.number: _latency(client, n) for n in _servers(client)}
        rows = [_row(node, latency.get(node.number, "-")) for node in _servers(client)]
    head = ("NODE", "ROLE", "HEALTH", "SHARE", "LATENCY")
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = [
            text.ljust(width) if at < 3 else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
    return 0 if all(row[4].endswith("ms") for row in rows) else 1


def _servers(client: Client[Any]) -> list[Node]:
    """Those that have keys, as they are now."""
    return [n for n in client.nodes() if n.role not in ("sentinel", "seed")]


def _row(node: Node, latency: str) -> tuple[str, str, str, str, str]:
    share = f"{node.slots / _SLOTS:.1%}" if node.slots else "-"
    return node.address, node.role, node.health, share, latency


def _latency(client: Client[Any], node: Node) -> str:
    """Of the quicker of two pings, for the first may have to connect; or what is wrong
    with it, such as NOAUTH."""
    word = "PING" if client._settings["engine"] == "redis" else "version"
    took = []
    for _ in range(2):
        begun = time.perf_counter()
        try:
            (reply,) = client._run([(word,)], 2.0, node=node.number)
        except CacheError as error:
            reply = error
        if isinstance(reply, _core.ConnectionError | _core.TimeoutError):
            return "no answer"
        if isinstance(reply, Exception):
            return getattr(reply, "kind", None) or type(reply).__name__
        took.append(time.perf_counter() - begun)
    return f"{min(took) * 1000:.2f} ms"
