"""The C half of a client against real servers: what goes out, what comes back, what
fails and how, on threads and on loops."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import gc
import math
import os
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import until
from pinyon import _core
from pinyon._core import Client

from tests.servers import Cluster, Memcached, Redis, Sentinels, slot_of

Open = Callable[..., Client]


@pytest.fixture
def connect() -> Iterator[Open]:
    """Opens clients of servers, closed after the test."""
    with contextlib.ExitStack() as stack:

        def connect(*servers: Any, **options: Any) -> Client:
            address = [s.address for s in servers]
            seeds = [(a.rsplit(":", 1)[0], int(a.rsplit(":", 1)[1])) for a in address]
            defaults = {"engine": "redis", "kind": "single", "seeds": seeds}
            client = Client(defaults | {"timeout": 20.0} | options)
            stack.callback(client.close)
            return client

        yield connect


@pytest.fixture
def client(connect: Open, redis: Redis) -> Client:
    return connect(redis)


@pytest.fixture
def mc(connect: Open, memcached: Memcached) -> Client:
    return connect(memcached, engine="memcached", kind="hash", place="libketama")


@pytest.fixture
def mcs(connect: Open, memcacheds: list[Memcached]) -> Client:
    return connect(*memcacheds, engine="memcached", kind="hash", place="libketama")


@pytest.fixture
def clustered(connect: Open, cluster: Cluster) -> Client:
    return connect(*cluster.primaries, kind="cluster")


def users(server: Redis) -> int:
    """Connections to SERVER besides the one that asks, of what is not garbage."""
    gc.collect()
    return server.call("CLIENT", "LIST").count(b"\n") - 1


# ---- Arguments ---------------------------------------------------------------------


class Word(enum.StrEnum):
    KEY = "key"


class Number(enum.IntEnum):
    SEVEN = 7


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("häh\0", "häh\0".encode()),
        (b"\xff\r\n", b"\xff\r\n"),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"abcd")[::2], b"ac"),
        (-(2**63), b"-9223372036854775808"),
        (2**200, str(2**200).encode()),
        (1.0, b"1.0"),
        (0.1, b"0.1"),
        (-math.inf, b"-inf"),
        (Word.KEY, b"key"),
        (Number.SEVEN, b"7"),
        ("", b""),
    ],
)
def test_arguments(client: Client, redis: Redis, value: Any, text: bytes) -> None:
    assert client.execute("SET", "k", value) == b"OK"
    assert redis.call("GET", "k") == text
    assert client.get("k") == text


@pytest.mark.parametrize("value", [None, True, [1], {}, 1j, object(), Word])
def test_what_is_no_argument(client: Client, value: Any) -> None:
    with pytest.raises(_core.ArgumentError, match="argument 2 of SET is"):
        client.execute("SET", "k", value)


@pytest.mark.parametrize("words", [(), ("",), (" ",), (1, "k"), (None,), (1.5,)])
def test_what_is_no_command(client: Client, words: tuple[Any, ...]) -> None:
    with pytest.raises(_core.ArgumentError, match="begins with its name"):
        client.execute(*words)


def test_names_of_several_words(client: Client) -> None:
    assert client.execute("CONFIG GET", "databases")
    assert client.execute("config  resetstat") == b"OK"


def test_keys_are_text(client: Client) -> None:
    with pytest.raises(_core.KeyTypeError):
        client.get(1)  # type: ignore[arg-type]
    with pytest.raises(_core.KeyTypeError):
        client.get_many("abc")
    with pytest.raises(_core.KeyTypeError):
        client.get_many(["a", 1])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        client.get_many(7)  # type: ignore[arg-type]


def test_options() -> None:
    good = {"engine": "redis", "kind": "single", "seeds": [("127.0.0.1", 1)]}
    Client(good).close()
    for name, value in [
        ("nonsense", 1),
        ("kind", "ring"),
        ("seeds", []),
        ("seeds", "127.0.0.1:1"),
        ("seeds", [("h", 70000)]),
        ("timeout", "soon"),
        ("db", -1),
        ("tls", 1),
        ("weights", [1.0, 2.0]),
        ("ca_file", "nul\0"),
    ]:
        with pytest.raises(_core.ConfigError, match=name):
            Client(good | {name: value})
    with pytest.raises(_core.ConfigError) as caught:
        Client(good | {"password": ["sesame"]})
    assert "sesame" not in str(caught.value)


# ---- Replies -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def debug() -> Iterator[Redis]:
    with Redis(config={"enable-debug-command": "yes"}) as server:
        yield server


@pytest.mark.parametrize(
    ("protocol", "what", "reply"),
    [
        (3, "string", b"Hello World"),
        (3, "integer", 12345),
        (3, "double", 3.141),
        (2, "double", b"3.141"),
        (3, "null", None),
        (2, "null", None),
        (3, "array", [0, 1, 2]),
        (3, "set", {0, 1, 2}),
        (2, "set", [0, 1, 2]),
        (3, "map", {0: False, 1: True, 2: False}),
        (3, "attrib", b"Some real reply following the attribute"),
        (3, "verbatim", b"This is a verbatim\nstring"),
        (3, "bignum", 1234567999999999999999999999999999999),
        (3, "true", True),
        (3, "false", False),
        (2, "true", 1),
    ],
)
def test_replies(
    connect: Open, debug: Redis, protocol: int, what: str, reply: Any
) -> None:
    client = connect(debug, protocol=protocol)
    got = client.execute("DEBUG", "PROTOCOL", what)
    assert got == reply
    assert type(got) is type(reply)


def test_nested_replies(client: Client) -> None:
    script = "return {1, {2, {'three', false}}, {err='MYERR mine'}, {ok='fine'}}"
    one, two, error, fine = client.execute("EVAL", script, 0)
    assert (one, two, fine) == (1, [2, [b"three", None]], b"fine")
    assert isinstance(error, _core.ServerError)
    assert error.kind == "MYERR"


def test_what_has_no_hash(client: Client) -> None:
    head = "redis.setresp(3); return "
    assert client.execute("EVAL", head + "{set={}}", 0) == set()
    client.execute("XADD", "s", "1-1", "f", "v")
    assert client.execute("XREAD", "STREAMS", "s", 0) == {
        b"s": [[b"1-1", [b"f", b"v"]]]
    }


def test_decoding(connect: Open, redis: Redis) -> None:
    client = connect(redis, decode=True)
    client.execute("HSET", "h", "ä", "1", "b", b"\xff")
    assert client.execute("HGET", "h", "ä") == "1"
    assert client.execute("PING") == "PONG"
    bad = client.execute("HGETALL", "h")["b"]
    assert isinstance(bad, _core.SerializationError)
    with pytest.raises(_core.SerializationError, match="not UTF-8"):
        client.execute("HGET", "h", "b")
    assert Client(client, decode=False).execute("HGET", "h", "b") == b"\xff"


def test_large_replies(client: Client) -> None:
    value = os.urandom(5_000_000)
    client.execute("SET", "big", value)
    assert client.get("big") == value
    assert client.execute("MGET", "big", "none", "big") == [value, None, value]


# ---- Errors ------------------------------------------------------------------------


def test_errors_say_where(client: Client, redis: Redis) -> None:
    client.execute("SET", "k", "v")
    with pytest.raises(_core.WrongType, match="WRONGTYPE") as caught:
        client.execute("LPUSH", "k", "1")
    assert caught.value.node == redis.address
    assert caught.value.command == "LPUSH"
    assert caught.value.kind == "WRONGTYPE"
    assert caught.value.ambiguous is False


@pytest.mark.parametrize(
    ("command", "kind", "word"),
    [
        (("EVALSHA", "0" * 40, 0), _core.NoScript, "NOSCRIPT"),
        (("SET", "k", "v", "XX", "NX"), _core.ServerError, "ERR"),
        (("XGROUP", "CREATE", "none", "g", "0"), _core.ServerError, "ERR"),
    ],
)
def test_errors_of_servers(
    client: Client, command: tuple[Any, ...], kind: type[Exception], word: str
) -> None:
    with pytest.raises(kind) as caught:
        client.execute(*command)
    assert caught.value.kind == word  # type: ignore[attr-defined]
    [in_place] = client._run([command])
    assert type(in_place) is kind


def test_no_error_repeats_arguments(client: Client) -> None:
    with pytest.raises(_core.ServerError) as caught:
        client.execute("AUTHENTICATE", "sesame")
    assert "AUTHENTICATE" in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_passwords(connect: Open, serve: Callable[[Redis], Redis]) -> None:
    server = serve(Redis(password="sesame"))
    assert connect(server, password="sesame").execute("PING") == b"PONG"
    for options in ({}, {"password": "mellon"}):
        with pytest.raises(_core.AuthenticationError) as caught:
            connect(server, **options).execute("PING")
        assert "mellon" not in str(caught.value)


def test_a_server_that_hangs(connect: Open, serve: Callable[[Redis], Redis]) -> None:
    server = serve(Redis())
    client = connect(server)
    client.execute("SET", "k", "1")
    server.pause()
    with pytest.raises(_core.TimeoutError) as caught:
        client.execute("GET", "k", timeout=0.2)
    assert not caught.value.ambiguous
    server.resume()
    until(lambda: client.get("k") == b"1")
    server.pause()
    with pytest.raises(_core.AmbiguousTimeout) as caught:
        client.execute("INCR", "k", timeout=0.2)
    assert caught.value.ambiguous
    server.resume()


def test_nobody_listens(connect: Open, serve: Callable[[Redis], Redis]) -> None:
    server = serve(Redis())
    client = connect(server)
    assert client.get("k") is None
    server.kill()
    with pytest.raises(_core.ConnectionError) as caught:
        client.get("k")
    assert caught.value.node == server.address
    server.restart()
    until(lambda: client._run([("PING",)]) == [b"PONG"])


# ---- Several commands --------------------------------------------------------------


def test_run(client: Client) -> None:
    replies = client._run([("SET", "n", 1), ["INCR", "n"], ("LPUSH", "n", 1)])
    assert replies[:2] == [b"OK", 2]
    assert isinstance(replies[2], _core.WrongType)
    assert client._run([]) == []
    assert client._run([], flags=_core.RUN_ATOMIC) == []
    many = [("INCR", "n")] * 5000
    assert client._run(many) == list(range(3, 5003))


def test_call(client: Client) -> None:
    client.execute("SET", "n", 1)
    assert client._call((("INCR", "n"), None)) == 2
    assert client._call((("INCR", "n"), str), timeout=5) == "3"
    with pytest.raises(ZeroDivisionError):
        client._call((("INCR", "n"), lambda n: n / 0))
    with pytest.raises(TypeError):
        client._call(("INCR", "n"))  # type: ignore[arg-type]


def test_atomic(client: Client) -> None:
    atomic = _core.RUN_ATOMIC
    assert client._run([("SET", "n", 1), ("INCR", "n")], flags=atomic) == [b"OK", 2]
    replies = client._run([("LPUSH", "n", 1), ("INCR", "n")], flags=atomic)
    assert isinstance(replies[0], _core.WrongType)
    assert replies[1] == 3
    replies = client._run([("INCR", "n"), ("INCR",), ("INCR", "n")], flags=atomic)
    assert [type(r) for r in replies] == [
        _core.ExecAborted,
        _core.ServerError,
        _core.ExecAborted,
    ]
    assert client.get("n") == b"3"


def test_connections_stay_as_they_are(client: Client) -> None:
    for command in (("SELECT", 1), ("WATCH", "k"), ("MULTI",), ("SUBSCRIBE", "c")):
        with pytest.raises(_core.ArgumentError, match="session"):
            client.execute(*command)


# ---- Sessions ----------------------------------------------------------------------


def test_watch(client: Client, redis: Redis) -> None:
    client.execute("SET", "n", 1)
    with client._session(key="n") as session:
        assert session.run([("WATCH", "n"), ("GET", "n")]) == [b"OK", b"1"]
        assert session.node == redis.address
        client.execute("SET", "n", 5)
        assert session.run([("SET", "n", 2)], flags=_core.RUN_ATOMIC) is None
        assert session.run([("WATCH", "n"), ("GET", "n")]) == [b"OK", b"5"]
        assert session.run([("SET", "n", 2)], flags=_core.RUN_ATOMIC) == [b"OK"]
    assert client.get("n") == b"2"
    with pytest.raises(_core.ClosedError):
        session.run([("PING",)])


def test_a_watch_ends_with_its_connection(client: Client, redis: Redis) -> None:
    with client._session() as session:
        session.run([("WATCH", "n")])
        redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        [reply] = session.run([("SET", "n", 2)], flags=_core.RUN_ATOMIC)
        assert isinstance(reply, _core.ConnectionLost)
        assert session.losses == 1
        assert client.get("n") is None
        assert session.run([("WATCH", "n"), ("GET", "n")]) == [b"OK", None]


def test_what_a_session_changes_is_its_own(
    client: Client, connect: Open, redis: Redis
) -> None:
    with client._session() as session:
        assert session.run([("SELECT", 5), ("SET", "k", "five")]) == [b"OK", b"OK"]
    for _ in range(3):
        assert client.get("k") is None
    assert connect(redis, db=5).get("k") == b"five"


@pytest.mark.parametrize("protocol", [2, 3])
def test_pushes(connect: Open, redis: Redis, protocol: int) -> None:
    client = connect(redis, protocol=protocol)
    with client._session() as session:
        assert session.run([("SUBSCRIBE", "a"), ("PSUBSCRIBE", "b*")]) == [None, None]
        assert session.push(timeout=20) == [b"subscribe", b"a", 1]
        assert session.push(timeout=20) == [b"psubscribe", b"b*", 2]
        assert session.push(timeout=0.01) is None
        client._run([("PUBLISH", "a", "1"), ("PUBLISH", "bb", "2")])
        assert session.push(timeout=20) == [b"message", b"a", b"1"]
        assert session.push(timeout=20) == [b"pmessage", b"b*", b"bb", b"2"]
    assert client.execute("PING") == b"PONG"


def test_a_session_is_for_one_thread(client: Client) -> None:
    with client._session() as session:
        waits = threading.Thread(target=session.run, args=([("BLPOP", "q", 0)],))
        waits.start()
        until(lambda: client.execute("CLIENT LIST").count(b"cmd=blpop"))
        with pytest.raises(_core.ArgumentError, match="one thread"):
            session.run([("PING",)])
        with pytest.raises(_core.ArgumentError, match="one thread"):
            session.close()
        client.execute("RPUSH", "q", 1)
        waits.join()


# ---- Waiting -----------------------------------------------------------------------


def test_commands_that_wait(client: Client) -> None:
    assert client.execute("BLPOP", "q", 0.05) is None
    threading.Timer(0.05, client.execute, ("RPUSH", "q", "x")).start()
    assert client.execute("BLPOP", "q", 0) == [b"q", b"x"]
    with pytest.raises(_core.TimeoutError):
        client.execute("BLPOP", "q", 0, timeout=0.1)


class _Signal(Exception):
    pass


def test_signals_end_a_wait(client: Client, redis: Redis) -> None:
    def handler(*_: object) -> None:
        raise _Signal

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(_Signal):
            client.execute("BLPOP", "q", 0)
    finally:
        signal.signal(signal.SIGALRM, before)
    client.execute("SET", "k", "v")
    assert client.get("k") == b"v"
    assert client._pool()["taken"] == 0
    until(lambda: redis.call("LLEN", "q") == 0 and users(redis) == 1)


def test_the_pool_waits(connect: Open, redis: Redis) -> None:
    client = connect(redis, max_connections=1)
    threads = [threading.Thread(target=client.get, args=("k",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session = client._session()
    with pytest.raises(_core.PoolExhausted):
        client.execute("GET", "k", timeout=0.2)
    session.close()
    assert client.get("k") is None


def test_threads(client: Client) -> None:
    client._run([("SET", f"k{i}", i) for i in range(16)])
    wrong: list[object] = []

    def work(i: int) -> None:
        for _ in range(300):
            if client.get(f"k{i}") != b"%d" % i:
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_fork(client: Client) -> None:
    client.execute("SET", "k", "v")
    client._before_fork()
    child = os.fork()
    if child == 0:
        client._after_fork(True)
        os._exit(0 if client.get("k") == b"v" and asyncio.run(_get(client)) else 1)
    client._after_fork(False)
    assert os.waitpid(child, 0)[1] == 0
    assert client.get("k") == b"v"


async def _get(client: Client) -> bool:
    return await client.aget("k") == b"v"


# ---- Closing -----------------------------------------------------------------------


def test_close(connect: Open, redis: Redis) -> None:
    client = connect(redis)
    client.get("k")
    client.close()
    client.close()
    assert client.closed
    until(lambda: users(redis) == 0)
    for call in (lambda: client.get("k"), lambda: client._session(), client._run):
        with pytest.raises((_core.ClosedError, TypeError)):
            call()


def test_a_client_of_another(connect: Open, redis: Redis) -> None:
    pool = connect(redis)
    one, two = Client(pool), Client(pool, decode=True)
    one.execute("SET", "k", "v")
    assert two.get("k") == "v"
    assert users(redis) == 1
    one.close()
    with pytest.raises(_core.ClosedError):
        one.get("k")
    assert two.get("k") == "v"
    pool.close()
    assert two.closed
    with pytest.raises(_core.ClosedError):
        two.get("k")


# ---- Loops -------------------------------------------------------------------------


def test_a_loop(client: Client) -> None:
    async def main() -> None:
        assert await client.aexecute("SET", "n", 1) == b"OK"
        assert await client.aget("n") == b"1"
        assert await client.aget_many(["n", "none"]) == {"n": b"1"}
        assert await client._acall((("INCR", "n"), str)) == "2"
        assert await client._arun([("INCR", "n"), ("PING",)]) == [3, b"PONG"]
        assert await client._arun([]) == []
        atomic = [("SET", "n", 1), ("INCR", "n")]
        assert await client._arun(atomic, flags=_core.RUN_ATOMIC) == [b"OK", 2]
        with pytest.raises(_core.WrongType):
            await client.aexecute("LPUSH", "n", 1)
        with pytest.raises(ZeroDivisionError):
            await client._acall((("INCR", "n"), lambda n: n / 0))

    asyncio.run(main(), debug=True)
    with pytest.raises(RuntimeError):
        client.aget("n")


def test_many_at_once(client: Client, redis: Redis) -> None:
    async def main() -> None:
        await client._arun([("SET", f"k{i}", i) for i in range(5000)])
        got = await asyncio.gather(*[client.aget(f"k{i}") for i in range(5000)])
        assert got == [b"%d" % i for i in range(5000)]
        assert users(redis) == 1

    asyncio.run(main())


def test_cancelled_calls_shift_nothing(client: Client) -> None:
    async def main() -> None:
        await client._arun([("SET", f"k{i}", i) for i in range(1000)])
        calls = [client.aget(f"k{i}") for i in range(1000)]
        for i, call in enumerate(calls):
            if i % 3 == 0:
                call.cancel()
        await asyncio.sleep(0)  # now they are sent
        for i, call in enumerate(calls):
            if i % 3 == 1:
                call.cancel()
        for i, call in enumerate(calls):
            if i % 3 == 2:
                assert await call == b"%d" % i
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.aexecute("BLPOP", "q", 0), 0.05)
        assert await client.aget("k7") == b"7"

    asyncio.run(main())


def test_waiting_commands_have_connections_of_their_own(client: Client) -> None:
    async def main() -> None:
        waits = [client.aexecute("BLPOP", f"q{i}", 0) for i in range(3)]
        assert await client.aexecute("PING") == b"PONG"
        for i in range(3):
            await client.aexecute("RPUSH", f"q{i}", i)
        assert await asyncio.gather(*waits) == [
            [b"q%d" % i, b"%d" % i] for i in range(3)
        ]

    asyncio.run(main())


@pytest.mark.parametrize("how", ["asyncio", "uvloop"])
def test_loops_one_after_another(client: Client, redis: Redis, how: str) -> None:
    make: Any = asyncio.new_event_loop
    if how == "uvloop":
        make = pytest.importorskip("uvloop").new_event_loop

    async def main() -> None:
        await asyncio.gather(*[client.aget("k") for _ in range(100)])

    for _ in range(3):
        loop = make()
        dead = weakref.ref(loop)
        loop.run_until_complete(main())
        loop.close()
        del loop
        gc.collect()
        assert dead() is None
        until(lambda: users(redis) == 0)


def test_loops_beside_each_other(client: Client) -> None:
    client.execute("SET", "k", "v")
    wrong: list[object] = []

    async def main() -> None:
        for _ in range(20):
            got = await asyncio.gather(*[client.aget("k") for _ in range(50)])
            wrong.extend(v for v in got if v != b"v")

    threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_loop_closed_under_way(client: Client) -> None:
    loop = asyncio.new_event_loop()

    async def begin() -> list[Any]:
        calls = [client.aget("k"), client.aexecute("BLPOP", "q", 0)]
        await calls[0]
        return [*calls, client.aget("k")]

    calls = loop.run_until_complete(begin())
    loop.close()
    assert [call.done() for call in calls] == [True, False, False]
    assert asyncio.run(_nothing(client)) is None


async def _nothing(client: Client) -> Any:
    return await client.aget("none")


def test_closing_ends_what_is_under_way(connect: Open, redis: Redis) -> None:
    client = connect(redis)

    async def main() -> None:
        waits = client.aexecute("BLPOP", "q", 0)
        await client.aget("k")
        client.close()
        with pytest.raises(_core.ClosedError):
            await waits
        until(lambda: users(redis) == 0)

    asyncio.run(main())


def test_closing_from_another_thread(connect: Open, redis: Redis) -> None:
    client = connect(redis)

    async def main() -> None:
        waits = client.aexecute("BLPOP", "q", 0)
        await client.aget("k")
        await asyncio.to_thread(client.close)
        with pytest.raises(_core.ClosedError):
            await waits

    asyncio.run(main())
    until(lambda: users(redis) == 0)


def test_a_client_nobody_closes(redis: Redis) -> None:
    options = {"engine": "redis", "kind": "single"}
    options["seeds"] = [("127.0.0.1", redis.port)]  # type: ignore[assignment]

    async def main() -> None:
        assert await Client(options).aget("k") is None
        gc.collect()
        until(lambda: users(redis) == 0)

    asyncio.run(main())


def test_a_loop_in_trouble(connect: Open, serve: Callable[[Redis], Redis]) -> None:
    server = serve(Redis())
    client = connect(server)

    async def main() -> None:
        await client.aexecute("SET", "k", "1")
        server.pause()
        calls = [
            client.aexecute(*c, timeout=0.2) for c in (("GET", "k"), ("INCR", "k"))
        ]
        with pytest.raises(_core.TimeoutError):
            await calls[0]
        with pytest.raises(_core.TimeoutError):
            await calls[1]
        server.kill()
        with pytest.raises(_core.CacheError):
            await client.aget("k")
        server.restart()
        reply = None
        while reply != b"PONG":
            [reply] = await client._arun([("PING",)])

    asyncio.run(main())


def test_names_are_resolved(connect: Open, redis: Redis) -> None:
    client = connect(redis, seeds=[("localhost", redis.port)])
    assert asyncio.run(_nothing(client)) is None
    assert client.get("none") is None
    nowhere = connect(redis, seeds=[("nowhere.invalid", 1)], timeout=2.0)
    with pytest.raises(_core.CacheError):
        asyncio.run(_nothing(nowhere))


def test_sessions_of_a_loop(client: Client, redis: Redis) -> None:
    async def main() -> None:
        session = client._asession(key="n")
        assert await session.arun([("WATCH", "n"), ("GET", "n")]) == [b"OK", None]
        await client.aexecute("SET", "n", 1)
        assert await session.arun([("SET", "n", 2)], flags=_core.RUN_ATOMIC) is None
        assert session.node == redis.address
        await session.arun([("SUBSCRIBE", "c")])
        assert await session.apush() == [b"subscribe", b"c", 1]
        waits = [session.apush(), session.apush(), session.apush(0.02)]
        assert await waits[2] is None
        waits[0].cancel()
        await client.aexecute("PUBLISH", "c", "m")
        assert await waits[1] == [b"message", b"c", b"m"]
        with pytest.raises(_core.ArgumentError):
            session.run([("PING",)])
        waits = [session.apush()]
        session.close()
        with pytest.raises(_core.ClosedError):
            await waits[0]

    asyncio.run(main())
    until(lambda: users(redis) == 0)


def test_callbacks_see_no_context_of_ours(client: Client) -> None:
    """What waits for a reader keeps no request's variables alive."""
    import contextvars

    class Load:
        pass

    var: contextvars.ContextVar[Load] = contextvars.ContextVar("load")

    async def first() -> weakref.ref[Load]:
        load = Load()
        var.set(load)
        await client.aget("k")
        return weakref.ref(load)

    async def main() -> None:
        alive = await asyncio.create_task(first())
        await asyncio.sleep(0)  # the loop lets go of the task
        gc.collect()
        assert alive() is None
        await client.aget("k")

    asyncio.run(main())


# ---- Clusters ----------------------------------------------------------------------


def test_keys_of_many_slots(clustered: Client, cluster: Cluster) -> None:
    keys = [f"k{i}" for i in range(500)]
    pairs = [x for k in keys for x in (k, k)]
    assert clustered.execute("MSET", *pairs) == b"OK"
    assert clustered.execute("MGET", *keys, "no") == [k.encode() for k in keys] + [None]
    assert clustered.get_many([*keys, "no"]) == {k: k.encode() for k in keys}
    assert clustered.execute("EXISTS", *keys, "no") == 500
    assert clustered.execute("DEL", "k0", "k1", "no") == 2
    assert sum(p.call("DBSIZE") for p in cluster.primaries) == 498
    assert clustered.execute("MGET", "k5", "k5", "k0") == [b"k5", b"k5", None]
    with pytest.raises(_core.ArgumentError):
        clustered.execute("MSET", "a", 1, "b")


def test_all_primaries_are_asked(connect: Open, cluster: Cluster) -> None:
    fresh = connect(cluster.primaries[0], kind="cluster")
    assert fresh.execute("DBSIZE") == 0  # nothing is known of the others yet
    fresh._run([("SET", f"k{i}", i) for i in range(100)])
    assert fresh.execute("DBSIZE") == 100
    assert set(fresh.execute("KEYS", "*")) == {b"k%d" % i for i in range(100)}
    sha = fresh.execute("SCRIPT", "LOAD", "return 7")
    assert fresh.execute("SCRIPT EXISTS", sha, "0" * 40) == [1, 0]
    assert fresh._run([("EVALSHA", sha, 1, f"k{i}") for i in range(20)]) == [7] * 20
    assert fresh.execute("FLUSHALL") == b"OK"
    assert fresh.execute("DBSIZE") == 0


def test_a_loop_asks_all_primaries(connect: Open, cluster: Cluster) -> None:
    fresh = connect(cluster.primaries[0], kind="cluster")

    async def main() -> None:
        assert await fresh.aexecute("DBSIZE") == 0
        keys = [f"k{i}" for i in range(100)]
        await fresh.aexecute("MSET", *[x for k in keys for x in (k, k)])
        assert await fresh.aget_many(keys) == {k: k.encode() for k in keys}
        assert await fresh.aexecute("DBSIZE") == 100

    asyncio.run(main())


def test_cross_slot(clustered: Client) -> None:
    with pytest.raises(_core.CrossSlot):
        clustered.execute("SUNION", "a", "b")
    with pytest.raises(_core.CrossSlot):
        clustered._run([("SET", "a", 1), ("SET", "b", 1)], flags=_core.RUN_ATOMIC)
    with pytest.raises(_core.CrossSlot):
        clustered._run([("MSET", "a", 1, "b", 2)], flags=_core.RUN_ATOMIC)
    assert clustered.execute("SUNION", "{t}a", "{t}b") == set()


def test_a_slot_moves(connect: Open, serve: Callable[[Cluster], Cluster]) -> None:
    cluster = serve(Cluster(2, 0))
    client = connect(*cluster.primaries, kind="cluster")
    atomic = [("SET", "{t}n", 1), ("INCR", "{t}n")]
    assert client._run(atomic, flags=_core.RUN_ATOMIC) == [b"OK", 2]
    slot = slot_of("{t}")
    old = cluster.owner(slot)
    [new] = [p for p in cluster.primaries if p is not old]
    cluster.move_slots([slot], old, new)
    assert client._run(atomic, flags=_core.RUN_ATOMIC) == [b"OK", 2]
    cluster.move_slots([slot], new, old)
    [moved] = client._run([("GET", "{t}n")], flags=_core.RUN_RAW)
    assert isinstance(moved, _core.ClusterError)
    assert moved.kind == "MOVED"
    assert client.get("{t}n") == b"2"

    async def main() -> None:
        cluster.move_slots([slot], old, new)
        assert await client._arun(atomic, flags=_core.RUN_ATOMIC) == [b"OK", 2]

    asyncio.run(main())


def test_sentinels(connect: Open, serve: Callable[[Sentinels], Sentinels]) -> None:
    fleet = serve(Sentinels(name="main"))
    client = connect(*fleet.sentinels, kind="sentinel", service="main")
    assert client.execute("SET", "k", "v") == b"OK"
    roles = [node[3] for node in client._nodes()]
    assert roles.count("primary") == 1
    assert client.execute("DBSIZE") == 1


def test_several_redis_servers(connect: Open, redis: Redis, valkey: Redis) -> None:
    client = connect(redis, valkey, kind="hash", place="libketama")
    keys = [f"k{i}" for i in range(100)]
    assert client.execute("MSET", *[x for k in keys for x in (k, k)]) == b"OK"
    assert client.get_many(keys) == {k: k.encode() for k in keys}
    assert client.execute("DBSIZE") == 100
    assert 0 < redis.call("DBSIZE") < 100
    with pytest.raises(_core.CrossSlot, match="several nodes"):
        client.execute("SUNION", *keys)
    assert client.execute("DEL", *keys) == 100


# ---- memcached ---------------------------------------------------------------------


def test_meta(mc: Client, memcached: Memcached) -> None:
    stored, missed, deleted, noop = mc._run(
        [("ms", "k", "v", "T60 F7"), ("mg", "no", "v"), ("md", "no"), ("mn",)]
    )
    assert [r.code for r in (stored, missed, deleted, noop)] == ["HD", "EN", "NF", "MN"]
    [found] = mc._run([("mg", "k", "v c t f s h l k")])
    assert found.code == "VA"
    assert (found.value, found.flags, found.size, found.key) == (b"v", 7, 1, b"k")
    assert found.cas > 0
    assert 0 < found.ttl <= 60
    assert (found.hit, found.idle) == (False, 0)
    assert (found.won, found.stale, found.token_sent) == (False, False, False)
    assert memcached.get(b"k") == b"v"
    assert mc.get("k") == b"v"
    assert mc.get("no") is None


def test_meta_flags(mc: Client) -> None:
    [first, second] = mc._run([("mg", "k", "v N30 c t"), ("mg", "k", "v N30 c")])
    assert (first.won, first.value, first.token_sent) == (True, b"", False)
    assert (second.won, second.token_sent) == (False, True)
    [stale] = mc._run([("ms", "k", "new", f"C{first.cas + 1}")])
    assert stale.code == "EX"
    [stored] = mc._run([("ms", "k", "new", f"C{first.cas}")])
    assert stored.code == "HD"
    assert mc.get("k") == b"new"
    added, counted = mc._run([("ma", "n", "N0 J5 v"), ("ma", "n", "D3 v")])
    assert (added.value, counted.value) == (b"5", b"8")


@pytest.mark.parametrize("key", [b"plain", b"a b", b"\0\r\n", "ümlaut", b"x" * 186])
def test_keys_of_any_bytes(mc: Client, key: Any) -> None:
    mc._run([("ms", key, "v")])
    assert mc.get(key) == b"v"
    assert mc.get_many([key, "no"]) == {key: b"v"}
    [reply] = mc._run([("mg", key, "k")])
    assert reply.key == (key.encode() if isinstance(key, str) else key)


@pytest.mark.parametrize("key", [b"", b"x" * 251, b" " * 187])
def test_keys_too_long(mc: Client, key: bytes) -> None:
    for call in (mc.get, lambda k: mc.get_many([k]), lambda k: mc.execute("md", k)):
        with pytest.raises(_core.KeyTooLong):
            call(key)
    assert mc.get("k") is None


@pytest.mark.parametrize(
    "command",
    [
        ("mg", "k", "q"),
        ("mg", "k", "?"),
        ("mg", "k", "v v"),
        ("mg", "k", "Tx"),
        ("mg",),
        ("ms", "k"),
        ("mn", "k"),
        ("get", "k"),
        ("stats", "a b"),
        ("mg", None),
    ],
)
def test_what_memcached_has_not(mc: Client, command: tuple[Any, ...]) -> None:
    with pytest.raises(_core.ArgumentError):
        mc.execute(*command)


def test_values_too_large(
    connect: Open, mc: Client, serve: Callable[[Memcached], Memcached]
) -> None:
    mc.execute("ms", "k", "old")
    [refused] = mc._run([("ms", "k", b"x" * (1 << 21))])
    assert isinstance(refused, _core.ValueTooLarge)
    assert mc.get("k") is None
    small = serve(Memcached(item_max="512k"))
    client = connect(small, engine="memcached", kind="single")
    client.execute("ms", "k", "old")
    with pytest.raises(_core.ValueTooLarge):
        client.execute("ms", "k", b"x" * 800_000)
    assert client.get("k") is None

    async def main() -> None:
        await client.aexecute("ms", "k", "old")
        with pytest.raises(_core.ValueTooLarge):
            await client.aexecute("ms", "k", b"x" * 800_000)
        assert await client.aget("k") is None

    asyncio.run(main())


def test_stubs_are_misses(mc: Client) -> None:
    """What a lease leaves for its holder to fill is nobody's value."""
    mc._run([("mg", "stub", "v N30"), ("ms", "empty", ""), ("ms", "full", "v")])
    keys = ["stub", "empty", "full", "no", "a b"]
    assert mc.get_many(keys) == {"empty": b"", "full": b"v"}
    assert (mc.get("stub"), mc.get("empty")) == (None, b"")

    async def main() -> None:
        assert await mc.aget_many(keys) == {"empty": b"", "full": b"v"}
        assert await mc.aget("stub") is None

    asyncio.run(main())


def test_classic_commands(mcs: Client, memcacheds: list[Memcached]) -> None:
    assert mcs.execute("version").startswith(b"1.")
    assert b"curr_items" in mcs.execute("stats")
    mcs._run([("ms", f"k{i}", "v") for i in range(50)])
    assert mcs.execute("flush_all") is True
    assert mcs.get_many([f"k{i}" for i in range(50)]) == {}


def test_a_fleet_of_memcached(mcs: Client, memcacheds: list[Memcached]) -> None:
    keys = [f"k{i}" for i in range(300)]
    assert {r.code for r in mcs._run([("ms", k, k) for k in keys])} == {"HD"}
    assert mcs.get_many([*keys, "no", *keys]) == {k: k.encode() for k in keys}
    assert all(int(m.stats()["curr_items"]) > 0 for m in memcacheds)

    async def main() -> None:
        assert await mcs.aget_many(keys) == {k: k.encode() for k in keys}
        assert await mcs.aget("k7") == b"k7"

    asyncio.run(main())
    assert mcs.get_many([]) == {}


# ---- Numbers, leaks ----------------------------------------------------------------


def test_numbers(client: Client, redis: Redis) -> None:
    client.get("k")
    [(number, host, port, role, health, _slots, _zone)] = client._nodes()
    assert (host, port, role, health) == ("127.0.0.1", redis.port, "primary", "up")
    assert client._node_stats(number)["calls"] == 1
    assert client._pool()["idle"] == 1
    assert client._counters()["dials"] == 1
    with pytest.raises(_core.ArgumentError):
        client._node_stats(-1)


def test_no_leaks(client: Client) -> None:
    """Blocks and references stay as they are over thousands of calls of every kind."""
    import sys

    client.execute("SET", "k", "v" * 100)

    async def loop() -> None:
        await asyncio.gather(*[client.aget("k") for _ in range(50)])
        await client._arun([("GET", "k"), ("LPUSH", "k", 1)])
        await client.aget_many(["k", "no"])
        client.aget("k").cancel()
        session = client._asession()
        await session.arun([("SUBSCRIBE", "c")])
        await session.apush()
        session.close()

    def work() -> None:
        for _ in range(20):
            client.get("k")
            client.get_many(["k", "no"])
            client._run([("GET", "k"), ("LPUSH", "k", 1), ("HSET", "h", "f", "v")])
            client._run([("GET", "k")], flags=_core.RUN_ATOMIC)
            with contextlib.suppress(_core.CacheError):
                client.execute("SET", "k", None)
            with client._session() as session:
                session.run([("WATCH", "k")])
        asyncio.run(loop())

    for _ in range(3):
        work()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(20):
        work()
    gc.collect()
    assert sys.getallocatedblocks() - before < 300
