"""Real servers on loopback, for the tests, the demo and the benchmarks.

    from tests.servers import Memcached, Redis

    with Redis() as server:
        ...                         # server.address, server.port, server.call("PING")

Each has a port and a folder of its own, so any number may run beside each other, also
of several test runs. They end with their `with`, and with the process that started
them, however that ends. Their fixtures are in tests/conftest.py;
nothing here needs pytest.

    process         what all servers have: start, stop, kill, pause, restart, log
    redis           Redis and Valkey, replicas, Sentinels
    cluster         Cluster: of either, with resharding and failover
    memcached       Memcached, and Nutcracker in front of several
    certificates    a CA, and good and bad certificates
    proxy           a TCP proxy that delays, cuts, corrupts, refuses
    link            the tests' own connection: what a server holds, without Pinyon
"""

from .certificates import Certificates
from .cluster import Cluster, ClusterNode, slot_of
from .link import Link, ReplyError
from .memcached import Memcached, Nutcracker
from .process import CALM, HOST, Port, Server, ServerError, start_all, stop_all, until
from .proxy import Proxy, Way
from .redis import Redis, Sentinel, Sentinels

__all__ = [
    "CALM",
    "HOST",
    "Certificates",
    "Cluster",
    "ClusterNode",
    "Link",
    "Memcached",
    "Nutcracker",
    "Port",
    "Proxy",
    "Redis",
    "ReplyError",
    "Sentinel",
    "Sentinels",
    "Server",
    "ServerError",
    "Way",
    "slot_of",
    "start_all",
    "stop_all",
    "until",
]
