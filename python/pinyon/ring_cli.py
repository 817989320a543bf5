"""``python -m pinyon ring URL...``: who owns what of a fleet, what a change moves.

One URL: each node's share, what moves when it is removed, and what moves when a node is
added. Two URLs: what moves on the way from the first fleet to the second.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from ._core import ConfigError
from .dsn import Host
from .fleet import parse_where, placed
from .fleet_options import ALIASES, OPTIONS
from .ring import HashRing, RingDiff
from .ring_picture import draw_moves, draw_shares
from .url import EVERYWHERE

__all__ = ["add_command", "parse_fleet"]

EPILOG = """\
  python -m pinyon ring 'memcached://10.0.1.1:11211,10.0.1.2:11211:3?place=libketama'
  python -m pinyon ring 'memcached://a,b,c?place=slots' 'memcached://a,b?place=slots'

A node is host, host:port or host:port:weight. The query takes place= (slots when there
is none) and the options of pinyon.HashRing, such as hash=, distribution=, hash_tag=.
"""

_NUMBERS = ("seed", "points", "slots", "replicas")
_FLAGS = ("arm", "zero_is_one", "bytes_keys")
#: What the URL of a client or a cache says beside the placement.
_OF_PLACE = {*_NUMBERS, *_FLAGS, "place", "epsilon", "hash", "distribution", "hash_tag"}
_OTHERS = {*OPTIONS, *ALIASES, *EVERYWHERE, "flush"} - _OF_PLACE - {"salt"}
_BAR = 32  # characters of the longest bar


def add_command(commands: Any) -> None:
    """Adds ``ring`` to the subcommands of ``python -m pinyon``."""
    command = commands.add_parser(
        "ring",
        help="who owns how much of a fleet, and what a change moves",
        description="Who owns how much of a fleet, and what a change moves.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("url", nargs="+", help="one fleet, or one and the next")
    command.add_argument(
        "--picture", metavar="FILE", help="draw it too: FILE.svg, .png ... (matplotlib)"
    )
    command.set_defaults(run=_run)


def parse_fleet(url: str, previous: HashRing | None = None) -> HashRing:
    """The ring of a fleet's URL. ``previous`` is the table that slots depart from."""
    hosts, query = parse_where(url)
    is_cluster = url.partition("://")[0].lower().endswith("+cluster")
    options = {"place": "redis-cluster" if is_cluster else "slots"} | _options(query)
    weights = _named(placed(hosts, options["place"]), query.get("names"))
    if options["place"] == "slots" and previous is not None:
        options["previous"] = previous if previous.place == "slots" else None
    return HashRing(list(weights), weights, **options)


def _named(hosts: list[Host], names: str | None) -> dict[str, float]:
    """By the names that a client places keys by: those of ``names=``, or host:port."""
    given = names.split(",") if names else []
    if names and len({*given}) != len(hosts):
        raise ConfigError(f"names={names!r}: give one for each of {len(hosts)} nodes")
    if not names:
        given = [f"{h.host}:{h.port}" if h.port else h.host for h in hosts]
    weights = [1.0 if h.weight is None else h.weight for h in hosts]
    return dict(zip(given, weights, strict=True))


def _options(query: Mapping[str, str]) -> dict[str, Any]:
    """Those of the placement: what else a client's URL may say does not matter."""
    options: dict[str, Any] = {}
    for name, value in query.items():
        if name in _OTHERS:
            continue
        try:
            if name in _NUMBERS:
                options[name] = int(value)
            elif name == "epsilon":
                options[name] = float(value)
            elif name in _FLAGS:
                options[name] = value.lower() in ("1", "true", "yes", "on")
            else:
                options[name] = value
        except ValueError:
            raise ConfigError(f"{name}={value!r}: give a number") from None
    return options


def _run(args: argparse.Namespace) -> int:
    if len(args.url) > 2:
        raise ConfigError("give one URL, or two to compare")
    ring = parse_fleet(args.url[0])
    if len(args.url) == 2:
        new = parse_fleet(args.url[1], ring)
        print(_moves(ring, new))
        if args.picture:
            diff = ring.diff(new)
            draw_moves(args.picture, _summary(diff), diff.moves)
    else:
        print(_shares(ring, args.url[0]))
        if args.picture:
            title = f"place={ring.place}, {len(ring)} nodes"
            draw_shares(args.picture, title, ring.share())
    return 0


def _bar(part: float, whole: float) -> str:
    """A bar of eighths: the picture of a part, the whole being the longest."""
    eighths = round(8 * _BAR * part / whole) if whole else 0
    full, rest = divmod(eighths, 8)
    return ("█" * full + " ▏▎▍▌▋▊▉"[rest]).rstrip().ljust(_BAR)


def _again(ring: HashRing, url: str, weights: Mapping[str, float]) -> HashRing:
    """The same fleet with other nodes."""
    options = _options(parse_where(url)[1])
    options["place"] = ring.place
    if ring.place == "slots":
        options["previous"] = ring
    return HashRing(list(weights), weights, **options)


def _shares(ring: HashRing, url: str) -> str:
    shares = ring.share()
    width = max(len("NODE"), *map(len, shares))
    top = max(shares.values())
    lines = [
        f"place={ring.place}, {len(ring)} nodes",
        "",
        f"{'NODE':{width}} {'WEIGHT':>6} {'SHARE':>7}  {'':{_BAR}}"
        f" {'IF REMOVED, MOVED':>17}"
        f" {'BETWEEN OTHERS':>15}",
    ]
    for name, part in shares.items():
        row = f"{name:{width}} {ring.weights[name]:>6g} {part:>7.2%}  {_bar(part, top)}"
        if len(ring) > 1:
            rest = {n: w for n, w in ring.weights.items() if n != name}
            diff = ring.diff(_again(ring, url, rest))
            row += f" {diff.moved:>17.2%} {diff.collateral:>15.2%}"
        lines.append(row)
    mean = sum(shares.values()) / len(shares)
    if len(set(ring.weights.values())) == 1:
        lines += ["", f"the fullest node has {top / mean:.2f} times the mean"]
    new = next(n for i in range(99) if (n := f"new-node-{i}:11211") not in shares)
    more = ring.diff(_again(ring, url, {**ring.weights, new: 1}))
    lines += ["", f"one node more: {_summary(more)}"]
    return "\n".join(lines)


def _summary(diff: RingDiff) -> str:
    return (
        f"{diff.moved:.2%} of the keys move,"
        f" {diff.collateral:.2%} between nodes that stay"
    )


def _moves(old: HashRing, new: HashRing) -> str:
    diff = old.diff(new)
    lines = [
        f"from place={old.place}, {len(old)} nodes"
        f" to place={new.place}, {len(new)} nodes",
        _summary(diff),
    ]
    if diff.slots is not None:
        lines.append(f"{len(diff.slots)} slots change their owner")
    if diff.moves:
        width = max(len(name) for pair in diff.moves for name in pair)
        top = next(iter(diff.moves.values()))
        lines += ["", f"{'FROM':{width}} {'TO':{width}} {'KEYS':>7}"]
        lines += [
            f"{old_:{width}} {new_:{width}} {part:>7.2%}  {_bar(part, top)}".rstrip()
            for (old_, new_), part in diff.moves.items()
        ]
    return "\n".join(lines)
