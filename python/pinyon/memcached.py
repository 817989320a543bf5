"""The client of memcached fleets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NoReturn,
    TypeVar,
    Unpack,
    overload,
)

from . import _core
from .client import Client
from .client_options import ClientOptions
from .commands import meta
from .commands.args import Key, Value
from .commands.meta import Expire
from .commands.shape import text
from .methods import Methods
from .methods._base import S
from .methods.meta import Meta
from .methods.pipe_meta import PipeMeta
from .pipeline import Pipeline
from .pool import ConnectionPool
from .scan import Scans

__all__ = ["Memcached", "MetaPipeline"]

K = TypeVar("K", bound=str | bytes)

_OF_REDIS = ["pubsub", "register_script", "session", "transaction", "atransaction"]


class MetaPipeline(PipeMeta, Pipeline[S]):  # type: ignore[misc]
    """Commands of memcached that are sent together; see :class:`Pipeline`."""


class Memcached(Meta[S], Client[S]):  # type: ignore[misc]
    """A client of memcached servers; also what ``Client("memcached://...")`` makes::

        client = pinyon.Memcached("memcached://h1:11211,h2:11211?place=libketama")
        client.set("k", b"v", expire=60)
        value, token = client.gets("k")
        await client.aget("k")

    ``place`` says which server has a key: it must be that of the fleet's other clients
    (``python -m pinyon ring`` compares them). Keys are any bytes: those with spaces or
    control characters go as base64, up to 186 bytes, others up to 250; longer ones are
    :class:`KeyTooLong`. Times to live may exceed 30 days. A value over the server's
    limit is :class:`ValueTooLarge` and leaves no old value behind.

    ``mg``, ``ms``, ``md`` and ``ma`` are the meta commands themselves: they give a
    :class:`MetaReply`.
    """

    if TYPE_CHECKING:

        @overload
        def __new__(
            cls,
            url: str | None = None,
            *,
            decode_responses: Literal[True],
            connection_pool: ConnectionPool | None = None,
            **options: Unpack[ClientOptions],
        ) -> Memcached[str]: ...
        @overload
        def __new__(
            cls,
            url: str | None = None,
            *,
            decode_responses: Literal[False] | None = None,
            connection_pool: ConnectionPool | None = None,
            **options: Unpack[ClientOptions],
        ) -> Memcached[bytes]: ...
        def __new__(cls, *args: Any, **options: Any) -> Any: ...

    # ---- Many at once ------------------------------------------------------------

    def _puts(
        self, mapping: Mapping[K, Value], expire: Expire
    ) -> list[tuple[Any, ...]]:
        if not isinstance(mapping, Mapping):
            raise _core.ArgumentError("set_many() wants a dict of keys and values")
        return [meta.set(key, value, expire)[0] for key, value in mapping.items()]

    def set_many(self, mapping: Mapping[K, Value], expire: Expire = 0) -> list[K]:
        """Sets many values, in one flight to each node; the keys of those that were not
        stored."""
        replies = self._run(self._puts(mapping, expire))
        return _failed(mapping, replies)

    async def aset_many(
        self, mapping: Mapping[K, Value], expire: Expire = 0
    ) -> list[K]:
        """:meth:`set_many` for asyncio."""
        replies = await self._arun(self._puts(mapping, expire))
        return _failed(mapping, replies)

    def delete_many(self, keys: Iterable[Key]) -> int:
        """Deletes many, in one flight to each node; how many there were. A delete that
        may not have come through is raised."""
        return _deleted(self._run([meta.delete(key)[0] for key in keys]))

    async def adelete_many(self, keys: Iterable[Key]) -> int:
        """:meth:`delete_many` for asyncio."""
        return _deleted(await self._arun([meta.delete(key)[0] for key in keys]))

    def pipeline(self, transaction: bool | None = None) -> MetaPipeline[S]:
        """Commands that are sent together, one flight to each node."""
        if transaction:
            raise _core.ArgumentError("memcached has no transactions: see cas()")
        return MetaPipeline(self, False)

    # ---- Every server ------------------------------------------------------------

    def _members(self) -> list[tuple[int, str]]:
        return [(n.number, n.address) for n in self.nodes() if n.role == "member"]

    def _every(self, *words: Value) -> dict[str, Any]:
        return {
            address: _raised(self._run([words], node=number)[0])
            for number, address in self._members()
        }

    async def _aevery(self, *words: Value) -> dict[str, Any]:
        return {
            address: _raised((await self._arun([words], node=number))[0])
            for number, address in self._members()
        }

    def flush_all(self, delay: int = 0) -> bool:
        """Empties all servers, after ``delay`` seconds."""
        self._every("flush_all", *((delay,) if delay else ()))
        return True

    async def aflush_all(self, delay: int = 0) -> bool:
        """:meth:`flush_all` for asyncio."""
        await self._aevery("flush_all", *((delay,) if delay else ()))
        return True

    def version(self) -> dict[str, str]:
        """The version of each server, by address."""
        return {at: text(v) for at, v in self._every("version").items()}

    async def aversion(self) -> dict[str, str]:
        """:meth:`version` for asyncio."""
        return {at: text(v) for at, v in (await self._aevery("version")).items()}

    def server_stats(self, *args: str) -> dict[str, dict[str, str]]:
        """What each server counts, by address; ``args`` such as "items"."""
        found = self._every("stats", *args)
        return {at: _texts(stats) for at, stats in found.items()}

    async def aserver_stats(self, *args: str) -> dict[str, dict[str, str]]:
        """:meth:`server_stats` for asyncio."""
        found = await self._aevery("stats", *args)
        return {at: _texts(stats) for at, stats in found.items()}

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name in _GONE:
                raise AttributeError(
                    f"{name}() is of Redis; a client of memcached has get set add"
                    " replace append prepend cas gets gat ttl touch delete incr decr"
                    " get_many set_many delete_many flush_all version server_stats mg"
                    " ms md ma"
                )
            super().__getattr__(name)


def _raised(reply: Any) -> Any:
    if isinstance(reply, Exception):
        raise reply
    return reply


def _failed(keys: Iterable[K], replies: list[Any]) -> list[K]:
    return [
        key
        for key, reply in zip(keys, replies, strict=True)
        if isinstance(reply, Exception) or reply.code != "HD"
    ]


def _deleted(replies: list[Any]) -> int:
    return sum(_raised(reply).code == "HD" for reply in replies)


def _texts(stats: Any) -> dict[str, str]:
    return {text(name): text(value) for name, value in dict(stats).items()}


class _OfRedis:
    """In the place of a method that only Redis has: as if it were not there."""

    def __get__(self, obj: object, owner: type | None = None) -> NoReturn:
        raise AttributeError


_OWN = {*vars(Meta), *vars(Memcached), "get", "aget", "execute_command"}
_GONE = {*dir(Methods), *vars(Scans), *_OF_REDIS} - _OWN
for _name in _GONE:
    if not _name.startswith("_"):
        setattr(Memcached, _name, _OfRedis())
