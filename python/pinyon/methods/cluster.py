"""Clusters as their nodes see them.

Written by tools/methods.py from commands/cluster.py: change that.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from ..commands import cluster as build
from ..commands.args import Key
from ._base import Caller, S


class Cluster(Caller[S]):
    def cluster_info(self) -> dict[str, Any]:
        """The state of the cluster as a node sees it."""
        return self._call(build.cluster_info())

    def acluster_info(self) -> Awaitable[dict[str, Any]]:
        """:meth:`cluster_info` for asyncio."""
        return self._acall(build.cluster_info())

    def cluster_nodes(self) -> list[dict[str, Any]]:
        """The nodes of the cluster as one of them sees it."""
        return self._call(build.cluster_nodes())

    def acluster_nodes(self) -> Awaitable[list[dict[str, Any]]]:
        """:meth:`cluster_nodes` for asyncio."""
        return self._acall(build.cluster_nodes())

    def cluster_shards(self) -> list[dict[str, Any]]:
        """The shards, their slots and nodes."""
        return self._call(build.cluster_shards())

    def acluster_shards(self) -> Awaitable[list[dict[str, Any]]]:
        """:meth:`cluster_shards` for asyncio."""
        return self._acall(build.cluster_shards())

    def cluster_slots(self) -> list[Any]:
        """Ranges of slots and their nodes."""
        return self._call(build.cluster_slots())

    def acluster_slots(self) -> Awaitable[list[Any]]:
        """:meth:`cluster_slots` for asyncio."""
        return self._acall(build.cluster_slots())

    def cluster_myid(self) -> str:
        """The id of some node."""
        return self._call(build.cluster_myid())

    def acluster_myid(self) -> Awaitable[str]:
        """:meth:`cluster_myid` for asyncio."""
        return self._acall(build.cluster_myid())

    def cluster_keyslot(self, key: Key) -> int:
        """The slot of a key."""
        return self._call(build.cluster_keyslot(key))

    def acluster_keyslot(self, key: Key) -> Awaitable[int]:
        """:meth:`cluster_keyslot` for asyncio."""
        return self._acall(build.cluster_keyslot(key))

    def cluster_countkeysinslot(self, slot: int) -> int:
        """How many keys of a slot a node has."""
        return self._call(build.cluster_countkeysinslot(slot))

    def acluster_countkeysinslot(self, slot: int) -> Awaitable[int]:
        """:meth:`cluster_countkeysinslot` for asyncio."""
        return self._acall(build.cluster_countkeysinslot(slot))

    def readwrite(self) -> bool:
        """Ends READONLY of a connection; for sessions."""
        return self._call(build.readwrite())

    def areadwrite(self) -> Awaitable[bool]:
        """:meth:`readwrite` for asyncio."""
        return self._acall(build.readwrite())

    def readonly(self) -> bool:
        """Lets a replica answer reads over a connection; for sessions."""
        return self._call(build.readonly())

    def areadonly(self) -> Awaitable[bool]:
        """:meth:`readonly` for asyncio."""
        return self._acall(build.readonly())
