"""Read by mypy --strict (test_typing.py), run by nobody: what users' types become."""

from __future__ import annotations

from typing import TYPE_CHECKING, reveal_type

import pinyon

cache = pinyon.Cache("mem://?size=8MiB")


@cache.cached
def bare(x: int, *, y: str = "") -> float:
    return x + len(y)


@cache.cached(ttl="10m", stale=60, tags=lambda x: [f"x:{x}"])
def full(x: int) -> list[str]:
    return [str(x)]


@cache.cached(ttl=60)
async def coroutine(x: int) -> bytes:
    return bytes(x)


class Shop:
    @cache.cached(ttl=60)
    def method(self, x: int) -> str:
        return str(x)

    @cache.cached
    async def amethod(self, x: int) -> str:
        return str(x)

    @staticmethod
    @cache.cached
    def static(x: int) -> str:
        return str(x)


async def load() -> int:
    return 1


async def use() -> None:
    shop = Shop()
    if TYPE_CHECKING:
        reveal_type(bare(1, y="a"))  # R: "float"
        reveal_type(full(1))  # R: "list[str]"
        reveal_type(await coroutine(1))  # R: "bytes"
        reveal_type(shop.method(1))  # R: "str"
        reveal_type(await shop.amethod(1))  # R: "str"
        reveal_type(Shop.static(1))  # R: "str"
        reveal_type(shop.method.cache_key(1))  # R: "str"
        reveal_type(shop.method.cache_refresh(1))  # R: "str"
        reveal_type(full.cache_key(1))  # R: "str"
        reveal_type(full.cache_info().hits)  # R: "int"
        reveal_type(full.cache_refresh(1))  # R: "list[str]"
        reveal_type(await coroutine.cache_refresh(1))  # R: "bytes"
        reveal_type(await coroutine.acache_refresh(1))  # R: "bytes"
        reveal_type(await full.acache_refresh(1))  # R: "list[str]"
        reveal_type(await shop.amethod.acache_refresh(1))  # R: "str"
        reveal_type(await coroutine.acache_contains(1))  # R: "bool"
        reveal_type(await shop.method.acache_invalidate(1))  # R: "bool"
        reveal_type(cache.get_or_load("k", lambda: 1, 60))  # R: "int"
        reveal_type(await cache.aget_or_load("k", load, ttl="1h"))  # R: "int"
        reveal_type(cache.set("k", 1, ttl=60, tags=["a"]))  # R: "bool"
        reveal_type(cache.get_many(["a", "b"]))  # R: "dict[str, Any]"
        reveal_type(cache.ttl("k"))  # R: "float | None"
        reveal_type(cache.incr("n"))  # R: "int"
        reveal_type(cache.namespace("v2"))  # R: "pinyon.cache.Cache"
        reveal_type(cache.stats()["calls"]["hits"])  # R: "int"
        with pinyon.Cache() as other:
            reveal_type(other)  # R: "pinyon.cache.Cache"

        bare("text")  # E: [arg-type]
        full(1, 2)  # E: [call-arg]
        shop.method("text")  # E: [arg-type]
        full.cache_key("text")  # E: [arg-type]
        await coroutine.acache_invalidate("text")  # E: [arg-type]
        cache.set(7, 1)  # E: [arg-type]
        cache.cached(ttl=60, lock="cluster")  # E: [call-overload]
        cache.cached(sise=1)  # E: [call-overload]


client = pinyon.Client("redis://h")
texts = pinyon.Client("redis://h", decode_responses=True)
memcached = pinyon.Memcached("memcached://h")

reveal_type(client)  # R: "pinyon.client.Client[bytes]"
reveal_type(texts)  # R: "pinyon.client.Client[str]"
reveal_type(client.get("k"))  # R: "bytes | None"
reveal_type(texts.hgetall("h"))  # R: "dict[str, str]"
reveal_type(texts.mget("a", "b"))  # R: "list[str | None]"
reveal_type(client.expire("k", 60))  # R: "bool"
reveal_type(client.smembers("s"))  # R: "set[bytes]"
reveal_type(client.zscore("z", "m"))  # R: "float | None"
reveal_type(client.pipeline().get("a"))  # R: "pinyon.pipeline.Pipeline[bytes]"
reveal_type(client.session().get("k"))  # R: "bytes | None"
reveal_type(memcached)  # R: "pinyon.memcached.Memcached[bytes]"
reveal_type(memcached.gets("k"))  # R: "tuple[bytes | None, int | None]"
reveal_type(memcached.mg("k").cas)  # R: "int | None"
pinyon.Client(host="h", port=6379, socket_timeout=1.5, read_from="any")
pinyon.Client("redis://h", nonsense=1)  # E: Unexpected keyword argument "nonsense"
client.expire("k")  # E: Missing positional argument "time"


async def commands() -> None:
    reveal_type(await texts.aget("k"))  # R: "str | None"
    reveal_type(await client.aincr("n"))  # R: "int"
    async for key in texts.ascan_iter():
        reveal_type(key)  # R: "str"


def takes_bare(given: pinyon.Client) -> None:
    reveal_type(given.get("k"))  # R: "bytes | None"
