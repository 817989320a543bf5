"""Clients of the C extension, connected to the servers of tests/servers; the fixtures
that give them are in conftest.py."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable
from typing import Any

from pinyon._core import Client

from tests.servers import Redis

Open = Callable[..., Client]


def opener(stack: contextlib.ExitStack) -> Open:
    """What opens clients of servers; STACK closes them."""

    def connect(*servers: Any, **options: Any) -> Client:
        addresses = [s.address.rsplit(":", 1) for s in servers]
        seeds = [(host, int(port)) for host, port in addresses]
        defaults = {"engine": "redis", "kind": "single", "seeds": seeds}
        client = Client(defaults | {"timeout": 20.0} | options)
        stack.callback(client.close)
        return client

    return connect


def users(server: Redis) -> int:
    """Connections to SERVER besides the one that asks, of what is not garbage."""
    gc.collect()
    return server.call("CLIENT", "LIST").count(b"\n") - 1
