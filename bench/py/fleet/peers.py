"""peers - blocking clients behind one small face.

Each function connects one client to servers on ports of 127.0.0.1, or raises: what is
not installed or does not start is named in the report with the reason. `get`,
`get_many` and `set` are the clients' own bound methods wherever their shapes allow it,
so that a call costs what it costs the user; where they do not, the thinnest function
stands between. Settings are the fast ones that each project recommends.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from fleet import PINYON, VALUE, hosts, keys, new_tag

Factory = Callable[[Sequence[int]], "Peer"]


@dataclass
class Peer:
    name: str
    get: Callable[[str], Any]
    get_many: Callable[[list[str]], Any]
    set: Callable[[str, bytes], Any]
    close: Callable[[], Any]
    tag: str = field(default_factory=new_tag)

    def keys(self, count: int) -> list[str]:
        return keys(count, self.tag)

    def fill(self, count: int) -> None:
        """Stores COUNT keys and makes sure that they are found, one by one and at
        once."""
        names = self.keys(count)
        for key in names:
            self.set(key, VALUE)
        for key in names:
            if self.get(key) != VALUE:
                raise RuntimeError(f"get lost {key!r}: {self.get(key)!r}")
        found = self.get_many(names)
        listed = found if isinstance(found, list) else [found[key] for key in names]
        if listed != [VALUE] * count:
            raise RuntimeError("get_many lost something")


# ---- Redis ----------------------------------------------------------------------


def pinyon_redis(ports: Sequence[int]) -> Peer:
    place = "" if len(ports) == 1 else "?place=libketama"
    return pinyon_of(f"redis://{hosts(ports)}{place}")


def redis_py(ports: Sequence[int]) -> Peer:
    import hiredis  # noqa: F401  without it redis-py parses in Python
    import redis

    client = redis.Redis(port=ports[0])
    return Peer("redis-py", client.get, client.mget, client.set, client.close)


def valkey_glide_sync(ports: Sequence[int]) -> Peer:
    import glide_sync as glide

    address = glide.NodeAddress("127.0.0.1", ports[0])
    client = glide.GlideClient.create(glide.GlideClientConfiguration([address]))
    return Peer("valkey-glide-sync", client.get, client.mget, client.set, client.close)


# ---- Memcached ------------------------------------------------------------------


def pinyon_memcached(ports: Sequence[int]) -> Peer:
    return pinyon_of(f"memcached://{hosts(ports)}")


def pinyon_of(url: str, **options: object) -> Peer:
    import pinyon

    client: Any = pinyon.Client(url, **options)
    return Peer(PINYON, client.get, client.get_many, client.set, client.close)


def pylibmc_text(ports: Sequence[int]) -> Peer:
    return pylibmc_of("pylibmc", ports, binary=False)


def pylibmc_binary(ports: Sequence[int]) -> Peer:
    return pylibmc_of("pylibmc binary", ports, binary=True)


def pylibmc_of(name: str, ports: Sequence[int], binary: bool) -> Peer:
    import pylibmc

    fast = {"tcp_nodelay": True, "ketama": True}
    client = pylibmc.Client(
        [f"127.0.0.1:{port}" for port in ports], binary=binary, behaviors=fast
    )
    return Peer(name, client.get, client.get_multi, client.set, client.disconnect_all)


def pylibmc_pool(ports: Sequence[int]) -> Peer:
    """A client of pylibmc is for one thread; this is its own pool for several."""
    import pylibmc

    one = pylibmc.Client([f"127.0.0.1:{ports[0]}"], behaviors={"tcp_nodelay": True})
    pool = pylibmc.ThreadMappedPool(one)

    def get(key: str) -> Any:
        with pool.reserve() as client:
            return client.get(key)

    name = "pylibmc ThreadMappedPool"
    return Peer(name, get, one.get_multi, one.set, one.disconnect_all)


def pymemcache_client(ports: Sequence[int]) -> Peer:
    from pymemcache.client.base import Client

    client = Client(("127.0.0.1", ports[0]), no_delay=True)
    return Peer("pymemcache", client.get, client.get_many, client.set, client.close)


def pymemcache_pooled(ports: Sequence[int]) -> Peer:
    from pymemcache.client.base import PooledClient

    client = PooledClient(("127.0.0.1", ports[0]), no_delay=True, max_pool_size=64)
    name = "pymemcache PooledClient"
    return Peer(name, client.get, client.get_many, client.set, client.close)


def pymemcache_hash(ports: Sequence[int]) -> Peer:
    from pymemcache.client.hash import HashClient

    servers = [("127.0.0.1", port) for port in ports]
    client = HashClient(servers, no_delay=True, use_pooling=True)
    name = "pymemcache HashClient"
    return Peer(name, client.get, client.get_many, client.set, client.close)


def meta_memcache(ports: Sequence[int]) -> Peer:
    import meta_memcache as meta

    client = meta.CacheClient.cache_client_from_servers(
        servers=[meta.ServerAddress("127.0.0.1", port) for port in ports],
        connection_pool_factory_fn=meta.connection_pool_factory_builder(
            max_pool_size=64, read_buffer_size=32768
        ),
    )

    def store(key: str, value: bytes) -> Any:
        return client.set(key, value, ttl=0)

    def get_many(names: list[str]) -> dict[str, Any]:
        return {key.key: value for key, value in client.multi_get(names).items()}

    return Peer("meta-memcache", client.get, get_many, store, lambda: None)


REDIS: tuple[Factory, ...] = (pinyon_redis, redis_py, valkey_glide_sync)
MEMCACHED: tuple[Factory, ...] = (
    pinyon_memcached,
    pylibmc_text,
    pylibmc_binary,
    pymemcache_client,
    pymemcache_pooled,
    pymemcache_hash,
    meta_memcache,
)
"""For one server."""
MEMCACHED_FLEET: tuple[Factory, ...] = (
    pinyon_memcached,
    pylibmc_text,
    pylibmc_binary,
    pymemcache_hash,
    meta_memcache,
)
THREADED_REDIS = REDIS
THREADED_MEMCACHED: tuple[Factory, ...] = (
    pinyon_memcached,
    pylibmc_pool,
    pymemcache_pooled,
    meta_memcache,
)


@contextmanager
def connected(
    factories: Sequence[Factory],
    ports: Sequence[int],
    count: int,
    missing: list[str],
) -> Iterator[list[Peer]]:
    """The clients that can be had, each with COUNT keys stored; why the others cannot
    stands in MISSING afterwards, once."""
    present: list[Peer] = []
    with ExitStack() as stack:
        for make in factories:
            try:
                peer = make(ports)
                stack.callback(peer.close)
                peer.fill(count)
            except Exception as error:  # whatever a client of others may raise
                leave_out(make, error, missing)
                continue
            present.append(peer)
        yield present


def leave_out(make: Callable[..., Any], error: Exception, missing: list[str]) -> None:
    name = make.__name__.replace("_", " ")
    line = f"{name}: left out, {type(error).__name__}: {error}"
    if line not in missing:
        missing.append(line)
