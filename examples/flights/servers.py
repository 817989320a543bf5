"""The two fleets of the second act: real servers on loopback, and what befalls them.

They are the servers of the tests (tests/servers), which choose free ports, live in
temporary folders and end with this process, however it ends.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pinyon

from tests.servers import Cluster, Memcached, start_all, stop_all
from tests.servers.process import program

KILLED = 3.0  # seconds after the start of the measured time
BACK = 7.0
NODE_TIMEOUT = 1000  # ms after which the cluster's nodes take one of them for dead
NAMESPACE = "pinyon-flights"  # before the keys in a fleet of the reader's own


@dataclass(frozen=True)
class Step:
    """Something that is done to a fleet `at` so many seconds."""

    at: float
    what: str
    do: Callable[[], None]
    harms: bool = True  # is a dip to be expected?


@dataclass(frozen=True)
class Fleet:
    name: str
    title: str
    url: str  # of the cache
    shown: str  # of it, what may be read by everybody
    seconds: float  # that it is measured for, or longer: until it has healed
    steps: Sequence[Step] = ()
    # Has what the fleet is to do by itself happened, and what is it called?
    heals: Callable[[], bool] = lambda: False
    healed: str = ""


def require() -> None:
    """ServerError says what is not installed."""
    for name in ("memcached", "redis-server"):
        program(name)


@contextmanager
def memcacheds() -> Iterator[Fleet]:
    """Three that know nothing of each other: the client places the keys.

    fail_over: while a node is down the next owner has its keys. A node that is down
    is asked for a sign of life every probe_min; ten seconds, the default, are right
    where nobody waits for the end of a demonstration.
    """
    servers = [Memcached() for _ in range(3)]
    victim = servers[1]
    try:
        start_all(servers)
        hosts = ",".join(server.address for server in servers)
        url = f"memcached://{hosts}?fail_over=yes&probe_min=500ms&probe_max=1s"
        yield Fleet(
            "memcached",
            "three memcached",
            url,
            url,
            seconds=11.0,
            steps=[
                Step(KILLED, f"SIGKILL to {victim.address}", victim.kill),
                Step(BACK, f"{victim.address} is back, empty", victim.launch),
            ],
        )
    finally:
        stop_all(servers)


@contextmanager
def cluster() -> Iterator[Fleet]:
    """Three primaries with a replica each, which find out and vote by themselves.

    cluster-require-full-coverage: no, as for every cluster that is a cache: those who
    are well go on serving while one is dead.
    """
    config = {"cluster-require-full-coverage": "no"}
    with Cluster(3, 1, node_timeout=NODE_TIMEOUT, config=config) as redis:
        victim = redis.nodes[1]
        (heir,) = redis.replicas_of(victim)
        url = f"redis+cluster://{','.join(redis.addresses[:3])}"
        yield Fleet(
            "redis-cluster",
            "Redis cluster, 3 + 3",
            url,
            url,
            seconds=9.0,
            steps=[Step(KILLED, f"SIGKILL to primary {victim.address}", victim.kill)],
            heals=lambda: heir.role == "master",
            healed=f"its replica {heir.address} is promoted",
        )


@contextmanager
def own(url: str, seconds: float) -> Iterator[Fleet]:
    """The reader's. What befalls it is the reader's business too.

    CacheError says what is wrong with the URL, or that nobody answers there."""
    if url.startswith(("mem:", "shm:")):
        raise pinyon.ConfigError(
            f"{url} is a cache of this host, which is act 1: --fleet wants servers, "
            "such as redis://host or memcached://host1,host2"
        )
    if "namespace=" not in url:
        url += f"{'&' if '?' in url else '?'}namespace={NAMESPACE}"
    with pinyon.Cache(url) as cache:
        cache.get("is anybody there?")
        shown = cache.url
    yield Fleet("own", "your fleet", url, shown, seconds)
