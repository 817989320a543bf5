"""``python -m pinyon``: look after the shared stores of this host, and at fleets."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from . import Cache, CacheError, ConfigError, client_cli, destroy, ring_cli
from .dsn import visible

EPILOG = """\
A shared store is a file of a memory file system, by default in /dev/shm. It stays
when its processes end, warm for the next, until the host restarts or `rm` removes it.

  python -m pinyon ls                what there is, how full, and who uses it
  python -m pinyon stats shop        all counters of one store
  python -m pinyon stats shop --json ... for programs
  python -m pinyon check shop        checks every invariant; exit status 1 when one is
                                     broken
  python -m pinyon rm shop           removes the name; processes that have the store
                                     open go on with what they have, unseen by new ones

Names are those of the URL: shm://shop is `shop`.

Fleets, by the URL of their pinyon.Client:

  python -m pinyon ping redis://localhost:6379
  python -m pinyon nodes redis+cluster://h1:6379,h2:6379
  python -m pinyon ring 'memcached://h1:11211,h2:11211?place=libketama'

`python -m pinyon COMMAND --help` has more.
"""

NODES = "`python -m pinyon nodes URL`"

#: What the file of a store is called: this and its name.
PREFIX = "pinyon."

#: The counters that a person asks for first, and what they are called.
BRIEF = {
    "items": "items",
    "bytes": "bytes of items",
    "hits": "hits",
    "misses": "misses",
    "sets": "writes",
    "deletes": "deletes",
    "evicted": "evicted for room",
    "expired": "expired",
    "skipped": "writes skipped, lock not free",
    "leases": "loads begun",
    "lease_takeovers": "... taken over from dead or late processes",
    "fenced": "... not stored, invalidated meanwhile",
    "recoveries": "repairs after a writer's death",
    "wipes": "... that emptied a shard",
    "condemned": "shards out of service",
    "processes": "processes that have it open",
}


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0 good, 1 something is wrong with a store, 2 wrong usage."""
    args = _parser().parse_args(argv)
    try:
        status: int = args.run(args)
    except CacheError as error:
        print(f"pinyon: {error}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pinyon",
        description="Looks after the shared stores of this host, and at fleets.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--dir",
        type=_directory,
        default="/dev/shm",
        help="where the stores are (%(default)s)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, help_ in (
        ("ls", _ls, "list the stores"),
        ("stats", _stats, "counters of one store"),
        ("check", _check, "check every invariant of one store"),
        ("rm", _rm, "remove one store"),
    ):
        command = commands.add_parser(name, help=help_, description=help_)
        command.set_defaults(run=run)
        if name != "ls":
            command.add_argument("name", help="of the store, as in shm://NAME")
        if name == "stats":
            command.add_argument("--json", action="store_true", help="for programs")
    ring_cli.add_command(commands)
    client_cli.add_commands(commands)
    return parser


def _directory(text: str) -> str:
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no directory")
    return text


def _name(text: str) -> str:
    """The name of a store, which may be given as its URL."""
    scheme, sign, rest = text.partition("://")
    if not sign or scheme == "shm":
        return rest.rstrip("/") if sign else text
    raise ConfigError(
        f"{visible(text)!r}: ls, stats, check and rm look after the stores of this"
        f" host, by name; a fleet is shown by {NODES}"
    )


def _open(args: argparse.Namespace, name: str) -> Cache:
    return Cache(f"shm://{name}", create=False, dir=args.dir)


def names(directory: str) -> list[str]:
    """The stores in a directory, by name."""
    return sorted(
        entry.name.removeprefix(PREFIX)
        for entry in os.scandir(directory)
        if entry.name.startswith(PREFIX) and entry.is_file(follow_symlinks=False)
    )


def _ls(args: argparse.Namespace) -> int:
    status = 0
    print(
        f"{'NAME':24} {'SIZE':>9} {'ITEMS':>10} {'FULL':>5} {'HITS':>6} {'USED BY':>8}"
    )
    for name in names(args.dir):
        try:
            with _open(args, name) as cache:
                print(_row(name, cache.stats()["store"]))
        except CacheError as error:
            print(f"{name:24} {error}")
            status = 1
    return status


def _row(name: str, store: Any) -> str:
    asked = store["hits"] + store["misses"]
    hits = f"{100 * store['hits'] / asked:.1f}%" if asked else "-"
    full = f"{100 * store['bytes'] / store['size']:.0f}%"
    size = f"{store['size'] / (1 << 20):.0f} MiB"
    return (
        f"{name:24} {size:>9} {store['items']:>10} {full:>5} {hits:>6}"
        f" {store['processes'] - 1:>8}"
    )


def _stats(args: argparse.Namespace) -> int:
    with _open(args, _name(args.name)) as cache:
        stats: Any = cache.stats()["store"]
    if args.json:
        print(json.dumps(stats, indent=2))
        return 0
    for key, label in BRIEF.items():
        number = stats[key] - (key == "processes")
        print(f"{number:>16}  {label}")
    return 0


def _check(args: argparse.Namespace) -> int:
    with _open(args, _name(args.name)) as cache:
        cache.check()
    print(f"{args.name}: every invariant holds")
    return 0


def _rm(args: argparse.Namespace) -> int:
    destroy(_name(args.name), dir=args.dir)
    return 0


if __name__ == "__main__":
    sys.exit(main())
