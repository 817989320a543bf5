"""servers - what the clients talk to: the servers of the tests, on free ports."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

import machine

sys.path.insert(0, str(machine.ROOT))

from tests.servers import Cluster, Link, Memcached, Redis, Server, slot_of

__all__ = ["Cluster", "Link", "Server", "placed", "ports", "slot_of", "started"]


@contextmanager
def started(engine: str, count: int = 1) -> Iterator[list[Server]]:
    """COUNT servers of ENGINE, "redis" or "memcached"."""
    with ExitStack() as stack:
        yield [
            # Clients of several threads open more connections than 1,024.
            stack.enter_context(
                Redis() if engine == "redis" else Memcached(more=["-c", "4096"])
            )
            for _ in range(count)
        ]


def ports(servers: Sequence[Server]) -> list[int]:
    return [server.port for server in servers]


@contextmanager
def placed(
    servers: Sequence[Server], is_apart: bool, children: Sequence[int] = ()
) -> Iterator[None]:
    """For as long as this lasts, this process with its CHILDREN is on one CPU, and
    SERVERS are on another, or on the same. Left alone the kernel does now this, now
    that, and a round trip takes three times as long when it must wake a CPU."""
    allowed = os.sched_getaffinity(0)
    tasks = tasks_of(os.getpid(), *children)
    served = tasks_of(*(server.pid for server in servers))
    try:
        bind(tasks, {max(allowed)})
        bind(served, {min(allowed) if is_apart else max(allowed)})
        yield
    finally:
        bind(tasks + served, allowed)


def bind(tasks: Sequence[int], cpus: set[int]) -> None:
    for task in tasks:
        with suppress(ProcessLookupError):  # a thread that ended meanwhile
            os.sched_setaffinity(task, cpus)


def tasks_of(*pids: int) -> list[int]:
    """Their threads."""
    return [int(name) for pid in pids for name in os.listdir(f"/proc/{pid}/task")]
