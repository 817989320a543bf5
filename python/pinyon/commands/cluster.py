"""Clusters as their nodes see them."""

from __future__ import annotations

from typing import Any

from . import shape
from .args import Call, Key


def cluster_info() -> Call[dict[str, Any]]:
    """The state of the cluster as a node sees it."""
    return ("CLUSTER", "INFO"), shape.info


def cluster_nodes() -> Call[list[dict[str, Any]]]:
    """The nodes of the cluster as one of them sees it."""
    return ("CLUSTER", "NODES"), shape.cluster_nodes


def cluster_shards() -> Call[list[dict[str, Any]]]:
    """The shards, their slots and nodes."""
    return ("CLUSTER", "SHARDS"), shape.shards


def cluster_slots() -> Call[list[Any]]:
    """Ranges of slots and their nodes."""
    return ("CLUSTER", "SLOTS"), None


def cluster_myid() -> Call[str]:
    """The id of some node."""
    return ("CLUSTER", "MYID"), shape.text


def cluster_keyslot(key: Key) -> Call[int]:
    """The slot of a key."""
    return ("CLUSTER", "KEYSLOT", key), None


def cluster_countkeysinslot(slot: int) -> Call[int]:
    """How many keys of a slot a node has."""
    return ("CLUSTER", "COUNTKEYSINSLOT", slot), None


def readwrite() -> Call[bool]:
    """Ends READONLY of a connection; for sessions."""
    return ("READWRITE",), shape.ok


def readonly() -> Call[bool]:
    """Lets a replica answer reads over a connection; for sessions."""
    return ("READONLY",), shape.ok
