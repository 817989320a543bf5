"""A connection of the tests' own: what a server holds, asked without Pinyon.

RESP2 only, one request at a time, no retry: little enough to be trusted by reading it.
"""

from __future__ import annotations

import socket
import ssl
from types import TracebackType
from typing import Self, TypeAlias

Reply: TypeAlias = "bytes | int | ReplyError | list[Reply] | None"


class ReplyError(Exception):
    """An error the server answered with."""

    @property
    def code(self) -> str:
        return str(self).split(" ", 1)[0]


class Link:
    """A TCP connection, or that of a unix socket when HOST begins with a slash."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        seconds: float = 5.0,
    ) -> None:
        is_path = host.startswith("/")
        self._socket = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET)
        try:
            self._socket.settimeout(seconds)
            self._socket.connect(host if is_path else (host, port))
            if tls is not None:
                self._socket = tls.wrap_socket(self._socket, server_hostname=host)
        except BaseException:
            self._socket.close()
            raise
        self._file = self._socket.makefile("rb")

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ---- bytes

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def line(self) -> bytes:
        """The next line without its end; OSError when the server hung up."""
        line = self._file.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the server hung up")
        return line.rstrip(b"\r\n")

    def exactly(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise ConnectionResetError("the server hung up")
        return data

    # ---- RESP2

    def call(self, *args: object) -> Reply:
        """One command. Arguments are bytes, or become them by way of str()."""
        words = [a if isinstance(a, bytes) else str(a).encode() for a in args]
        head = b"*%d\r\n" % len(words)
        self.send(head + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        reply = self.reply()
        if isinstance(reply, ReplyError):
            raise reply
        return reply

    def reply(self) -> Reply:
        line = self.line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b"-":
            return ReplyError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.exactly(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.reply() for _ in range(int(rest))]
        raise OSError(f"not RESP2: {line!r}")
