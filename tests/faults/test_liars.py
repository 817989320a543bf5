"""Servers that do not keep to the protocol: nobody is given a wrong value, a connection
that cannot be trusted is not used again, and the error names the server, not the
password."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable, Iterator
from typing import Any

import pinyon
import pytest

from tests.servers import Memcached, Proxy, Redis, until

from .liar import Liar, Lie, Talk
from .load import Load, ManyReader, Reader, Writer

SECRET = "hunter2secret"
# One more attempt, so that two lies are an error; however many, the server stays up.
STRICT = {"timeout": 0.5, "retries": 1, "soft_failures": 1000}
Ask = Callable[[str, list[str]], list[Any]]
slow = pytest.mark.slow
engines = pytest.mark.parametrize("engine", ["redis", "memcached"])


def client_of(liar: Liar, **options: Any) -> Any:
    # A fleet of one: soft_failures are of fleets.
    more = {"password": SECRET, "place": "slots"} if liar.engine == "redis" else {}
    return pinyon.Client(liar.url, **{**STRICT, **more, **options})


@pytest.fixture(params=["blocking", "asyncio", "pipeline", "asyncio pipeline"])
def way(request: pytest.FixtureRequest) -> Iterator[Callable[[Any], Ask]]:
    """``ask = way(client)``, then ``ask("get", [keys])``: for each key what the method
    gives or raises, one after another or all in one flight."""
    with asyncio.Runner() as runner:

        def make(client: Any) -> Ask:
            def blocking(name: str, *args: Any) -> Any:
                try:
                    return getattr(client, name)(*args)
                except pinyon.CacheError as error:
                    return error

            async def awaiting(name: str, *args: Any) -> Any:
                try:
                    return await getattr(client, f"a{name}")(*args)
                except pinyon.CacheError as error:
                    return error

            def ask(name: str, keys: list[str]) -> list[Any]:
                if request.param == "blocking":
                    return [blocking(name, key) for key in keys]
                if request.param == "asyncio":

                    async def together() -> list[Any]:
                        return await asyncio.gather(*(awaiting(name, k) for k in keys))

                    return runner.run(together())
                pipe = client.pipeline(False)
                for key in keys:
                    getattr(pipe, name)(key)
                if request.param == "pipeline":
                    return pipe.execute(raise_on_error=False)  # type: ignore[no-any-return]
                return runner.run(pipe.aexecute(raise_on_error=False))

            return ask

        yield make


# ---- The lies


def says(redis: bytes, memcached: bytes, then: str = "nothing") -> Lie:
    """Says that of its engine, and then ends the connection, or not."""

    def lie(talk: Talk) -> None:
        is_redis = talk.engine == "redis"
        talk.say(redis if is_redis else memcached)
        if then != "nothing":
            getattr(talk, then)()

    return lie


def byte_by_byte(talk: Talk) -> None:
    for i in range(len(talk.truth)):
        talk.say(talk.truth[i : i + 1])
        talk.wait(0.001)


def twice(talk: Talk) -> None:
    talk.say(talk.truth * 2)


#: Those that nothing can be made of.
FATAL: dict[str, Lie] = {
    "nothing, then the end": says(b"", b"", "hang_up"),
    "nothing, then a reset": says(b"", b"", "reset"),
    "nothing at all": says(b"", b"", "say_nothing"),
    "half a reply, then the end": says(b"$5\r\nhel", b"VA 5\r\nhel", "hang_up"),
    "half a reply, half closed": says(b"$5\r\nhel", b"VA 5\r\nhel", "half_close"),
    "half a reply, then nothing": says(b"$5\r\nhel", b"VA 5\r\nhel", "say_nothing"),
    "half a line": says(b"$5", b"VA", "hang_up"),
    "garbage": says(b"\x00\xff\x80\r\n", b"\x00\xff\x80\r\n"),
    "a web page": says(b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"),
    "more than its length": says(b"$1\r\nabc\r\n", b"VA 1\r\nabc\r\n"),
    "a length that is none": says(b"$-7\r\n", b"VA -7\r\n"),
    "a length of letters": says(b"$abc\r\n", b"VA abc\r\n"),
    "a huge length": says(b"$9999999999999\r\n", b"VA 9999999999999\r\n"),
    "a length of 2**64": says(b"$%d\r\n" % (1 << 64), b"VA %d\r\n" % (1 << 64)),
    "400 MB, of which few come": says(
        b"$400000000\r\nxxx", b"VA 400000000\r\nxxx", "say_nothing"
    ),
    "a huge count": says(b"*999999999999\r\n", b"VA 999999999999\r\n"),
    "a line without end": says(b"+" + b"x" * 200_000, b"HD " + b"x" * 200_000),
    "deep nesting": says(b"*1\r\n" * 1000, b"VA VA VA\r\n"),
    "another type": says(b":1\r\n", b"HD\r\n"),
    "a list": says(b"*1\r\n:1\r\n", b"NS\r\n"),
    "another command's": says(b"%1\r\n:1\r\n:2\r\n", b"MN\r\n"),
    "the other protocol": says(b"VA 1\r\nx\r\n", b"$1\r\nx\r\n"),
}  # fmt: skip


def is_named(error: Any, liar: Liar) -> bool:
    text = f"{error} {error!r}"
    return (
        liar.address in str(error) and SECRET not in text and error.node == liar.address
    )


QUIET = ("nothing at all", "half a reply, then nothing", "400 MB, of which few come")
some_slow = [pytest.param(n, marks=slow) if n in QUIET else n for n in FATAL]


@engines
@pytest.mark.parametrize("name", some_slow)
def test_fatal(engine: str, name: str, way: Callable[[Any], Ask]) -> None:
    with Liar(engine, FATAL[name], times=2) as liar, client_of(liar) as client:
        ask = way(client)
        assert client.set("good", "v")
        client.set("other", "w")
        found = ask("get", ["good", "lie", "other"])
        liar.times = 0
        assert isinstance(found[1], pinyon.CacheError), found
        assert is_named(found[1], liar), found[1]
        for value, want in ((found[0], b"v"), (found[2], b"w")):
            assert value == want or isinstance(value, pinyon.CacheError), found
        # Where many share a connection, its silence is told from slowness by a second
        # call's time.
        until(
            lambda: ask("get", ["good", "lie", "other"]) == [b"v", None, b"w"],
            "the truth",
        )
        assert client.stats()["nodes"][liar.address]["connects"] >= 2


@engines
@pytest.mark.parametrize("name", [name for name in FATAL if name not in QUIET])
def test_one_lie_is_nobodys_error(engine: str, name: str) -> None:
    """What is safe to repeat is repeated, over another connection."""
    with (
        Liar(engine, FATAL[name], times=1) as liar,
        client_of(liar, retries=3, timeout=20) as client,
    ):
        liar.data[b"lie"] = b"truth"
        assert client.get("lie") == b"truth"
        assert liar.accepted == 2


@engines
def test_byte_by_byte(engine: str, way: Callable[[Any], Ask]) -> None:
    with Liar(engine, byte_by_byte) as liar, client_of(liar, timeout=20) as client:
        liar.data[b"lie"] = b"truth"
        assert way(client)("get", ["lie", "none", "lie"]) == [b"truth", None, b"truth"]
        assert client.stats()["nodes"][liar.address]["disconnects"] == 0


@engines
def test_said_twice(engine: str, way: Callable[[Any], Ask]) -> None:
    """Where nothing else is under way, what comes behind an answer is nobody's."""
    with Liar(engine, twice, times=1) as liar, client_of(liar) as client:
        liar.data |= {b"lie": b"truth", b"good": b"v"}
        ask = way(client)
        assert ask("get", ["good"]) == [b"v"]
        assert ask("get", ["lie"]) == [b"truth"]
        for _ in range(3):
            assert ask("get", ["good"]) == [b"v"]
        until(lambda: liar.open == 1, "the first connection to be closed")


@engines
def test_said_too_late(engine: str, way: Callable[[Any], Ask]) -> None:
    """The answer to a call whose time is over is never another call's."""

    def late(talk: Talk) -> None:
        talk.wait(0.3)
        talk.say(talk.truth)

    with Liar(engine, late, times=1) as liar, client_of(liar, timeout=0.1) as client:
        liar.data |= {b"lie": b"late", b"good": b"v"}
        ask = way(client)
        [error] = ask("get", ["lie"])
        assert isinstance(error, pinyon.TimeoutError | pinyon.ConnectionError), error
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            [value] = ask("get", ["good"])
            assert value == b"v" or isinstance(value, pinyon.CacheError)
        assert ask("get", ["good"]) == [b"v"]


@engines
def test_the_answer_to_a_cancelled_call(engine: str) -> None:
    def late(talk: Talk) -> None:
        talk.wait(0.05)
        talk.say(talk.truth)

    async def main(liar: Liar, client: Any) -> None:
        for _ in range(3):
            call = asyncio.ensure_future(client.aget("lie"))
            heard = len(liar.heard)
            while len(liar.heard) == heard:
                await asyncio.sleep(0.001)
            others = [asyncio.ensure_future(client.aget("good")) for _ in range(5)]
            await asyncio.sleep(0)
            call.cancel()
            assert await asyncio.gather(*others) == [b"v"] * 5

    with Liar(engine, late) as liar, client_of(liar, timeout=20) as client:
        liar.data |= {b"lie": b"late", b"good": b"v"}
        asyncio.run(main(liar, client))
        assert liar.accepted == 1


# ---- Of single commands


def test_values_of_other_keys() -> None:
    """Keys that memcached names are compared with what was asked."""
    lie = says(b"", b"VALUE other 0 1\r\nx\r\nEND\r\n")
    with (
        Liar("memcached", lie) as liar,
        client_of(liar) as client,
        pytest.raises(pinyon.ProtocolError, match=liar.address),
    ):
        client.get_many(["good", "lie"])
    lie = says(b"", b"VA 1 kother\r\nx\r\n")
    with Liar("memcached", lie) as liar, client_of(liar) as client:
        with pytest.raises(pinyon.ProtocolError, match=liar.address):
            client.mg("lie", "k v")
        assert client.mg("good", "k v").code == "EN"
        assert liar.accepted > 1


@engines
def test_wrong_types(engine: str, way: Callable[[Any], Ask]) -> None:
    """Whatever a method makes of a reply, what it cannot be made of is an error."""
    names = ["get", "incr", "delete"]
    if engine == "redis":
        names += ["hgetall", "smembers", "ttl", "lpop", "strlen"]
    else:
        names += ["gets", "ttl", "mg"]
    for said in (b":1\r\n", b"*1\r\n:1\r\n", b"+?\r\n", b"VA 1\r\nx\r\n", b"MN\r\n"):
        with Liar(engine, says(said, said)) as liar, client_of(liar) as client:
            liar.data[b"good"] = b"v"
            ask = way(client)
            for name in names:
                ask(name, ["lie"])  # raises what is not of our tree
                assert ask("get", ["good"]) == [b"v"]


# ---- Greetings


GREETINGS: dict[str, Lie] = {
    "rubbish": says(b"\x00\xff\r\n", b"\x00\xff\r\n"),
    "a web page": says(b"HTTP/1.1 400\r\n\r\n", b"HTTP/1.1 400\r\n\r\n"),
    "a number": says(b":7\r\n", b"7\r\n"),
    "the password": says(
        f"-ERR unknown command 'HELLO 3 AUTH default {SECRET}'\r\n".encode(), b"?\r\n"
    ),
    "nothing": says(b"", b"", "say_nothing"),
    "the end": says(b"", b"", "hang_up"),
    "half of it": says(b"%7\r\n$6\r\nserv", b"VERS", "say_nothing"),
}


@engines
@pytest.mark.parametrize("name", GREETINGS)
def test_greetings(engine: str, name: str, way: Callable[[Any], Ask]) -> None:
    """The time of a call bounds dialling as well, and afterwards all is well."""
    with Liar(engine, hello=GREETINGS[name]) as liar:
        options = {"connect_timeout": 0.1, "probe_min": 0.02, "probe_max": 0.05}
        with client_of(liar, **options) as client:
            ask = way(client)
            for found in ask("get", ["good"]) * 2:
                assert isinstance(found, pinyon.CacheError)
                assert is_named(found, liar), found
            liar.hello = None
            liar.data[b"good"] = b"v"
            until(lambda: ask("get", ["good"]) == [b"v"], "an answer")


# ---- Under load, and for long


@engines
def test_lies_among_many_answers(engine: str) -> None:
    """A real server; one in a hundred of its replies has rubbish around it."""
    server = Redis() if engine == "redis" else Memcached()
    turns = 0

    def alter(piece: bytes) -> bytes:
        nonlocal turns
        turns += 1
        if turns % 100:
            return piece
        return piece + b"\x00?\r\n" if turns % 200 else b"\x00" + piece

    with server, Proxy(server.port) as proxy:
        client = pinyon.Client(
            f"{engine}://{proxy.address}?place=slots", timeout=5, soft_failures=1000
        )
        roles = (
            (Writer, ManyReader, Reader) if engine == "redis" else (Writer, ManyReader)
        )
        with client, Load(client, roles=roles) as load:
            load.until_served(200)
            proxy.down.alter = alter
            load.until_served(3000)
            proxy.clear()
            load.until_served(200)
        assert client.stats()["nodes"][proxy.address]["disconnects"] > 5


def kilobytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@slow
@engines
def test_no_growth(engine: str) -> None:
    """What lies promise is not taken from memory; what they leave is given back."""
    lies = [lie for name, lie in FATAL.items() if "nothing" not in name]
    lies.append(FATAL["400 MB, of which few come"])

    def all_in_turn(talk: Talk) -> None:
        lies[talk.number % len(lies)](talk)

    with (
        Liar(engine, all_in_turn) as liar,
        client_of(liar, timeout=0.05, connect_timeout=5) as client,
    ):

        def some(count: int) -> None:
            for _ in range(count):
                with pytest.raises(pinyon.CacheError):
                    client.get("lie")

        some(2 * len(lies))
        before = kilobytes()
        some(3 * len(lies))
        assert kilobytes() - before < 20_000
        assert liar.open <= 2
