"""Lookups of Pinyon's two ring classes beside the packages they stand in for,
and how even each policy is.

    python bench/py/bench_ring.py        wants `make interop` once, for the originals

Rounds alternate between the two, so that a noisy machine disturbs both; the ratio of
each round is taken, and the median of the ratios printed.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib.util
import statistics
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pinyon
import uhashring
from pinyon.compat.hash_ring import HashRing as OurDoist
from pinyon.compat.uhashring import HashRing as OurUltra
from pinyon.ring import PLACES

NODES = [f"10.0.1.{i}:11211" for i in range(1, 11)]
KEYS = [f"user:{i}:profile" for i in range(2000)]
ROUNDS = 41


def doist() -> Any:
    """hash_ring 1.3.1, which is Python 2, with the least that makes it run."""
    spec = importlib.util.find_spec("hash_ring")
    if spec is None or spec.origin is None:
        raise SystemExit("hash_ring is not installed: run `make interop` first")
    path = Path(spec.origin).with_name("hash_ring.py")
    module = types.ModuleType("doist")
    module.__dict__["xrange"] = builtins.range
    exec(compile(path.read_text(), str(path), "exec"), module.__dict__)

    class Original(module.HashRing):  # type: ignore[name-defined,misc]
        def _hash_digest(self, key: str) -> bytes:
            return hashlib.md5(key.encode()).digest()

    return Original


def once(get: Callable[[str], Any]) -> float:
    """Nanoseconds a lookup."""
    begin = time.perf_counter_ns()
    for key in KEYS:
        get(key)
    return (time.perf_counter_ns() - begin) / len(KEYS)


def compare(what: str, theirs: Any, ours: Any) -> None:
    pairs = [(once(theirs.get_node), once(ours.get_node)) for _ in range(ROUNDS)]
    ratio = statistics.median(a / b for a, b in pairs)
    old = statistics.median(a for a, _ in pairs)
    new = statistics.median(b for _, b in pairs)
    print(f"{what:34} {old:8.0f} {new:8.0f} {ratio:8.1f}")


def balance(n: int) -> None:
    """The fullest node against the mean; what the loss of one in the middle moves."""
    nodes = [f"10.0.{i}.1:11211" for i in range(n)]
    rest = nodes[: n // 2] + nodes[n // 2 + 1 :]
    ideal = f"ideal {1 / n:.4f}"
    print(f"\n{f'{n} nodes':26} {'max/mean':>8} {'moved':>8} {'others':>8}   ({ideal})")
    for place in PLACES:
        ring = pinyon.HashRing(nodes, place=place)
        table = {"previous": ring} if place == "slots" else {}
        diff = ring.diff(pinyon.HashRing(rest, place=place, **table))
        top = max(ring.share().values()) * n
        print(f"{place:26} {top:8.3f} {diff.moved:8.4f} {diff.collateral:8.4f}")


def main() -> None:
    print(f"{'get_node, 10 nodes, ns':34} {'original':>8} {'pinyon':>8} {'ratio':>8}")
    compare("hash_ring", doist()(NODES), OurDoist(NODES))
    compare("uhashring", uhashring.HashRing(NODES), OurUltra(NODES))
    compare(
        "uhashring, ketama",
        uhashring.HashRing(NODES, hash_fn="ketama"),
        OurUltra(NODES, hash_fn="ketama"),
    )
    for place in ("slots", "libketama", "pymemcache", "maglev", "mcrouter", "jump"):
        ring = pinyon.HashRing(NODES, place=place)
        ns = statistics.median(once(ring.get_node) for _ in range(ROUNDS))
        print(f"HashRing(place={place!r}){'':{17 - len(place)}} {'':8} {ns:8.0f}")
    for n in (10, 48):
        balance(n)


if __name__ == "__main__":
    main()
