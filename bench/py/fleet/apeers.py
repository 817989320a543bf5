"""apeers - clients for asyncio behind one small face; see peers.

A factory is an asynchronous context manager: what it opens belongs to the running loop.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, field
from typing import Any

from fleet import PINYON, VALUE, hosts, keys, new_tag
from fleet.peers import leave_out

POOL = 64
"""Connections, for clients that have one request under way on each."""


@dataclass
class AsyncPeer:
    name: str
    get: Callable[[Any], Awaitable[Any]]
    set: Callable[[Any, bytes], Awaitable[Any]]
    encoded: bool = False
    """Keys are given as bytes."""
    tag: str = field(default_factory=new_tag)

    def keys(self, count: int) -> list[Any]:
        names = keys(count, self.tag)
        return [name.encode() for name in names] if self.encoded else names

    async def fill(self, count: int) -> None:
        """Stores COUNT keys and makes sure that they are found."""
        for key in self.keys(count):
            await self.set(key, VALUE)
            found = await self.get(key)
            if getattr(found, "value", found) != VALUE:  # emcache gives an Item
                raise RuntimeError(f"lost {key!r}: {found!r}")


Factory = Callable[[Sequence[int]], AbstractAsyncContextManager[AsyncPeer]]

# ---- Redis ----------------------------------------------------------------------


@asynccontextmanager
async def pinyon_redis(ports: Sequence[int]) -> AsyncIterator[AsyncPeer]:
    with pinyon_of(f"redis://{hosts(ports)}") as peer:
        yield peer


@asynccontextmanager
async def redis_asyncio(ports: Sequence[int]) -> AsyncIterator[AsyncPeer]:
    import redis.asyncio as aioredis

    # Without a bound it would open a connection for each of 5,000 requests.
    pool = aioredis.BlockingConnectionPool(port=ports[0], max_connections=POOL)
    async with aioredis.Redis(connection_pool=pool) as client:
        yield AsyncPeer("redis.asyncio", client.get, client.set)
    await pool.aclose()


@asynccontextmanager
async def valkey_glide(ports: Sequence[int]) -> AsyncIterator[AsyncPeer]:
    import glide

    address = glide.NodeAddress("127.0.0.1", ports[0])
    # Its default of 1,000 requests under way would refuse the rest.
    settings = glide.GlideClientConfiguration([address], inflight_requests_limit=100000)
    client = await glide.GlideClient.create(settings)
    try:
        yield AsyncPeer("valkey-glide", client.get, client.set)
    finally:
        await client.close()


@asynccontextmanager
async def coredis_client(ports: Sequence[int]) -> AsyncIterator[AsyncPeer]:
    import coredis

    client: Any = coredis.Redis(port=ports[0], max_connections=POOL)
    async with client:
        yield AsyncPeer("coredis", client.get, client.set)


# ---- Memcached ------------------------------------------------------------------


@asynccontextmanager
async def pinyon_memcached(ports: Sequence[int]) -> AsyncIterator[AsyncPeer]:
    with pinyon_of(f"memcached://{hosts(ports)}") as peer:
        yield peer


@contextmanager
def pinyon_of(url: str) -> Iterator[AsyncPeer]:
    import pinyon

    client: Any = pinyon.Client(url)
    try:
        yield AsyncPeer(PINYON, client.aget, client.aset)
    finally:
        client.close()


@asynccontextmanager
async def emcache_client(ports: Sequence[int]) -> AsyncIterator[AsyncPeer]:
    async with emcache_of(ports, autobatching=False) as client:
        yield AsyncPeer("emcache", client.get, client.set, encoded=True)


@asynccontextmanager
async def emcache_batching(ports: Sequence[int]) -> AsyncIterator[AsyncPeer]:
    async with emcache_of(ports, autobatching=True) as client:
        yield AsyncPeer("emcache autobatching", client.get, client.set, encoded=True)


@asynccontextmanager
async def emcache_of(ports: Sequence[int], autobatching: bool) -> AsyncIterator[Any]:
    import emcache

    client = await emcache.create_client(
        [emcache.MemcachedHostAddress("127.0.0.1", port) for port in ports],
        timeout=30.0,  # 5,000 at once wait longer than its default of a second
        max_connections=POOL // 2,
        autobatching=autobatching,
    )
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def aiomcache_client(ports: Sequence[int]) -> AsyncIterator[AsyncPeer]:
    import aiomcache

    client = aiomcache.Client("127.0.0.1", ports[0], pool_size=POOL)
    try:
        yield AsyncPeer("aiomcache", client.get, client.set, encoded=True)
    finally:
        await client.close()


REDIS: tuple[Factory, ...] = (pinyon_redis, redis_asyncio, valkey_glide, coredis_client)
MEMCACHED: tuple[Factory, ...] = (
    pinyon_memcached,
    emcache_client,
    emcache_batching,
    aiomcache_client,
)


@asynccontextmanager
async def connected(
    factories: Sequence[Factory],
    ports: Sequence[int],
    count: int,
    missing: list[str],
) -> AsyncIterator[list[AsyncPeer]]:
    """As peers.connected, on the running loop."""
    present: list[AsyncPeer] = []
    async with AsyncExitStack() as stack:
        for make in factories:
            try:
                peer = await stack.enter_async_context(make(ports))
                await peer.fill(count)
            except Exception as error:  # whatever a client of others may raise
                leave_out(make, error, missing)
                continue
            present.append(peer)
        yield present
