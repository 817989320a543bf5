"""A server that lies about one key, and is honest about all others.

    def cut(talk):
        talk.say(b"$5\r\nhel")
        talk.hang_up()

    with Liar("redis", cut) as liar:
        client = pinyon.Client(liar.url)
        client.get("good")              # what was set
        client.get("lie")               # cut() says what comes

It keeps what is set in a dict and knows a handful of commands, so that what is wrong on
a connection afterwards is seen in answers. LIE is called on a thread of the connection.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

from tests.servers import HOST

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends a reset
KEY = "lie"


class _Over(Exception):
    """The connection is to end here."""


class Talk:
    """One command, and what is said to it."""

    def __init__(
        self, liar: Liar, connection: socket.socket, number: int, words: list[bytes]
    ) -> None:
        self._liar = liar
        self._connection = connection
        self.engine = liar.engine
        self.number = number  # of the connection, from 0
        self.words = words
        self.truth = liar.dialect.answer(words, liar.data)

    def say(self, reply: bytes) -> None:
        self._connection.sendall(reply)

    def hang_up(self) -> None:
        raise _Over

    def reset(self) -> None:
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        raise _Over

    def half_close(self) -> None:
        """Nothing more is said; what the client says is still heard."""
        self._connection.shutdown(socket.SHUT_WR)
        while self._connection.recv(1 << 16):
            pass
        raise _Over

    def say_nothing(self) -> None:
        """Until the client gives up."""
        while self._connection.recv(1 << 16):
            pass
        raise _Over

    def wait(self, seconds: float) -> None:
        if self._liar.over.wait(seconds):
            raise _Over


Lie = Callable[[Talk], None]


class Dialect(Protocol):
    def read(self, stream: BinaryIO) -> list[bytes]:
        """The next command, its name first; [] at the end."""

    def answer(self, words: list[bytes], data: dict[bytes, bytes]) -> bytes:
        """What an honest server says."""


class Resp:
    """Redis, of which HELLO may be known or not."""

    def read(self, stream: BinaryIO) -> list[bytes]:
        words = []
        for _ in range(int(stream.readline()[1:] or b"0")):
            words.append(stream.read(int(stream.readline()[1:])))
            stream.read(2)
        return words

    def answer(self, words: list[bytes], data: dict[bytes, bytes]) -> bytes:
        name, *rest = words
        match name.upper():
            case b"HELLO":
                return b"%2\r\n+server\r\n+redis\r\n+version\r\n+7.0.15\r\n"
            case b"GET":
                return self._bulk(data.get(rest[0]))
            case b"MGET":
                items = b"".join(self._bulk(data.get(key)) for key in rest)
                return b"*%d\r\n" % len(rest) + items
            case b"SET":
                data[rest[0]] = rest[1]
                return b"+OK\r\n"
            case b"INCR":
                data[rest[0]] = b"%d" % (int(data.get(rest[0], 0)) + 1)
                return b":%s\r\n" % data[rest[0]]
            case _:
                return b"+OK\r\n"

    @staticmethod
    def _bulk(value: bytes | None) -> bytes:
        return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)


class Text:
    """memcached: the meta commands, and get."""

    def read(self, stream: BinaryIO) -> list[bytes]:
        words = stream.readline().split()
        if words and words[0] == b"ms":
            words[2] = stream.read(int(words[2]) + 2)[:-2]
        return words

    def answer(self, words: list[bytes], data: dict[bytes, bytes]) -> bytes:
        name, *rest = words
        match name:
            case b"mg":
                value = data.get(rest[0])
                asked = [w for w in rest[1:] if w[:1] in b"kO"]
                flags = b" ".join([b"k" + rest[0] if w == b"k" else w for w in asked])
                flags = b" " + flags if flags else b""
                if value is None:
                    return b"EN\r\n"
                return b"VA %d%s\r\n%s\r\n" % (len(value), flags, value)
            case b"ms":
                data[rest[0]] = rest[1]
                return b"HD\r\n"
            case b"md":
                return b"NF\r\n" if data.pop(rest[0], None) is None else b"HD\r\n"
            case b"ma":
                data[rest[0]] = b"%d" % (int(data.get(rest[0], 0)) + 1)
                return b"VA %d\r\n%s\r\n" % (len(data[rest[0]]), data[rest[0]])
            case b"get":
                found = [(key, data[key]) for key in rest if key in data]
                items = [b"VALUE %s 0 %d\r\n%s\r\n" % (k, len(v), v) for k, v in found]
                return b"".join(items) + b"END\r\n"
            case b"version":
                return b"VERSION 1.6.18\r\n"
            case _:
                return b"ERROR\r\n"


class Liar:
    """Listens on loopback. ENGINE is "redis" or "memcached"; TIMES lies are told, then
    it is honest; HELLO tells what connections are greeted with, when not the truth."""

    def __init__(
        self,
        engine: str,
        lie: Lie | None = None,
        *,
        times: int = 1 << 30,
        hello: Lie | None = None,
    ) -> None:
        self.engine = engine
        self.dialect: Dialect = Resp() if engine == "redis" else Text()
        self.data: dict[bytes, bytes] = {}
        self.lie = lie
        self.times = times
        self.hello = hello
        self.accepted = 0
        self.heard: list[bytes] = []  # the names of all commands but greetings
        self.over = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    @property
    def address(self) -> str:
        return f"{HOST}:{self._listener.getsockname()[1]}"

    @property
    def url(self) -> str:
        return f"{self.engine}://{self.address}"

    @property
    def open(self) -> int:
        """Connections at this moment."""
        return len(self._open)

    # ---- its life

    def __enter__(self) -> Self:
        self._listener = socket.create_server((HOST, 0), backlog=128)
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self.drop()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive(), "a liar talks on"
        self._listener.close()

    def drop(self) -> None:
        """Ends every connection."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    # ---- its threads

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
                number, self.accepted = self.accepted, self.accepted + 1
            self._start(self._converse, connection, number)

    def _converse(self, connection: socket.socket, number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with connection.makefile("rb") as stream:
                while words := self.dialect.read(stream):
                    self._answer(Talk(self, connection, number, words))
        except (_Over, OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
                connection.close()

    def _answer(self, talk: Talk) -> None:
        is_greeting = talk.words[0].upper() in (
            b"HELLO",
            b"AUTH",
            b"CLIENT",
            b"VERSION",
        )
        if not is_greeting:
            self.heard.append(talk.words[0])
        if is_greeting and self.hello is not None:
            self.hello(talk)
        elif self.lie is not None and self._is_due(talk):
            self.lie(talk)
        else:
            talk.say(talk.truth)

    def _is_due(self, talk: Talk) -> bool:
        with self._lock:
            is_due = self.times > 0 and KEY.encode() in talk.words
            self.times -= is_due
            return is_due
