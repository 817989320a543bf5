"""Clients in the child of a fork: what belongs to its parent's event loops is dropped.

Connections are seen to by the C library's fork() itself, whoever calls it.
"""

from __future__ import annotations

import os
import weakref

from . import _core

__all__ = ["watch"]

#: Every open fleet of this process. Forgets those that nobody holds.
_clients: weakref.WeakSet[_core.Client] = weakref.WeakSet()


def watch(client: _core.Client) -> None:
    """Tells ``client`` of forks, in their children."""
    _clients.add(client)


def _in_child() -> None:
    for client in list(_clients):
        client._after_fork()


os.register_at_fork(after_in_child=_in_child)
