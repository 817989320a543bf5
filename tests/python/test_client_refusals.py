"""What cannot be sent is refused by a name, before anything of it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pinyon
import pytest
from fleets import fleet_url

from tests.servers import Memcached, Redis

LONE = "\ud800"  # half a character: as in names of files that are not UTF-8


def released() -> memoryview:
    view = memoryview(b"x")
    view.release()
    return view


ARGUMENTS: list[tuple[Callable[[Any], Any], str]] = [
    (lambda c: c.set("k", LONE), "argument 2 of SET .*surrogates.*bytes"),
    (lambda c: c.set(LONE, "v"), "argument 1 of SET .*surrogates"),
    (lambda c: c.mget(["k", LONE]), "argument 2 of MGET"),
    (lambda c: c.execute(b"SET", "k", LONE), "argument 2 of SET"),
    (lambda c: c.execute(f"S{LONE}", "k"), "a command's name"),
    (lambda c: c.execute(b"SET", "k", {}), "argument 2 of SET is dict"),
    (lambda c: c.execute(b"\xff", {}), "argument 1 of \ufffd is dict"),
    (lambda c: c.set("k", released()), "argument 2 of SET .*released memoryview"),
    (lambda c: c.set("k", 10**5000), "argument 2 of SET .*digits"),
    (lambda c: c.register_script(LONE), "a script"),
]
KEYS: list[Callable[[Any], Any]] = [
    lambda c: c.get(LONE),
    lambda c: c.get_many(["k", LONE]),
    lambda c: asyncio.run(later(c.aget, LONE)),
    lambda c: asyncio.run(later(c.aget_many, ["k", LONE])),
]


async def later(method: Callable[..., Any], *args: Any) -> Any:
    return await method(*args)


@pytest.fixture(params=["redis", "cluster", "memcached"])
def anyone(request: pytest.FixtureRequest) -> Any:
    kind = pinyon.Memcached if request.param == "memcached" else pinyon.Client
    with kind(fleet_url(request.param, request)) as client:
        yield client


@pytest.mark.parametrize(("call", "said"), ARGUMENTS)
def test_arguments_without_bytes(redis: Redis, call: Any, said: str) -> None:
    with pinyon.Client(f"redis://{redis.address}") as client:
        with pytest.raises(pinyon.ArgumentError, match=said) as caught:
            call(client)
        assert caught.value.__cause__ is None
        assert redis.call("DBSIZE") == 0


@pytest.mark.parametrize("call", KEYS)
def test_keys_without_bytes(anyone: Any, call: Any) -> None:
    with pytest.raises(pinyon.KeyValueError, match=r"a key .*surrogates"):
        call(anyone)
    assert anyone.get("k") is None  # and it goes on


def test_memcached(memcached: Memcached) -> None:
    with pinyon.Memcached(f"memcached://{memcached.address}") as client:
        for call, what in (
            (lambda: client.set("k", LONE), "a value"),
            (lambda: client.set(LONE, "v"), "a key"),
            (lambda: client.delete(LONE), "a key"),
        ):
            with pytest.raises(pinyon.ArgumentError, match=f"{what} .*surrogates"):
                call()
        assert memcached.get(b"k") is None


def test_nothing_half_done(redis: Redis) -> None:
    with pinyon.Client(f"redis://{redis.address}") as client:
        with pytest.raises(pinyon.ArgumentError, match="argument 3 of MSET"):
            client.mset({"a": 1, LONE: 2})
        for atomic in (False, True):
            with client.pipeline(transaction=atomic) as pipe:
                pipe.set("a", 1).set("b", LONE).set("c", 2)
                with pytest.raises(pinyon.ArgumentError, match="argument 2 of SET"):
                    pipe.execute()
        with client.pipeline() as pipe, pytest.raises(pinyon.KeyValueError):
            pipe.watch(LONE)
        with client.pubsub() as pubsub, pytest.raises(pinyon.KeyValueError):
            pubsub.subscribe("fine", LONE)
        assert redis.call("DBSIZE") == 0
        assert redis.call("PUBSUB", "CHANNELS") == []
        assert client.set("a", 1)


@pytest.mark.parametrize("kind", ["mem", "redis"])
def test_a_cache(kind: str, redis: Redis) -> None:
    url = "mem://" if kind == "mem" else f"redis://{redis.address}"
    with pinyon.Cache(url) as cache:
        with pytest.raises(pinyon.KeyValueError, match=r"a tag .*surrogates"):
            cache.set("k", 1, tags=[LONE])
        with pytest.raises(pinyon.ConfigError, match="not a time to live"):
            cache.set("k", 1, ttl=LONE)
        with pytest.raises(pinyon.ConfigError, match="surrogates"):
            cache.namespace(LONE)
        assert cache.get("k") is None


# ---- MULTI, refused by itself


@pytest.fixture
def without_multi(serve: Callable[[Redis], Redis]) -> Any:
    """A client of a user that may do all but MULTI."""
    server = serve(Redis())
    server.call(
        "ACL", "SETUSER", "half", "on", ">word", "~*", "&*", "+@all", "-multi", "-get"
    )
    with pinyon.Client(f"redis://half:word@{server.address}") as client:
        yield client


def test_multi_refused_tells_what_was_done(without_multi: Any) -> None:
    client = without_multi
    for raises in (True, False):
        with client.pipeline(transaction=True) as pipe:
            pipe.set("a", 1).incr("a").lpush("a", 1)
            with pytest.raises(pinyon.NoPermission, match="executed") as caught:
                pipe.execute(raise_on_error=raises)
        replies = caught.value.replies
        assert replies[:2] == [b"OK", 2]
        assert isinstance(replies[2], pinyon.WrongType)
        assert (caught.value.kind, caught.value.command) == ("NOPERM", "MULTI")
    with client.pipeline() as pipe:
        pipe.watch("a")
        pipe.multi()
        pipe.incr("a")
        with pytest.raises(pinyon.NoPermission) as caught:
            pipe.execute()
    assert caught.value.replies == [3]
    assert client.incr("a") == 4


def test_multi_refused_on_a_loop(without_multi: Any) -> None:
    async def main() -> None:
        pipe = without_multi.pipeline(transaction=True).set("a", 1).incr("a")
        with pytest.raises(pinyon.NoPermission, match="executed") as caught:
            await pipe.aexecute()
        assert caught.value.replies == [b"OK", 2]

    asyncio.run(main())


def test_multi_refused_and_nothing_done(without_multi: Any) -> None:
    with without_multi.pipeline(transaction=True) as pipe:
        replies = pipe.get("a").get("b").execute(raise_on_error=False)
    assert [r.kind for r in replies] == ["NOPERM", "NOPERM"]
    assert [r.replies for r in replies] == [None, None]
