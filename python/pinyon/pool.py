"""The seam that users know: connections of their own, shared by several clients."""

from __future__ import annotations

from typing import Any, Self, Unpack

from . import _core, forks
from .client_options import ClientOptions
from .closing import Closing
from .fleet import describe, parse_fleet

__all__ = ["ConnectionPool"]


class _Owner(_core.Client):
    """The connections; a class of Python's, to which weak references can be made."""


class ConnectionPool(Closing):
    """The connections to a fleet, for clients to share::

        pool = pinyon.ConnectionPool(host="10.0.0.1", db=1, max_connections=20)
        client = pinyon.Client(connection_pool=pool)

    Takes what :class:`Client` takes, which makes a pool of its own when it is given
    none. ``max_connections`` bounds the blocking callers at work at once (64): more of
    them wait for a connection as long as their call may take, then
    :class:`PoolExhausted` is raised. Coroutines of one event loop share one connection
    to each node and need no pool.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        decode_responses: bool | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        keywords = {"decode_responses": decode_responses, **options}
        settings, _ = parse_fleet(url, keywords)
        self._take(_Owner(settings), settings)
        forks.watch(self._core)

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        decode_responses: bool | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """As the constructor; what the URL says beats keywords."""
        return cls(url, decode_responses=decode_responses, **options)

    def _take(self, core: _core.Client, settings: dict[str, Any]) -> None:
        self._core = core
        self._settings = settings

    @classmethod
    def _of(cls, core: _core.Client, settings: dict[str, Any]) -> Self:
        """The pool of a client that was made without one."""
        self = cls.__new__(cls)
        self._take(core, settings)
        return self

    @property
    def max_connections(self) -> int:
        return int(self._core._pool()["max"])

    def stats(self) -> dict[str, int]:
        """How many hubs are ``taken`` and ``idle`` of at most ``max``, how often a call
        had to wait for one (``waits``) or got none (``exhausted``), and how many
        connections were ``opened`` and ``closed``."""
        return self._core._pool()

    def disconnect(self) -> None:
        """Closes the connections that nobody uses now; calls to come make new ones."""
        self._core._drain()

    reset = disconnect

    def close(self) -> None:
        """Closes all connections; the clients of this pool are closed with it."""
        self._core.close()

    @property
    def closed(self) -> bool:
        return self._core.closed

    def __repr__(self) -> str:
        closed = ", closed" if self.closed else ""
        return f"<pinyon.ConnectionPool {describe(self._settings)}{closed}>"
