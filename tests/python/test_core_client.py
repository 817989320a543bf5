"""The C half of a client against a real server: what goes out, what comes back, what
fails and how."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import until
from core_clients import Open, users
from pinyon import _core
from pinyon._core import Client

from tests.servers import Redis

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
def test_arguments(core: Client, redis: Redis, value: Any, text: bytes) -> None:
    assert core.execute("SET", "k", value) == b"OK"
    assert redis.call("GET", "k") == text
    assert core.get("k") == text


@pytest.mark.parametrize("value", [None, True, [1], {}, 1j, object(), Word])
def test_what_is_no_argument(core: Client, value: Any) -> None:
    with pytest.raises(_core.ArgumentError, match="argument 2 of SET is"):
        core.execute("SET", "k", value)


@pytest.mark.parametrize("words", [(), ("",), (" ",), (1, "k"), (None,), (1.5,)])
def test_what_is_no_command(core: Client, words: tuple[Any, ...]) -> None:
    with pytest.raises(_core.ArgumentError, match="begins with its name"):
        core.execute(*words)


def test_names_of_several_words(core: Client) -> None:
    assert core.execute("CONFIG GET", "databases")
    assert core.execute("config  resetstat") == b"OK"


def test_keys_are_text(core: Client) -> None:
    with pytest.raises(_core.KeyTypeError):
        core.get(1)  # type: ignore[arg-type]
    with pytest.raises(_core.KeyTypeError):
        core.get_many("abc")
    with pytest.raises(_core.KeyTypeError):
        core.get_many(["a", 1])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        core.get_many(7)  # type: ignore[arg-type]


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


def test_nested_replies(core: Client) -> None:
    script = "return {1, {2, {'three', false}}, {err='MYERR mine'}, {ok='fine'}}"
    one, two, error, fine = core.execute("EVAL", script, 0)
    assert (one, two, fine) == (1, [2, [b"three", None]], b"fine")
    assert isinstance(error, _core.ServerError)
    assert error.kind == "MYERR"


def test_what_has_no_hash(core: Client) -> None:
    head = "redis.setresp(3); return "
    assert core.execute("EVAL", head + "{set={}}", 0) == set()
    core.execute("XADD", "s", "1-1", "f", "v")
    assert core.execute("XREAD", "STREAMS", "s", 0) == {b"s": [[b"1-1", [b"f", b"v"]]]}


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


def test_large_replies(core: Client) -> None:
    value = os.urandom(5_000_000)
    core.execute("SET", "big", value)
    assert core.get("big") == value
    assert core.execute("MGET", "big", "none", "big") == [value, None, value]


# ---- Errors ------------------------------------------------------------------------


def test_errors_say_where(core: Client, redis: Redis) -> None:
    core.execute("SET", "k", "v")
    with pytest.raises(_core.WrongType, match="WRONGTYPE") as caught:
        core.execute("LPUSH", "k", "1")
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
    core: Client, command: tuple[Any, ...], kind: type[Exception], word: str
) -> None:
    with pytest.raises(kind) as caught:
        core.execute(*command)
    assert caught.value.kind == word  # type: ignore[attr-defined]
    [in_place] = core._run([command])
    assert type(in_place) is kind


def test_no_error_repeats_arguments(core: Client) -> None:
    with pytest.raises(_core.ServerError) as caught:
        core.execute("AUTHENTICATE", "sesame")
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


def test_run(core: Client) -> None:
    replies = core._run([("SET", "n", 1), ["INCR", "n"], ("LPUSH", "n", 1)])
    assert replies[:2] == [b"OK", 2]
    assert isinstance(replies[2], _core.WrongType)
    assert core._run([]) == []
    assert core._run([], flags=_core.RUN_ATOMIC) == []
    many = [("INCR", "n")] * 5000
    assert core._run(many) == list(range(3, 5003))


def test_call(core: Client) -> None:
    core.execute("SET", "n", 1)
    assert core._call((("INCR", "n"), None)) == 2
    assert core._call((("INCR", "n"), str), timeout=5) == "3"
    with pytest.raises(ZeroDivisionError):
        core._call((("INCR", "n"), lambda n: n / 0))
    with pytest.raises(TypeError):
        core._call(("INCR", "n"))  # type: ignore[arg-type]


def test_atomic(core: Client) -> None:
    atomic = _core.RUN_ATOMIC
    assert core._run([("SET", "n", 1), ("INCR", "n")], flags=atomic) == [b"OK", 2]
    replies = core._run([("LPUSH", "n", 1), ("INCR", "n")], flags=atomic)
    assert isinstance(replies[0], _core.WrongType)
    assert replies[1] == 3
    replies = core._run([("INCR", "n"), ("INCR",), ("INCR", "n")], flags=atomic)
    assert [type(r) for r in replies] == [
        _core.ExecAborted,
        _core.ServerError,
        _core.ExecAborted,
    ]
    assert core.get("n") == b"3"


def test_connections_stay_as_they_are(core: Client) -> None:
    for command in (("SELECT", 1), ("WATCH", "k"), ("MULTI",), ("SUBSCRIBE", "c")):
        with pytest.raises(_core.ArgumentError, match="session"):
            core.execute(*command)


# ---- Sessions ----------------------------------------------------------------------


def test_watch(core: Client, redis: Redis) -> None:
    core.execute("SET", "n", 1)
    with core._session(key="n") as session:
        assert session.run([("WATCH", "n"), ("GET", "n")]) == [b"OK", b"1"]
        assert session.node == redis.address
        core.execute("SET", "n", 5)
        assert session.run([("SET", "n", 2)], flags=_core.RUN_ATOMIC) is None
        assert session.run([("WATCH", "n"), ("GET", "n")]) == [b"OK", b"5"]
        assert session.run([("SET", "n", 2)], flags=_core.RUN_ATOMIC) == [b"OK"]
    assert core.get("n") == b"2"
    with pytest.raises(_core.ClosedError):
        session.run([("PING",)])


def test_a_watch_ends_with_its_connection(core: Client, redis: Redis) -> None:
    with core._session() as session:
        session.run([("WATCH", "n")])
        redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        [reply] = session.run([("SET", "n", 2)], flags=_core.RUN_ATOMIC)
        assert isinstance(reply, _core.ConnectionLost)
        assert session.losses == 1
        assert core.get("n") is None
        assert session.run([("WATCH", "n"), ("GET", "n")]) == [b"OK", None]


def test_what_a_session_changes_is_its_own(
    core: Client, connect: Open, redis: Redis
) -> None:
    with core._session() as session:
        assert session.run([("SELECT", 5), ("SET", "k", "five")]) == [b"OK", b"OK"]
    for _ in range(3):
        assert core.get("k") is None
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


def test_a_session_is_for_one_thread(core: Client) -> None:
    with core._session() as session:
        waits = threading.Thread(target=session.run, args=([("BLPOP", "q", 0)],))
        waits.start()
        until(lambda: core.execute("CLIENT LIST").count(b"cmd=blpop"))
        with pytest.raises(_core.ArgumentError, match="one thread"):
            session.run([("PING",)])
        with pytest.raises(_core.ArgumentError, match="one thread"):
            session.close()
        core.execute("RPUSH", "q", 1)
        waits.join()


# ---- Waiting -----------------------------------------------------------------------


def test_commands_that_wait(core: Client) -> None:
    assert core.execute("BLPOP", "q", 0.05) is None
    threading.Timer(0.05, core.execute, ("RPUSH", "q", "x")).start()
    assert core.execute("BLPOP", "q", 0) == [b"q", b"x"]
    with pytest.raises(_core.TimeoutError):
        core.execute("BLPOP", "q", 0, timeout=0.1)


class _Signal(Exception):
    pass


@contextlib.contextmanager
def interrupted() -> Iterator[None]:
    """What waits within is ended by a signal whose handler raises."""

    def handler(*_: object) -> None:
        raise _Signal

    before = signal.signal(signal.SIGALRM, handler)
    try:
        with pytest.raises(_Signal):  # noqa: PT012
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            yield
    finally:
        signal.signal(signal.SIGALRM, before)


def test_signals_end_a_wait(core: Client, redis: Redis) -> None:
    with interrupted():
        core.execute("BLPOP", "q", 0)
    core.execute("SET", "k", "v")
    assert core.get("k") == b"v"
    assert core._pool()["taken"] == 0
    until(lambda: redis.call("LLEN", "q") == 0 and users(redis) == 1)


def test_signals_end_a_session_s_wait(core: Client, redis: Redis) -> None:
    with core._session(key="q") as session:
        assert session.run([("PING",)]) == [b"PONG"]
        with interrupted():
            session.run([("BLPOP", "q", 0)])
        assert session.run([("LLEN", "q")], timeout=10) == [0]
        until(lambda: b"blocked_clients:0" in redis.call("INFO", "clients"))
        assert session.run([("RPUSH", "q", "x"), ("BLPOP", "q", 0)]) == [
            1,
            [b"q", b"x"],
        ]


@pytest.mark.parametrize("seconds", [0.05, 0.35])
@pytest.mark.parametrize("parts", [1, 2])
def test_a_wait_counts_once(
    connect: Open, redis: Redis, seconds: float, parts: int
) -> None:
    client = connect(redis, max_connections=1)
    with client._session() as session:
        assert session.run([("PING",)]) == [b"PONG"]
        with pytest.raises(_core.PoolExhausted):
            client._run([("GET", "k")] * parts, timeout=seconds)
        pool = client._pool()
        assert (pool["waits"], pool["exhausted"]) == (1, 1)
        waits = threading.Thread(target=client._run, args=([("GET", "k")] * parts,))
        waits.start()
        until(lambda: client._pool()["waits"] == 2)
        time.sleep(0.25)  # some slices long
    waits.join()
    pool = client._pool()
    assert (pool["waits"], pool["exhausted"]) == (2, 1)


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


def test_threads(core: Client) -> None:
    core._run([("SET", f"k{i}", i) for i in range(16)])
    wrong: list[object] = []

    def work(i: int) -> None:
        for _ in range(300):
            if core.get(f"k{i}") != b"%d" % i:
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_fork(core: Client) -> None:
    core.execute("SET", "k", "v")
    child = os.fork()
    if child == 0:
        core._after_fork()
        os._exit(0 if core.get("k") == b"v" and asyncio.run(_get(core)) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert core.get("k") == b"v"


async def _get(core: Client) -> bool:
    return await core.aget("k") == b"v"


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
