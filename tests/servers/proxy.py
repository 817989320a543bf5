"""A TCP proxy in front of a server, which does to its bytes what networks do.

    with Redis() as server, Proxy(server.port) as proxy:
        ... proxy.port ...              # transparent, until it is told otherwise
        proxy.down.delay = 0.050        # each piece of what the server says is late
        proxy.down.is_held = True       # accepts and says nothing; False: says it now
        proxy.down.rate = 1000          # bytes a second
        proxy.down.corrupt(at=7)        # the eighth byte from now on, once
        proxy.down.cut(after=100)       # then the connection ends, in mid-reply
        proxy.down.half_close(after=0)  # then no more this way; the other stays open
        proxy.up ...                    # the same for what the client says
        proxy.drop()                    # resets every open connection
        proxy.refuse()                  # nobody listens; accept() ends that
        proxy.clear()                   # transparent again

Settings may be changed from any thread while it runs and hold for open connections too.
It has one thread. A test that forks does so before it starts a proxy.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

from .process import HOST, SECONDS, Port, ServerError

PIECE = 1 << 16
TICK = 0.002  # seconds between two looks at whether a held way was let go
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends a reset


class _Cut(Exception):
    """A connection is to end here."""


class Way:
    """One direction through a proxy. Counts and offsets are over all connections."""

    def __init__(self) -> None:
        self.passed = 0  # bytes that came out, ever
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Transparent again; what was held comes out."""
        with self._lock:
            self.delay = 0.0
            self.rate: float | None = None
            self.is_held = False
            # What becomes of a piece, however it was cut up on the way here.
            self.alter: Callable[[bytes], bytes] | None = None
            self._corrupt: int | None = None
            self._end: int | None = None
            self._ends_both = False

    def corrupt(self, at: int) -> None:
        """Inverts all bits of the byte that has AT others between now and itself."""
        with self._lock:
            self._corrupt = at

    def cut(self, after: int) -> None:
        """Once AFTER more bytes are through, their connection ends, both ways."""
        with self._lock:
            self._end, self._ends_both = after, True

    def half_close(self, after: int) -> None:
        """Once AFTER more bytes are through, their connection ends this way only."""
        with self._lock:
            self._end, self._ends_both = after, False

    # ---- for the proxy

    def change(self, piece: bytes) -> tuple[bytes, bool, bool]:
        """What of PIECE passes; whether this way then ends; whether both do."""
        with self._lock:
            if self.alter is not None:
                piece = self.alter(piece)
            if self._corrupt is not None:
                at, self._corrupt = self._corrupt, self._corrupt - len(piece)
                if at < len(piece):
                    piece = piece[:at] + bytes([piece[at] ^ 0xFF]) + piece[at + 1 :]
                    self._corrupt = None
            is_end = self._end is not None and self._end <= len(piece)
            if self._end is not None:
                end = self._end
                piece, self._end = piece[:end], None if is_end else end - len(piece)
            self.passed += len(piece)
            return piece, is_end, is_end and self._ends_both

    async def let_go(self) -> None:
        if self.delay:
            await asyncio.sleep(self.delay)
        while self.is_held:
            await asyncio.sleep(TICK)


class Proxy:
    """Listens at `port`, forwards to TARGET, a port of loopback."""

    def __init__(self, target: int) -> None:
        self.target = target  # may be changed: new connections go there
        self.up = Way()
        self.down = Way()
        self.accepted = 0  # connections, ever
        self._open: set[asyncio.Task[None]] = set()
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._port: Port | None = None

    @property
    def port(self) -> int:
        assert self._port is not None, "this proxy was never started"
        return self._port.number

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def open(self) -> int:
        """Connections at this moment."""
        return len(self._open)

    # ---- its life

    def start(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._thread.daemon = True
        self._thread.start()
        try:
            self._choose()
        except BaseException:
            self.stop()
            raise
        return self

    def _choose(self) -> None:
        for _ in range(10):
            self._port = Port()
            try:
                return self.accept()
            except OSError:  # a stranger was faster
                self._port.close()
        raise ServerError("no port to listen at")

    def stop(self) -> None:
        self.refuse()
        self.drop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()
        if self._port is not None:
            self._port.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # ---- faults of whole connections

    def clear(self) -> None:
        """Transparent in both directions, and listening."""
        self.up.clear()
        self.down.clear()
        self.accept()

    def accept(self) -> None:
        """Listens again."""
        self._do(self._listen())

    def refuse(self) -> None:
        """Nobody listens any more; open connections stay, but who was only waiting to
        be accepted is reset."""
        self._do(self._deafen())

    def drop(self) -> None:
        """Resets every open connection; they are gone when this returns."""
        self._do(self._drop())

    # ---- on the loop

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(SECONDS)

    async def _listen(self) -> None:
        if self._listener is None:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((HOST, self.port))
                listener.listen(1024)
            except OSError:
                listener.close()
                raise
            listener.setblocking(False)
            self._listener = listener
            self._accepting = asyncio.create_task(self._accept(listener))

    async def _deafen(self) -> None:
        if self._accepting is not None:
            await _ended({self._accepting})
            self._accepting = None
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _drop(self) -> None:
        await _ended(set(self._open))

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            client, _ = await self._loop.sock_accept(listener)
            self.accepted += 1
            task = asyncio.create_task(self._connection(client))
            self._open.add(task)
            task.add_done_callback(self._open.discard)

    async def _connection(self, client: socket.socket) -> None:
        server = socket.socket()
        sockets = (client, server)
        try:
            for each in sockets:
                each.setblocking(False)
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.sock_connect(server, (HOST, self.target))
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._pump(client, server, self.up))
                ways.create_task(self._pump(server, client, self.down))
        except* _Cut:
            pass  # closed quietly: what had passed is still to be read
        except* (OSError, asyncio.CancelledError):
            for each in sockets:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        finally:
            for each in sockets:
                each.close()

    async def _pump(self, source: socket.socket, sink: socket.socket, way: Way) -> None:
        is_open = True
        while piece := await self._loop.sock_recv(source, PIECE):
            await way.let_go()
            if is_open:
                piece, is_end, ends_both = way.change(piece)
                await self._send(sink, piece, way)
                if ends_both:
                    raise _Cut
                if is_end:
                    sink.shutdown(socket.SHUT_WR)
                    is_open = False
        await way.let_go()
        if is_open:
            sink.shutdown(socket.SHUT_WR)

    async def _send(self, sink: socket.socket, piece: bytes, way: Way) -> None:
        while piece:
            part = piece
            if (rate := way.rate) is not None:
                part = piece[: max(1, int(rate / 50))]
                await asyncio.sleep(len(part) / rate)
            await self._loop.sock_sendall(sink, part)
            piece = piece[len(part) :]


async def _ended(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
