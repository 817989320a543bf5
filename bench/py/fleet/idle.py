"""idle - what a connection costs that nobody uses just now, on the client's side.

    python -m fleet.idle NAME PORT      bytes per connection, in a process of its own

A process opens a first connection, so that what is loaded once is loaded, then 500
that are in use at the same time, gives them all back, and looks at how much more memory
it has. The kernel's own buffers are not in it, the server's side is not either.
"""

import gc
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import machine
import progress
from report import Row

from fleet import PINYON
from fleet.servers import ports, started

COUNT = 500


def pinyon_sessions(port: int) -> Callable[[int], Any]:
    import pinyon

    url = f"redis://127.0.0.1:{port}?max_connections={COUNT + 1}"
    client: Any = pinyon.Client(url)

    def use(count: int) -> None:
        with ExitStack() as stack:
            sessions = [client._session() for _ in range(count)]
            for session in sessions:
                stack.callback(session.close)
                session.run([("GET", "user:00000000:id")])

    return use


def redis_py_pool(port: int) -> Callable[[int], Any]:
    import hiredis  # noqa: F401
    import redis

    pool = redis.ConnectionPool(port=port, max_connections=COUNT + 1)

    def use(count: int) -> None:
        connections = [pool.get_connection() for _ in range(count)]
        for connection in connections:
            connection.send_command("GET", "user:00000000:id")
            connection.read_response()
            pool.release(connection)

    return use


def pymemcache_pool(port: int) -> Callable[[int], Any]:
    from pymemcache.client.base import PooledClient

    client = PooledClient(("127.0.0.1", port), max_pool_size=COUNT + 1)

    def use(count: int) -> None:
        with ExitStack() as stack:
            for _ in range(count):
                one = stack.enter_context(client.client_pool.get_and_release())
                one.get("user:00000000:id")

    return use


def pylibmc_clones(port: int) -> Callable[[int], Any]:
    import pylibmc

    first = pylibmc.Client([f"127.0.0.1:{port}"])
    kept = []

    def use(count: int) -> None:
        for _ in range(count):
            kept.append(first.clone())
            kept[-1].get("user:00000000:id")

    return use


POOLS: dict[str, tuple[str, Callable[[int], Callable[[int], Any]]]] = {
    PINYON: ("redis", pinyon_sessions),
    "redis-py": ("redis", redis_py_pool),
    "pymemcache PooledClient": ("memcached", pymemcache_pool),
    "pylibmc": ("memcached", pylibmc_clones),
}


def resident() -> int:
    """Bytes of this process that are in memory."""
    with open("/proc/self/smaps_rollup", encoding="ascii") as lines:
        for line in lines:
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("smaps_rollup has no Rss")


def bytes_each(name: str, port: int) -> float:
    use = POOLS[name][1](port)
    use(1)
    gc.collect()
    before = resident()
    use(COUNT)
    gc.collect()
    return (resident() - before) / COUNT


def rows(missing: list[str]) -> list[Row]:
    case = "memory of an idle connection"
    found = []
    for name, (engine, _) in POOLS.items():
        progress.show(f"{case}: {name}")
        with started(engine) as servers:
            command = [
                sys.executable,
                "-m",
                "fleet.idle",
                name,
                *map(str, ports(servers)),
            ]
            done = subprocess.run(
                command,
                cwd=machine.ROOT / "bench" / "py",
                capture_output=True,
                text=True,
            )
        if done.returncode != 0:
            why = done.stderr.strip().splitlines()[-1:]
            missing.append(f"{name}: left out of idle connections, {' '.join(why)}")
            continue
        found.append(Row(case, name, float(done.stdout) / 1024, "KiB"))
    return found


if __name__ == "__main__":
    print(bytes_each(sys.argv[1], int(sys.argv[2])))
