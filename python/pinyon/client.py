"""The client of a fleet, as programs see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NamedTuple,
    NoReturn,
    Self,
    TypeVar,
    Unpack,
    overload,
)

from . import _core, forks
from .client_options import ClientOptions, Duration, Nodes
from .closing import Closing
from .commands.args import Key, Value
from .fleet import change_members, describe, parse_fleet
from .methods import Methods
from .methods._base import S
from .pipeline import Pipeline
from .pool import ConnectionPool
from .pubsub import PubSub
from .scan import Scans
from .script import Script
from .session import Session

__all__ = ["Client", "Node"]

K = TypeVar("K", bound=str | bytes)


class Node(NamedTuple):
    """A server of a fleet, as the client sees it."""

    number: int
    host: str
    port: int
    #: "primary", "replica", "member" ...
    role: str
    #: "up", "down", "loading"; "apart": cut off from the other servers of its cluster
    health: str
    #: of 16384
    slots: int
    zone: str

    @property
    def address(self) -> str:
        """host:port, or the path of a socket."""
        if not self.port:
            return self.host
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Client(Methods[S], Scans[S], Closing, _core.Client):
    """A client of Redis or Valkey, alone, with Sentinels or as a Cluster; and of
    memcached, when it is a :class:`Memcached` that is made::

        client = pinyon.Client("redis://localhost:6379/0")
        client = pinyon.Client(host="localhost", port=6379, db=0)
        client = pinyon.Client("redis+cluster://h1:6379,h2:6379")
        client = pinyon.Client(startup_nodes=[{"host": "h1", "port": 6379}])
        client = pinyon.Client("redis+sentinel://h1:26379,h2:26379/service/0")
        client = pinyon.Client("memcached://h1:11211,h2:11211?place=libketama")

        client.set("k", "v", ex=60)
        await client.aget("k")

    Names and arguments are those of redis-py; every method has a twin for asyncio whose
    name starts with "a". ``execute("OBJECT FREQ", "k")`` sends any command. Replies
    are bytes, or str with ``decode_responses=True``, in natural shapes.

    Any option may stand in the URL or be a keyword, and what the URL says wins:

    ``timeout``           the whole of a call: pool, connecting, retries, reply (5 s);
                          commands that wait by themselves add what they wait
    ``connect_timeout``   one attempt to connect (2 s)
    ``retries``           of what is safe to repeat, and then within a budget (3)
    ``max_connections``   blocking callers at once (64); more wait for their turn
    ``idle_timeout``, ``lifetime``, ``check_after``   of connections
    ``username`` ``password`` ``db`` ``client_name`` ``protocol``   3, else 2
    ``tls`` ``tls_verify`` ``ca_file`` ``cert_file`` ``key_file`` ``server_name``
    ``read_from``         primary, prefer_replica, replica, any, zone (with ``zone=``)
    ``place``             which of several independent servers has a key: HashRing
    ``gutter`` ``fail_over``   who has the keys of a server that is down

    The names of redis-py (socket_timeout, ssl_certfile ...) do as well. An option that
    there is not is an error that lists those there are.

    One client serves any number of threads, of event loops, and processes that fork. It
    connects when it is first used. Errors are :class:`CacheError`; what may have been
    executed without our hearing of it is told as :class:`AmbiguousTimeout` or
    :class:`ConnectionLost`, never silently repeated.
    """

    _settings: dict[str, Any]
    _is_owner: bool

    @overload
    def __new__(
        cls,
        url: str | None = None,
        *,
        decode_responses: Literal[True],
        connection_pool: ConnectionPool | None = None,
        **options: Unpack[ClientOptions],
    ) -> Client[str]: ...
    @overload
    def __new__(
        cls,
        url: str | None = None,
        *,
        decode_responses: Literal[False] | None = None,
        connection_pool: ConnectionPool | None = None,
        **options: Unpack[ClientOptions],
    ) -> Client[bytes]: ...
    def __new__(
        cls,
        url: str | None = None,
        *,
        decode_responses: bool | None = None,
        connection_pool: ConnectionPool | None = None,
        **options: Unpack[ClientOptions],
    ) -> Client[Any]:
        if connection_pool is not None:
            return cls._over(connection_pool, decode_responses, url, dict(options))
        keywords = {"decode_responses": decode_responses, **options}
        settings, _ = parse_fleet(url, keywords)
        self: Client[Any] = super().__new__(cls._of_engine(settings), settings)
        self._settings = settings
        self._is_owner = True
        forks.watch(self)
        return self

    @classmethod
    def _over(
        cls,
        pool: ConnectionPool,
        decode: bool | None,
        url: str | None,
        options: dict[str, Any],
    ) -> Client[Any]:
        if url is not None or any(v is not None for v in options.values()):
            raise _core.ArgumentError(
                "connection_pool= has settings of its own: give it, or a URL and"
                " options, not both"
            )
        if not isinstance(pool, ConnectionPool):
            raise _core.ArgumentError(
                f"connection_pool= wants a ConnectionPool, not {type(pool).__name__}"
            )
        kind = cls._of_engine(pool._settings)
        self: Client[Any] = super().__new__(kind, pool._core, decode)
        self._settings = pool._settings
        self._is_owner = False
        forks.watch(self)
        return self

    @classmethod
    def _of_engine(cls, settings: dict[str, Any]) -> type[Client[Any]]:
        """The class for an engine: memcached has one of its own."""
        from .memcached import Memcached  # which is derived from this class

        if settings["engine"] == "memcached":
            if cls is not Client and not issubclass(cls, Memcached):
                raise _core.ConfigError(
                    f"{cls.__name__} is derived from Client, which speaks Redis: derive"
                    " from pinyon.Memcached"
                )
            return cls if issubclass(cls, Memcached) else Memcached
        if issubclass(cls, Memcached):
            raise _core.ConfigError(
                f"{describe(settings)} is not memcached: make a pinyon.Client"
            )
        return cls

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        decode_responses: bool | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """As the constructor; what the URL says beats keywords."""
        made: Any = cls(
            url,
            decode_responses=decode_responses,  # type: ignore[arg-type]
            **options,
        )
        return made  # type: ignore[no-any-return]

    # ---- Commands of the server: Methods has the rest --------------------------------

    if TYPE_CHECKING:

        def get_many(self, keys: Iterable[K], /) -> dict[K, S]:
            """What there is of these keys, in one round trip to each node."""

        def aget_many(self, keys: Iterable[K], /) -> Awaitable[dict[K, S]]:
            """:meth:`get_many` for asyncio."""

    def execute_command(self, *args: Value, timeout: float | None = None) -> Any:
        """redis-py's name of :meth:`execute`."""
        return self.execute(*args, timeout=timeout)

    def pipeline(self, transaction: bool | None = None) -> Pipeline[S]:
        """Commands that are sent together: see :class:`Pipeline`.

        ``transaction=True``: as one MULTI and EXEC, so all or none, and the keys are in
        one slot. ``False``: each for itself, on any nodes. None, the default, is what
        redis-py has: True for one server (also behind Sentinels), False for a cluster
        and for placed keys."""
        kind = self._settings["kind"]
        if transaction is None:
            transaction = kind in ("single", "sentinel")
        return Pipeline(self, transaction)

    def transaction(
        self,
        func: Callable[[Pipeline[S]], Any],
        *watches: Key,
        value_from_callable: bool = False,
    ) -> Any:
        """Runs ``func(pipe)`` until nothing that is watched was changed meanwhile, at
        most 64 times: it reads through ``pipe``, calls ``pipe.multi()`` and puts in
        the writes. Gives the replies, or what func returned."""
        for _ in range(_ATTEMPTS):
            with self.pipeline(True) as pipe:
                if watches:
                    pipe.watch(*watches)
                value = func(pipe)
                try:
                    replies = pipe.execute()
                except _core.WatchError:
                    continue
                return value if value_from_callable else replies
        raise _core.WatchError(_CONTENDED)

    async def atransaction(
        self,
        func: Callable[[Pipeline[S]], Awaitable[Any]],
        *watches: Key,
        value_from_callable: bool = False,
    ) -> Any:
        """:meth:`transaction` for asyncio; ``func`` is a coroutine function."""
        for _ in range(_ATTEMPTS):
            async with self.pipeline(True) as pipe:
                if watches:
                    await pipe.awatch(*watches)
                value = await func(pipe)
                try:
                    replies = await pipe.aexecute()
                except _core.WatchError:
                    continue
                return value if value_from_callable else replies
        raise _core.WatchError(_CONTENDED)

    def session(self, key: Key | None = None, node: int | None = None) -> Session[S]:
        """A connection for oneself, to the node that has ``key``, or to ``node``: for
        WATCH, SELECT, MONITOR and what else is of one connection."""
        return Session(self, key, node)

    def pubsub(self, ignore_subscribe_messages: bool = False) -> PubSub[S]:
        """A listener for messages of channels."""
        return PubSub(self, ignore_subscribe_messages)

    def register_script(self, script: str | bytes) -> Script:
        """A script to be called like a function; sent to a server when it lacks it."""
        return Script(self, script)

    # ---- The fleet -------------------------------------------------------------------

    def nodes(self) -> list[Node]:
        """The servers as the client sees them now: it learns of a cluster's when it
        first sends a command."""
        return [Node(*row) for row in self._nodes()]

    def set_members(
        self,
        servers: Nodes,
        weights: Iterable[float] | None = None,
        *,
        names: Iterable[str] | None = None,
        warm: Duration = "5m",
    ) -> None:
        """Other servers, for a fleet whose keys the client places (``place=``,
        memcached). For ``warm`` deletes go to the key's old owner too. So do sets of
        memcached, and a read there that finds nothing; what is only read in that time
        is not copied: it ends with it."""
        change_members(self, self._settings, servers, weights, names, warm)

    async def aset_members(
        self,
        servers: Nodes,
        weights: Iterable[float] | None = None,
        *,
        names: Iterable[str] | None = None,
        warm: Duration = "5m",
    ) -> None:
        """:meth:`set_members`, which does not wait."""
        change_members(self, self._settings, servers, weights, names, warm)

    def stats(self) -> dict[str, Any]:
        """What happened: ``pool``, ``fleet`` and, by address, ``nodes``: calls, errors,
        latency and so on."""
        return {
            "pool": self._pool(),
            "fleet": self._counters(),
            "nodes": {
                node.address: {
                    "role": node.role,
                    "health": node.health,
                    **self._node_stats(node.number),
                }
                for node in self.nodes()
            },
        }

    @property
    def connection_pool(self) -> ConnectionPool:
        """The pool whose connections it uses."""
        return ConnectionPool._of(self, self._settings)

    @property
    def url(self) -> str:
        """Where the fleet is, without user, password and options."""
        return describe(self._settings)

    # ---- Life ------------------------------------------------------------------------

    def __repr__(self) -> str:
        closed = ", closed" if self.closed else ""
        return f"<pinyon.{type(self).__name__} {self.url}{closed}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client cannot be pickled: make one in each process")

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name in _OF_MEMCACHED:
                raise AttributeError(
                    f"{name}() is of memcached, and {self.url} is not: execute() sends"
                    " any command"
                )
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}"
            )


_ATTEMPTS = 64
_CONTENDED = f"others changed what was watched {_ATTEMPTS} times in a row"

_OF_MEMCACHED = frozenset(
    f"{a}{name}"
    for a in ("", "a")
    for name in (
        "add",
        "cas",
        "delete_many",
        "flush_all",
        "gat",
        "gets",
        "ma",
        "md",
        "mg",
        "ms",
        "prepend",
        "replace",
        "set_many",
        "version",
    )
)
