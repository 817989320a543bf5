"""Clients before and after os.fork(): connections are not shared with a child."""

from __future__ import annotations

import os
import weakref

from . import _core

__all__ = ["watch"]

#: Every open fleet of this process. Forgets those that nobody holds.
_clients: weakref.WeakSet[_core.Client] = weakref.WeakSet()


def watch(client: _core.Client) -> None:
    """Tells ``client`` of the forks to come."""
    _clients.add(client)


def _before() -> None:
    for client in list(_clients):
        client._before_fork()


def _in_parent() -> None:
    for client in list(_clients):
        client._after_fork(False)


def _in_child() -> None:
    for client in list(_clients):
        client._after_fork(True)


os.register_at_fork(
    before=_before, after_in_parent=_in_parent, after_in_child=_in_child
)
