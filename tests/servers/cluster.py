"""A cluster of redis-server or valkey-server, built and changed by its own commands."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from .link import Reply
from .process import CALM, HOST, ServerError, start_all, stop_all, until
from .redis import Redis, Settings, Version

SLOTS = 16384


def slot_of(key: str | bytes) -> int:
    """The slot of a key: CRC16 (XMODEM) of it, or of what stands in its first {}."""
    raw = key.encode() if isinstance(key, str) else key
    start = raw.find(b"{")
    end = raw.find(b"}", start + 1)
    if start >= 0 and end > start + 1:
        raw = raw[start + 1 : end]
    return binascii.crc_hqx(raw, 0) % SLOTS


class ClusterNode(Redis):
    """A Redis with a bus port and an identity. restart() keeps the identity."""

    port_count = 3

    def settings(self) -> dict[str, object]:
        return super().settings() | {"cluster-port": self._ports[2].number}

    @property
    def id(self) -> str:
        reply = self.call("CLUSTER", "MYID")
        assert isinstance(reply, bytes)
        return reply.decode()

    def cluster_info(self) -> dict[str, str]:
        reply = self.call("CLUSTER", "INFO")
        assert isinstance(reply, bytes)
        return dict(line.split(":", 1) for line in reply.decode().splitlines())

    def known(self) -> dict[str, list[str]]:
        """CLUSTER NODES as it sees it: the words of each line, by the node's id."""
        reply = self.call("CLUSTER", "NODES")
        assert isinstance(reply, bytes)
        lines = [line.split() for line in reply.decode().splitlines()]
        return {words[0]: words for words in lines}


class Cluster:
    """PRIMARIES with REPLICAS each, about 2 s after start() (3 + 3).

        with Cluster(node_timeout=1000) as cluster:
            cluster.addresses                   # for a client
            node = cluster.owner("key")         # or a slot's number
            node.kill()
            cluster.until_covered()             # its replica has taken over
            node.restart()                      # comes back as a replica, soon
            cluster.until_settled()

    NODE_TIMEOUT in milliseconds: without a primary its slots are down for that and
    about 2 s. IS_CALM: once it is up nobody is believed dead for CALM; with the long
    timeout from the start, what they tell each other would take seconds. `nodes` are
    all of them, dead or alive, in the order they were made.

    One shard fails over once in four node timeouts, no oftener: redis-server 7.0 counts
    the votes of a node's last election again when that is younger, and what it then
    believes to be nobody else does (seen in one of ten).
    """

    def __init__(
        self,
        primaries: int = 3,
        replicas: int = 1,
        *,
        version: Version = "redis",
        node_timeout: int = 1000,
        is_calm: bool = False,
        password: str | None = None,
        config: Settings | None = None,
    ) -> None:
        self._primaries = primaries
        self._replicas = replicas
        self._version: Version = version
        self._password = password
        self._is_calm = is_calm
        self._config = {
            "cluster-enabled": "yes",
            "cluster-node-timeout": node_timeout,
            "cluster-replica-validity-factor": 0,
            "cluster-allow-replica-migration": "no",
        } | dict(config or {})
        self.nodes: list[ClusterNode] = []

    # ---- its life

    def _new(self) -> ClusterNode:
        return ClusterNode(self._version, password=self._password, config=self._config)

    def start(self) -> Self:
        count = self._primaries * (1 + self._replicas)
        self.nodes = [self._new() for _ in range(count)]
        try:
            start_all(self.nodes)
            self._share_slots()
            self._meet(self.nodes)
            pairs = [
                (replica, self.nodes[i % self._primaries])
                for i, replica in enumerate(self.nodes[self._primaries :])
            ]
            for replica, primary in pairs:
                replica.call("CLUSTER", "REPLICATE", primary.id)
            self.until_settled()
            self._calm_down()
        except BaseException:
            self.stop()
            raise
        return self

    def _calm_down(self) -> None:
        for node in self.nodes if self._is_calm else []:
            node.call("CONFIG", "SET", "cluster-node-timeout", CALM)

    def _share_slots(self) -> None:
        for i, node in enumerate(self.nodes):
            node.call("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
        bounds = [i * SLOTS // self._primaries for i in range(self._primaries + 1)]
        for i, node in enumerate(self.nodes[: self._primaries]):
            node.call("CLUSTER", "ADDSLOTSRANGE", bounds[i], bounds[i + 1] - 1)

    def _meet(self, new: Sequence[ClusterNode]) -> None:
        """Every pair, not one node with all: gossip alone would take seconds. Again
        where a greeting took one and was forgotten."""
        ids = {node.id for node in self.nodes}

        def met() -> bool:
            known = {node.id: set(node.known()) for node in self.nodes}
            for i, node in enumerate(self.nodes):
                for other in self.nodes[i + 1 :]:
                    is_due = node in new or other in new
                    if is_due and other.id not in known[node.id]:
                        bus = other._ports[2].number
                        node.call("CLUSTER", "MEET", HOST, other.port, bus)
            return all(each == ids for each in known.values())

        until(met, "the nodes to know each other")

    def stop(self) -> None:
        stop_all(self.nodes)
        self.nodes = []

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # ---- what it looks like

    @property
    def running(self) -> list[ClusterNode]:
        """Neither dead nor hung."""
        return [node for node in self.nodes if node.is_answering()]

    @property
    def addresses(self) -> list[str]:
        return [node.address for node in self.nodes]

    @property
    def primaries(self) -> list[ClusterNode]:
        """Those that run and say they are."""
        return [node for node in self.running if node.role == "master"]

    @property
    def replicas(self) -> list[ClusterNode]:
        return [node for node in self.running if node.role == "slave"]

    def owner(self, where: int | str | bytes) -> ClusterNode:
        """Who serves a slot, or a key's slot, as the owner sees it itself."""
        slot = where if isinstance(where, int) else slot_of(where)
        for node in self.primaries:
            if slot in self.slots(node):
                return node
        raise ServerError(f"nobody owns slot {slot}")

    def slots(self, node: ClusterNode) -> set[int]:
        """Of a primary, as it sees itself; without those that are coming."""
        found: set[int] = set()
        for word in node.known()[node.id][8:]:
            if not word.startswith("["):
                first, _, last = word.partition("-")
                found.update(range(int(first), int(last or first) + 1))
        return found

    def replicas_of(self, primary: ClusterNode) -> list[ClusterNode]:
        wanted = primary.id
        return [n for n in self.replicas if n.known()[n.id][3] == wanted]

    def until_settled(self) -> None:
        """Returns when all running nodes serve, agree on who owns what, and replicas
        have their primary's data."""
        until(self._is_settled, "the cluster to settle", 60)

    def _is_settled(self) -> bool:
        running = self.running
        for node in running:
            if node.cluster_info()["cluster_state"] != "ok":
                return False
        for replica in self.replicas:
            if replica.info("replication")["master_link_status"] != "up":
                return False
        return len({_picture(node.call("CLUSTER", "SLOTS")) for node in running}) == 1

    def until_covered(self) -> None:
        """Returns when every slot has an owner that runs, and all say they serve: after
        the death of a primary, when its replica has taken over."""

        def covered() -> bool:
            states = [node.cluster_info()["cluster_state"] for node in self.running]
            owned = [self.slots(node) for node in self.primaries]
            return set(states) == {"ok"} and len(set().union(*owned)) == SLOTS

        until(covered, "every slot to have an owner", 60)

    # ---- changes

    def failover(self, replica: ClusterNode, how: str = "") -> None:
        """REPLICA takes its primary's place; HOW: "" (planned), FORCE or TAKEOVER."""
        replica.call("CLUSTER", "FAILOVER", *how.split())
        until(lambda: replica.role == "master", f"{replica!r} to be a primary")

    def add_node(self) -> ClusterNode:
        """A primary without slots."""
        node = self._new().start()
        self.nodes.append(node)
        self._meet([node])
        self.until_settled()
        self._calm_down()
        return node

    def add_replica(self, primary: ClusterNode) -> ClusterNode:
        node = self.add_node()
        node.call("CLUSTER", "REPLICATE", primary.id)
        self.until_settled()
        return node

    def remove_node(self, node: ClusterNode) -> None:
        """One without slots or replicas, out of all the others' memory; stopped."""
        gone = node.id
        node.stop()
        self.nodes.remove(node)
        for other in self.running:
            other.call("CLUSTER", "FORGET", gone)

    def open_slot(self, slot: int, source: ClusterNode, target: ClusterNode) -> None:
        """The first step of moving it: from now on ASK and TRYAGAIN are possible."""
        target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)

    def move_keys(
        self,
        slot: int,
        source: ClusterNode,
        target: ClusterNode,
        count: int | None = None,
    ) -> int:
        """Moves COUNT keys of an open slot, or all of them; how many were moved."""
        secret = ("AUTH", self._password) if self._password is not None else ()
        moved = 0
        with source.link() as link:
            while count is None or moved < count:
                most = 100 if count is None else min(100, count - moved)
                keys = link.call("CLUSTER", "GETKEYSINSLOT", slot, most)
                assert isinstance(keys, list)
                if not keys:
                    break
                address = (HOST, target.port, "", 0, 5000)
                link.call("MIGRATE", *address, *secret, "KEYS", *keys)
                moved += len(keys)
        return moved

    def close_slot(self, slot: int, source: ClusterNode, target: ClusterNode) -> None:
        """The last step: TARGET owns it, and all are told."""
        owner = target.id
        others = [n for n in self.primaries if n not in (source, target)]
        for node in (target, source, *others):
            node.call("CLUSTER", "SETSLOT", slot, "NODE", owner)

    def move_slots(
        self, slots: Iterable[int], source: ClusterNode, target: ClusterNode
    ) -> None:
        """One by one with their keys, as redis-cli reshards."""
        for slot in slots:
            self.open_slot(slot, source, target)
            self.move_keys(slot, source, target)
            self.close_slot(slot, source, target)

    def migrate_slots(
        self, first: int, last: int, source: ClusterNode, target: ClusterNode
    ) -> None:
        """Moves a range at once (Valkey 9): clients see MOVED and never ASK."""
        if self._version != "valkey":
            raise ServerError("only Valkey migrates slots by itself")
        what = ("SLOTSRANGE", first, last, "NODE", target.id)
        source.call("CLUSTER", "MIGRATESLOTS", *what)
        wanted = set(range(first, last + 1))
        until(lambda: wanted <= self.slots(target), f"slots {first}-{last} to move", 60)


def _picture(reply: Reply) -> frozenset[object]:
    """What a CLUSTER SLOTS reply says, whatever its order."""
    assert isinstance(reply, list)
    found: set[object] = set()
    for entry in reply:
        assert isinstance(entry, list)
        first, last, primary, *replicas = entry
        assert isinstance(primary, list)
        others = frozenset(
            str(node[1:3]) for node in replicas if isinstance(node, list)
        )
        found.add((first, last, str(primary[1:3]), others))
    return frozenset(found)
