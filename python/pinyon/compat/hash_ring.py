"""``hash_ring.HashRing`` of the package hash_ring 1.3.1, on Pinyon's placement.

The class as its users know it, points and attributes included; lookups are made in C.
As there, a ring is built once: changing ``nodes`` or ``weights`` afterwards
changes nothing that is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import md5
from typing import Any

from .. import _core

__all__ = ["HashRing"]


class HashRing:
    """Consistent hashing with three points for each of 40 md5 sums of a node.

    ``nodes`` is a list of objects that print as ``server:port``; ``weights`` maps some
    of them to weights, 1 being the default.
    """

    _ring: _core.Ring | None
    _nodes_by_name: dict[str, Any] | None

    def __init__(self, nodes: Any = None, weights: Any = None) -> None:
        self.nodes: Any = nodes
        self.weights: dict[Any, Any] = weights or {}
        self._ring = self._nodes_by_name = None
        count = len(self.nodes)  # as there, None is a TypeError
        names = [f"{node}" for node in self.nodes]
        given = [self.weights.get(node, 1) for node in self.nodes]
        if count == 0:
            return
        self._ring = _core.Ring(
            tuple(names),
            tuple(float(weight) for weight in given),
            (0,) * count,
            (False,) * count,
            "hash_ring",
        )
        if not all(type(node) is str for node in self.nodes):
            self._nodes_by_name = dict(zip(names, self.nodes, strict=True))
        elif type(self).get_node is HashRing.get_node:
            # Bare C: no call of ours stands between the user's and the lookup.
            self.__dict__["get_node"] = self._ring.get_node

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.nodes, self.weights)

    def get_node(self, string_key: Any) -> Any:
        """The node that the key belongs to; None when there are no nodes."""
        if self._ring is None:
            return None
        return self._node(self._ring.get_node(string_key))

    def get_node_pos(self, string_key: Any) -> int | None:
        """The place of the key's node among the sorted points."""
        return None if self._ring is None else self._ring._find(string_key)

    def iterate_nodes(self, string_key: Any, distinct: bool = True) -> Iterator[Any]:
        """The nodes that may hold the key, from its own on, once round the ring."""
        if self._ring is None:
            yield None, None
            return
        for name in self._ring.get_nodes(string_key):
            yield self._node(name)

    def gen_key(self, key: Any) -> int:
        """The place on the ring that a key falls on."""
        data = key.encode() if isinstance(key, str) else key
        return int.from_bytes(md5(data).digest()[:4], "little")

    @property
    def ring(self) -> dict[int, Any]:
        """The node of every point."""
        points = [] if self._ring is None else self._ring._points()
        return {point: self._node(name) for point, name in points}

    @property
    def _sorted_keys(self) -> list[int]:
        return [] if self._ring is None else [p for p, _ in self._ring._points()]

    def _node(self, name: str | None) -> Any:
        if self._nodes_by_name is None or name is None:
            return name
        return self._nodes_by_name[name]
