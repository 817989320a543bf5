"""Which node owns a key: ``HashRing``, under every policy Pinyon places keys by.

Threads may share a ring; it never changes. To change a fleet make another one, and ask
:meth:`HashRing.diff` what that moves.
"""

from __future__ import annotations

import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from . import _core
from ._core import ConfigError

__all__ = ["PLACES", "HashRing", "RingDiff"]

#: The names that ``place=`` takes.
PLACES = _core.policies()

_FLAGS = {"arm": 1, "zero_is_one": 2, "bytes_keys": 4}
_TEXTS = ("hash", "distribution", "hash_tag", "salt")
_NUMBERS = ("seed", "points", "slots", "replicas")


@dataclass(frozen=True, slots=True)
class RingDiff:
    """What happens to keys when one ring gives way to another.

    ``moves`` maps (from, to) to the part of all keys that goes that way, the largest
    first; nodes are matched by name. ``moved`` is their sum. ``collateral`` is what of
    it moves between nodes that are in both rings. ``slots`` lists (slot, from, to) when
    both rings are tables over the same slots, else it is None.
    """

    moves: dict[tuple[str, str], float]
    moved: float
    collateral: float
    slots: list[tuple[int, str | None, str | None]] | None


class HashRing(_core.Ring):
    """Places keys on nodes, byte for byte as the program that ``place`` names.

    ::

        ring = pinyon.HashRing(["10.0.1.1:11211", "10.0.1.2:11211"], place="libketama")
        ring.get_node("user:7")                 # str keys are UTF-8; bytes as they are

    ``nodes`` are names, in the order of the fleet's configuration; ``weights`` maps
    names to weights (1 where it is silent), or lists one for each. Options by policy:

    ``hash``           pylibmc, modula, twemproxy: the key's hash, such as "murmur"
    ``distribution``   twemproxy: ketama modula. pylibmc: consistent spy. mcrouter: ch3
                       crc32 rendezvous. mcrouter-weighted: ch3 rendezvous
    ``hash_tag``       slots, twemproxy: two characters, "{}": hash what is between
    ``salt``           mcrouter
    ``seed``           slots, jump
    ``points``         uhashring (160), uhashring-ketama (40)
    ``slots``          slots (16384), maglev (65537), couchbase (1024)
    ``replicas``       slots: owners of a slot besides the first
    ``zones``          slots: names to zones; replicas go to other zones
    ``previous``       slots: the ring to depart from, moving as little as can be
    ``table``          redis-cluster, couchbase: an index (or None) for every slot
    ``epsilon``        bounded: by how much a node may exceed its share (0.25)
    ``out``            names to leave out, as the original does with ejected servers
    ``arm``            the fleet's clients run where `char` is unsigned
    ``zero_is_one``    python-memcached before 1.60
    ``bytes_keys``     pymemcache: keys are bytes over there, not str

    A wrong name or value is a :class:`ConfigError`, an option that the policy
    does not have too.
    """

    place: str
    weights: dict[str, float]

    def __new__(
        cls,
        nodes: Iterable[str],
        weights: Mapping[str, float] | Sequence[float] | None = None,
        place: str = "hash_ring",
        **options: Any,
    ) -> Self:
        names = _names(nodes)
        by_name = _weights(names, weights)
        zones, out = (
            options.pop("zones", None) or {},
            set(options.pop("out", None) or ()),
        )
        if zones and place != "slots":
            raise ConfigError(f"{place} has no option zones; slots has")
        number = {zone: i for i, zone in enumerate(dict.fromkeys(zones.values()), 1)}
        self = super().__new__(
            cls,
            names,
            tuple(by_name[name] for name in names),
            tuple(number[zones[name]] if name in zones else 0 for name in names),
            tuple(name in out for name in names),
            place,
            **_options(place, options),
        )
        self.place = place
        self.weights = by_name
        return self

    @property
    def nodes(self) -> list[str]:
        return list(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"HashRing({self.nodes!r}, place={self.place!r})"

    def iterate_nodes(self, key: str | bytes) -> Iterator[str]:
        """All owners of the key, best first."""
        return iter(self.get_nodes(key))

    def get_node_under(self, key: str | bytes, loads: Mapping[str, int]) -> str | None:
        """The first of the key's owners that may take one more, by ``epsilon``.

        For reads of hot keys that are on several nodes; ``loads`` counts what
        is in flight.
        """
        return self._under(key, tuple(loads.get(name, 0) for name in self.names))

    def share(self) -> dict[str, float]:
        """The part of all keys that each node owns; exact for rings and tables."""
        return dict(zip(self.names, self._shares(), strict=True))

    def diff(self, other: HashRing) -> RingDiff:
        """What moves when this ring gives way to ``other``."""
        parts = iter(self._moved(other))
        moves = {
            (old, new): part
            for old in self.names
            for new, part in zip(other.names, parts, strict=False)
            if part > 0 and old != new
        }
        moves = dict(sorted(moves.items(), key=lambda item: -item[1]))
        both = set(self.names) & set(other.names)
        return RingDiff(
            moves,
            sum(moves.values()),
            sum(part for pair, part in moves.items() if both.issuperset(pair)),
            self._moves(other),
        )


def _names(nodes: object) -> tuple[str, ...]:
    if isinstance(nodes, str) or not isinstance(nodes, Iterable):
        raise ConfigError(f"nodes={nodes!r}: give a list of names")
    names = tuple(nodes)
    for name in names:
        if not isinstance(name, str):
            raise ConfigError(f"node {name!r}: a node's name is a str")
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigError(f"node {twice!r} is in the list twice: give it a weight of 2")
    return names


def _weights(names: tuple[str, ...], weights: object) -> dict[str, float]:
    if weights is None:
        weights = {}
    if isinstance(weights, Sequence) and not isinstance(weights, str | bytes):
        if len(weights) != len(names):
            raise ConfigError(f"{len(weights)} weights for {len(names)} nodes")
        weights = dict(zip(names, weights, strict=True))
    if not isinstance(weights, Mapping):
        raise ConfigError(f"weights={weights!r}: give a dict of names, or a list")
    by_name = {name: weights.get(name, 1) for name in names}
    for name, weight in by_name.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise ConfigError(f"weight {weight!r} of node {name}: give a number")
    return by_name


def _options(place: str, options: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, type] = dict.fromkeys(_TEXTS, str) | dict.fromkeys(_NUMBERS, int)
    taken: dict[str, Any] = {}
    flags = 0
    for name, value in options.items():
        if value is None:
            continue
        if name in _FLAGS:
            flags |= _FLAGS[name] if value else 0
        elif name == "table":
            taken[name] = _table(value)
        elif name == "previous":
            taken[name] = value
        elif name == "epsilon":
            taken[name] = float(value)
        elif name not in known:
            raise ConfigError(
                f"place={place!r}: there is no option {name!r}; known are"
                f" {', '.join((*known, *_FLAGS, 'epsilon', 'table', 'previous'))},"
                " zones, out"
            )
        elif not isinstance(value, known[name]) or isinstance(value, bool):
            raise ConfigError(f"{name}={value!r}: give {known[name].__name__}")
        else:
            top = 1 << (64 if name == "seed" else 32)
            if isinstance(value, int) and not 0 <= value < top:
                raise ConfigError(f"{name}={value!r}: give a number from 0 on")
            taken[name] = value
    return taken | ({"flags": flags} if flags else {})


def _table(owners: Iterable[int | None]) -> bytes:
    """Indexes of nodes by slot, as the C side takes them."""
    try:
        return array.array("H", [0xFFFF if i is None else i for i in owners]).tobytes()
    except (OverflowError, TypeError):
        raise ConfigError(
            "table: give the index of a node, or None, for every slot"
        ) from None
