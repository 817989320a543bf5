"""Clusters as their nodes see them.

Written by tools/methods.py from commands/cluster.py: change that.
"""

from __future__ import annotations

from typing import Self

from ..commands import cluster as build
from ..commands.args import Key
from ._base import Adder


class PipeCluster(Adder):
    def cluster_info(self) -> Self:
        """The state of the cluster as a node sees it."""
        return self._add(build.cluster_info())

    def cluster_nodes(self) -> Self:
        """The nodes of the cluster as one of them sees it."""
        return self._add(build.cluster_nodes())

    def cluster_shards(self) -> Self:
        """The shards, their slots and nodes."""
        return self._add(build.cluster_shards())

    def cluster_slots(self) -> Self:
        """Ranges of slots and their nodes."""
        return self._add(build.cluster_slots())

    def cluster_myid(self) -> Self:
        """The id of some node."""
        return self._add(build.cluster_myid())

    def cluster_keyslot(self, key: Key) -> Self:
        """The slot of a key."""
        return self._add(build.cluster_keyslot(key))

    def cluster_countkeysinslot(self, slot: int) -> Self:
        """How many keys of a slot a node has."""
        return self._add(build.cluster_countkeysinslot(slot))

    def readwrite(self) -> Self:
        """Ends READONLY of a connection; for sessions."""
        return self._add(build.readwrite())

    def readonly(self) -> Self:
        """Lets a replica answer reads over a connection; for sessions."""
        return self._add(build.readonly())
