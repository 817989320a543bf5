"""``uhashring.HashRing`` of the package uhashring 2.x, on Pinyon's placement.

The class as its users know it: both modes, every method and property. Lookups are made
in C, with md5 or ketama; a ``hash_fn`` of one's own, weights that are no whole
numbers and other ``replicas`` go through Python, as there.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, KeysView
from hashlib import md5
from typing import Any

from .. import _core

__all__ = ["HashRing"]

Conf = dict[str, Any]


class HashRing:
    """A consistent hashing ring of named nodes, each with a conf dict.

    ``nodes`` is a name, a list of names, or a dict of names to a weight or a conf
    (hostname, instance, nodename, port, vnodes, weight). Keywords: ``hash_fn`` (None,
    "ketama", or a callable), ``vnodes`` (160; ketama 40), ``weight_fn`` (called with
    each node's conf), ``replicas`` (ketama: 4). Others are ignored, as there.
    """

    def __init__(self, nodes: Any = (), **kwargs: Any) -> None:
        hash_fn = kwargs.get("hash_fn")
        weight_fn = kwargs.get("weight_fn")
        vnodes = kwargs.get("vnodes")
        self._is_ketama = hash_fn == "ketama"
        if self._is_ketama:
            hash_fn = None
        if hash_fn and not callable(hash_fn):
            raise TypeError("hash_fn should be a callable function")
        if weight_fn and not callable(weight_fn):
            raise TypeError("weight_fn should be a callable function")
        self._hash_fn: Callable[[Any], int] | None = hash_fn or None
        self._weight_fn: Callable[..., Any] | None = weight_fn or None
        self._replicas = kwargs.get("replicas", 4) if self._is_ketama else 4
        if vnodes is None:
            vnodes = 40 if self._is_ketama else 160
        self._default_vnodes = vnodes
        self._nodes: dict[str, Conf] = {}
        self._core: _core.Ring | None = None
        self._slow: tuple[list[int], dict[int, str]] | None = None
        if nodes == ():
            nodes = []
        if self._configure(nodes):
            self._build()

    # ---- Changing -------------------------------------------------------------

    def add_node(self, nodename: str, conf: Any = {"weight": 1}) -> None:  # noqa: B006
        """Adds a node, or gives one another conf."""
        if self._configure({nodename: conf}):
            self._build()

    __setitem__ = add_node

    def remove_node(self, nodename: str) -> None:
        """Removes a node; KeyError when there is none of that name."""
        if nodename not in self._nodes:
            raise KeyError(
                f"node '{nodename}' not found, available nodes: {self._nodes.keys()}"
            )
        del self._nodes[nodename]
        self._build()

    __delitem__ = remove_node

    def regenerate(self) -> None:
        """Asks ``weight_fn`` again for every node, and builds the ring anew."""
        self._configure(dict(self._nodes))
        self._build()

    def _configure(self, nodes: Any) -> bool:
        """Takes confs over; says whether the ring changes."""
        if isinstance(nodes, str):
            nodes = [nodes]
        elif not isinstance(nodes, dict | list):
            raise ValueError(
                f"nodes configuration should be a list or a dict, got {type(nodes)}"
            )
        is_changed = False
        for name in nodes:
            conf = self._conf_of(name, nodes[name] if isinstance(nodes, dict) else 1)
            old = self._nodes.get(name)
            is_changed |= old is None or any(
                old[field] != conf[field] for field in ("nodename", "vnodes", "weight")
            )
            self._nodes[name] = conf
        return is_changed

    def _conf_of(self, name: str, given: Any) -> Conf:
        conf: Conf = {
            "hostname": name,
            "instance": None,
            "nodename": name,
            "port": None,
            "vnodes": self._default_vnodes,
            "weight": 1,
        }
        if isinstance(given, int):
            conf["weight"] = given
        elif isinstance(given, dict):
            conf.update((k, v) for k, v in given.items() if k in conf)
        else:
            raise ValueError(
                f"node configuration should be a dict or an int, got {type(given)}"
            )
        if self._weight_fn:
            conf["weight"] = self._weight_fn(**conf)
        return conf

    # ---- The ring: in C where it can be ---------------------------------------

    def _build(self) -> None:
        self._make_ring()
        self.__dict__.pop("get_node", None)
        if self._core is not None and type(self).get_node is HashRing.get_node:
            # Bare C: no call of ours stands between the user's and the lookup.
            self.__dict__["get_node"] = self._core._get_node_of_text

    def __getstate__(self) -> Conf:
        return {k: v for k, v in vars(self).items() if k not in ("_core", "get_node")}

    def __setstate__(self, state: Conf) -> None:
        vars(self).update(state)
        self._build()

    def _make_ring(self) -> None:
        self._core = self._slow = None
        points = [
            (name, conf["vnodes"], conf["weight"]) for name, conf in self._nodes.items()
        ]
        if not points:
            return
        is_plain = self._hash_fn is None and self._replicas == 4
        if not is_plain or not all(
            type(name) is str and type(v) is int and type(w) is int and v > 0 and w > 0
            for name, v, w in points
        ):
            self._build_slowly()
        elif not self._is_ketama:
            self._core = self._make(
                [(name, v * w) for name, v, w in points], "uhashring", 1
            )
        elif len({v for _, v, _ in points}) == 1:
            weights = [(name, w) for name, _, w in points]
            self._core = self._make(weights, "uhashring-ketama", points[0][1])
        else:
            self._build_slowly()

    @staticmethod
    def _make(
        weights: list[tuple[str, int]], place: str, points: int
    ) -> _core.Ring | None:
        n = len(weights)
        try:
            return _core.Ring(
                tuple(name for name, _ in weights),
                tuple(weight for _, weight in weights),
                (0,) * n,
                (False,) * n,
                place,
                points=points,
            )
        except _core.ConfigError:
            if place == "uhashring-ketama" and n > 0:
                return None  # weights so uneven that nobody has a point
            raise

    def _build_slowly(self) -> None:
        ring: dict[int, str] = {}
        keys: list[int] = []
        for name in self._nodes:
            for point in self._points_of(name):
                ring[point] = name
                keys.append(point)
        self._slow = (sorted(keys if self._is_ketama else ring), ring)

    def _points_of(self, name: str) -> Iterable[int]:
        texts = (f"{name}-{w}" for w in range(self._texts_of(name)))
        if not self._is_ketama:
            return (self.hashi(text) for text in texts)
        return (self.hashi(t, i) for t in texts for i in range(self._replicas))

    def _texts_of(self, name: str) -> Any:
        conf = self._nodes[name]
        if not self._is_ketama:
            return conf["vnodes"] * conf["weight"]
        total = sum(other["weight"] for other in self._nodes.values())
        return conf["vnodes"] * len(self._nodes) * conf["weight"] // total

    # ---- Looking up -----------------------------------------------------------

    def get_node(self, key: Any) -> str | None:
        """The name of the key's node; None when there are no nodes."""
        if self._core is not None:
            return self._core._get_node_of_text(key)
        found = self._find(key)
        return None if found is None else self._point(found)[1]

    def _find(self, key: Any) -> int | None:
        """The number of the key's point."""
        if self._core is not None:
            return self._core._find(key if type(key) is str else str(key))
        if self._slow is None or not self._slow[0]:
            return None
        at = bisect(self._slow[0], self.hashi(key))
        return 0 if at == len(self._slow[0]) else at

    def _point(self, number: int) -> tuple[int, str]:
        if self._slow is not None:
            point = self._slow[0][number]
            return point, self._slow[1][point]
        return self.get_points()[number]

    def _field(self, key: Any, field: str) -> Any:
        name = self.get_node(key)
        return None if name is None else self._nodes[name][field]

    def get(self, key: Any) -> Conf | None:
        """The conf of the key's node."""
        name = self.get_node(key)
        return None if name is None else self._nodes[name]

    def get_node_instance(self, key: Any) -> Any:
        """The instance of the key's node."""
        return self._field(key, "instance")

    __getitem__ = get_node_instance

    def get_node_hostname(self, key: Any) -> Any:
        """The hostname of the key's node."""
        return self._field(key, "hostname")

    def get_node_port(self, key: Any) -> Any:
        """The port of the key's node."""
        return self._field(key, "port")

    def get_node_weight(self, key: Any) -> Any:
        """The weight of the key's node."""
        return self._field(key, "weight")

    def get_node_pos(self, key: Any) -> int | None:
        """The place of the key's node among the sorted points."""
        return self._find(key)

    def get_server(self, key: Any) -> tuple[int, str] | None:
        """(point, name) of the key's node."""
        found = self._find(key)
        return None if found is None else self._point(found)

    def hashi(self, key: Any, replica: int = 0) -> int:
        """The place on the ring that a key falls on."""
        if self._hash_fn is not None:
            return self._hash_fn(key)
        digest = md5(str(key).encode("utf-8")).digest()
        if self._is_ketama:
            return int.from_bytes(digest[4 * replica : 4 * replica + 4], "little")
        return int.from_bytes(digest, "big")

    def get_key(self, key: Any) -> int:
        """The same, by hash_ring's name."""
        return self.hashi(key)

    # ---- Walking --------------------------------------------------------------

    def range(
        self, key: Any, size: int | None = None, unique: bool = True
    ) -> Iterator[Conf]:
        """The confs from the key's node on, once round; each once when unique."""
        start = self._find(key)
        if start is None:
            return
        names = [name for _, name in self.get_points()]
        names = names[start:] + names[:start]
        if unique:
            names = list(dict.fromkeys(names))
            size = size or len(self._nodes)
        for name in names[:size] if size else names:
            yield self._nodes[name]

    def iterate_nodes(self, key: Any, distinct: bool = True) -> Iterator[str | None]:
        """The names of the nodes that may hold the key; None when there are none."""
        if self._find(key) is None:
            yield None
            return
        for conf in self.range(key, unique=distinct):
            yield conf["nodename"]

    # ---- Looking at the whole -------------------------------------------------

    def get_points(self) -> list[tuple[int, str]]:
        """(point, name), sorted."""
        if self._core is not None:
            return self._core._points()
        keys, ring = self._slow or ([], {})
        return [(point, ring[point]) for point in keys]

    def get_nodes(self) -> KeysView[str]:
        """The names of all nodes."""
        return self._nodes.keys()

    def get_instances(self) -> list[Any]:
        """The instances of all nodes that have one."""
        confs = self._nodes.values()
        return [conf["instance"] for conf in confs if conf.get("instance")]

    def print_continuum(self) -> None:
        """Prints every point and its node."""
        points = self.get_points()
        if points:
            print(f"Numpoints in continuum: {len(points)}")
        else:
            print("Continuum empty")
        for point, name in points:
            print(f"{name} ({point})")

    @property
    def nodes(self) -> dict[str, Conf]:
        """Names to confs."""
        return self._nodes

    conf = nodes

    @property
    def ring(self) -> dict[int, str]:
        """Points to names."""
        return dict(self.get_points())

    continuum = ring
    _ring = ring

    @property
    def _keys(self) -> list[int]:
        return [point for point, _ in self.get_points()]

    @property
    def distribution(self) -> Counter[str]:
        """How many points each node has."""
        each = self._replicas if self._is_ketama else 1
        return +Counter({name: self._texts_of(name) * each for name in self._nodes})

    @property
    def size(self) -> int:
        """How many points there are."""
        return len(self.ring)

    @property
    def runtime(self) -> HashRing:
        """What the original keeps in an object of its own."""
        return self
