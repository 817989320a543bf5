"""Each fault of the proxy, seen with plain sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.servers import HOST, Proxy, until


class Echo(threading.Thread):
    """Sends back what it gets; when a connection's input ends, its output does."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server((HOST, 0))
        self.port = int(self.listener.getsockname()[1])
        self.ended: list[bytes] = []  # what each connection that ended had sent
        self.start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=[connection], daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        got = b""
        with connection:
            try:
                while piece := connection.recv(1 << 16):
                    got += piece
                    connection.sendall(piece)
            except OSError:
                pass
        self.ended.append(got)

    def stop(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.stop()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with Proxy(echo.port) as made:
        yield made
    assert made.open == 0


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, proxy.port), 20) as connection:
        until(lambda: proxy.open == 1, "the connection to be forwarded")
        yield connection


def exactly(connection: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        piece = connection.recv(count - len(got))
        assert piece, f"ended after {got!r}"
        got += piece
    return got


def test_transparent(proxy: Proxy, client: socket.socket, echo: Echo) -> None:
    data = bytes(range(256)) * 4096
    sender = threading.Thread(target=client.sendall, args=[data])
    sender.start()
    assert exactly(client, len(data)) == data
    sender.join()
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""
    until(lambda: echo.ended == [data], "the end to come through")
    assert (proxy.accepted, proxy.up.passed, proxy.down.passed) == (1, 1 << 20, 1 << 20)
    until(lambda: proxy.open == 0, "the connection to be over")


def test_delay(proxy: Proxy, client: socket.socket) -> None:
    proxy.down.delay = 0.1
    started = time.monotonic()
    client.sendall(b"late")
    assert exactly(client, 4) == b"late"
    assert time.monotonic() - started >= 0.1


def test_rate(proxy: Proxy, client: socket.socket) -> None:
    proxy.up.rate = 1000
    started = time.monotonic()
    client.sendall(b"x" * 200)
    exactly(client, 200)
    assert time.monotonic() - started >= 0.19


def test_held(proxy: Proxy, client: socket.socket, echo: Echo) -> None:
    """Like a server that hangs: it is connected to, takes bytes, answers later."""
    proxy.down.is_held = True
    client.settimeout(0.1)
    client.sendall(b"first")
    with pytest.raises(TimeoutError):
        client.recv(1)
    with socket.create_connection((HOST, proxy.port), 20):
        until(lambda: proxy.accepted == 2, "another connection")
    proxy.down.is_held = False
    client.settimeout(20)
    assert exactly(client, 5) == b"first"


def test_corrupt(proxy: Proxy, client: socket.socket) -> None:
    """One byte, once, counted over pieces, also when it is the first of one."""
    proxy.down.corrupt(at=4)
    for sent, want in [
        (b"abcd", b"abcd"),
        (b"efgh", b"\x9afgh"),
        (b"efgh", b"efgh"),
    ]:
        client.sendall(sent)
        assert exactly(client, 4) == want


def test_alter(proxy: Proxy, client: socket.socket) -> None:
    proxy.up.alter = bytes.upper
    client.sendall(b"word")
    assert exactly(client, 4) == b"WORD"
    proxy.clear()
    client.sendall(b"word")
    assert exactly(client, 4) == b"word"


@pytest.mark.parametrize("after", [0, 3, 8])
def test_cut(proxy: Proxy, client: socket.socket, after: int) -> None:
    proxy.down.cut(after=after)
    client.sendall(b"01234567")
    assert exactly(client, after) == b"01234567"[:after]
    assert client.recv(1) == b""
    until(lambda: proxy.open == 0, "both ends to be closed")
    with socket.create_connection((HOST, proxy.port), 20) as again:
        again.sendall(b"whole")
        assert exactly(again, 5) == b"whole"


def test_cut_on_the_way_up(proxy: Proxy, client: socket.socket, echo: Echo) -> None:
    proxy.up.cut(after=5)
    client.sendall(b"01234567")
    until(lambda: echo.ended == [b"01234"], "the server to see the rest missing")


def test_half_close(proxy: Proxy, client: socket.socket, echo: Echo) -> None:
    proxy.down.half_close(after=2)
    client.sendall(b"0123")
    assert exactly(client, 2) == b"01"
    assert client.recv(1) == b""
    client.sendall(b"4567")  # the way up is open
    until(lambda: proxy.up.passed == 8, "the server to get the rest")
    assert proxy.open == 1
    assert echo.ended == []


def test_refuse(proxy: Proxy, client: socket.socket) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, proxy.port), 20)
    client.sendall(b"open ones stay")
    assert exactly(client, 14) == b"open ones stay"
    proxy.accept()
    with socket.create_connection((HOST, proxy.port), 20) as again:
        again.sendall(b"x")
        assert exactly(again, 1) == b"x"


def test_drop(proxy: Proxy, client: socket.socket) -> None:
    client.sendall(b"x")
    exactly(client, 1)
    proxy.drop()
    assert proxy.open == 0
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_dead_target(proxy: Proxy, echo: Echo) -> None:
    """Who is forwarded to nobody is reset, and the next one may do better."""
    alive = proxy.target
    with socket.create_server((HOST, 0)) as gone:
        proxy.target = int(gone.getsockname()[1])
    assert _is_reset(proxy.port)
    proxy.target = alive
    with socket.create_connection((HOST, proxy.port), 20) as connection:
        connection.sendall(b"x")
        assert exactly(connection, 1) == b"x"


def _is_reset(port: int) -> bool:
    with socket.socket() as connection:
        try:
            connection.connect((HOST, port))
            connection.recv(1)
        except ConnectionResetError:
            return True
    return False
