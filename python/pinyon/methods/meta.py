"""What memcached can do, through its meta commands.

Written by tools/methods.py from commands/meta.py: change that.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from .._core import MetaReply
from ..commands import meta as build
from ..commands.args import Key, Value
from ..commands.meta import Expire
from ._base import Caller, S


class Meta(Caller[S]):
    if TYPE_CHECKING:

        def get(self, key: Key, /) -> S | None:
            """The value, or None."""

        def aget(self, key: Key, /) -> Awaitable[S | None]:
            """:meth:`get` for asyncio."""

    def gets(self, key: Key) -> tuple[S | None, int | None]:
        """The value and its token for cas(), or (None, None)."""
        return self._call(build.gets(key))

    def agets(self, key: Key) -> Awaitable[tuple[S | None, int | None]]:
        """:meth:`gets` for asyncio."""
        return self._acall(build.gets(key))

    def gat(self, key: Key, expire: Expire = 0) -> S | None:
        """The value, which lives ``expire`` seconds from now."""
        return self._call(build.gat(key, expire))

    def agat(self, key: Key, expire: Expire = 0) -> Awaitable[S | None]:
        """:meth:`gat` for asyncio."""
        return self._acall(build.gat(key, expire))

    def ttl(self, key: Key) -> int:
        """Seconds left; -1: for ever, -2: no such key."""
        return self._call(build.ttl(key))

    def attl(self, key: Key) -> Awaitable[int]:
        """:meth:`ttl` for asyncio."""
        return self._acall(build.ttl(key))

    def touch(self, key: Key, expire: Expire = 0) -> bool:
        """Lets a key live ``expire`` seconds from now; False when there is none."""
        return self._call(build.touch(key, expire))

    def atouch(self, key: Key, expire: Expire = 0) -> Awaitable[bool]:
        """:meth:`touch` for asyncio."""
        return self._acall(build.touch(key, expire))

    def set(
        self, key: Key, value: Value, expire: Expire = 0, *, flags: int = 0
    ) -> bool:
        """Sets a value, to live ``expire`` seconds (0 or None: for ever)."""
        return self._call(build.set(key, value, expire, flags=flags))

    def aset(
        self, key: Key, value: Value, expire: Expire = 0, *, flags: int = 0
    ) -> Awaitable[bool]:
        """:meth:`set` for asyncio."""
        return self._acall(build.set(key, value, expire, flags=flags))

    def add(
        self, key: Key, value: Value, expire: Expire = 0, *, flags: int = 0
    ) -> bool:
        """Sets a value if there is none yet."""
        return self._call(build.add(key, value, expire, flags=flags))

    def aadd(
        self, key: Key, value: Value, expire: Expire = 0, *, flags: int = 0
    ) -> Awaitable[bool]:
        """:meth:`add` for asyncio."""
        return self._acall(build.add(key, value, expire, flags=flags))

    def replace(
        self, key: Key, value: Value, expire: Expire = 0, *, flags: int = 0
    ) -> bool:
        """Sets a value if there is one already."""
        return self._call(build.replace(key, value, expire, flags=flags))

    def areplace(
        self, key: Key, value: Value, expire: Expire = 0, *, flags: int = 0
    ) -> Awaitable[bool]:
        """:meth:`replace` for asyncio."""
        return self._acall(build.replace(key, value, expire, flags=flags))

    def append(self, key: Key, value: Value) -> bool:
        """Adds to the end of a value that is there."""
        return self._call(build.append(key, value))

    def aappend(self, key: Key, value: Value) -> Awaitable[bool]:
        """:meth:`append` for asyncio."""
        return self._acall(build.append(key, value))

    def prepend(self, key: Key, value: Value) -> bool:
        """Adds to the beginning of a value that is there."""
        return self._call(build.prepend(key, value))

    def aprepend(self, key: Key, value: Value) -> Awaitable[bool]:
        """:meth:`prepend` for asyncio."""
        return self._acall(build.prepend(key, value))

    def cas(
        self, key: Key, value: Value, cas: int, expire: Expire = 0, *, flags: int = 0
    ) -> bool | None:
        """Sets a value that is as gets() saw it: False when it was changed, None
        when there is none."""
        return self._call(build.cas(key, value, cas, expire, flags=flags))

    def acas(
        self, key: Key, value: Value, cas: int, expire: Expire = 0, *, flags: int = 0
    ) -> Awaitable[bool | None]:
        """:meth:`cas` for asyncio."""
        return self._acall(build.cas(key, value, cas, expire, flags=flags))

    def delete(self, key: Key) -> bool:
        """Whether there was one."""
        return self._call(build.delete(key))

    def adelete(self, key: Key) -> Awaitable[bool]:
        """:meth:`delete` for asyncio."""
        return self._acall(build.delete(key))

    def incr(self, key: Key, value: int = 1) -> int | None:
        """Adds to a counter, which wraps at 2**64; None when there is none."""
        return self._call(build.incr(key, value))

    def aincr(self, key: Key, value: int = 1) -> Awaitable[int | None]:
        """:meth:`incr` for asyncio."""
        return self._acall(build.incr(key, value))

    def decr(self, key: Key, value: int = 1) -> int | None:
        """Takes from a counter, down to 0; None when there is none."""
        return self._call(build.decr(key, value))

    def adecr(self, key: Key, value: int = 1) -> Awaitable[int | None]:
        """:meth:`decr` for asyncio."""
        return self._acall(build.decr(key, value))

    def mg(self, key: Key, flags: str | bytes = "v") -> MetaReply:
        """Meta get, with flags as the protocol has them: "v c t T60"."""
        return self._call(build.mg(key, flags))

    def amg(self, key: Key, flags: str | bytes = "v") -> Awaitable[MetaReply]:
        """:meth:`mg` for asyncio."""
        return self._acall(build.mg(key, flags))

    def ms(self, key: Key, value: Value, flags: str | bytes = "") -> MetaReply:
        """Meta set, with flags as the protocol has them: "T60 C123 ME"."""
        return self._call(build.ms(key, value, flags))

    def ams(
        self, key: Key, value: Value, flags: str | bytes = ""
    ) -> Awaitable[MetaReply]:
        """:meth:`ms` for asyncio."""
        return self._acall(build.ms(key, value, flags))

    def md(self, key: Key, flags: str | bytes = "") -> MetaReply:
        """Meta delete, with flags as the protocol has them: "I T30"."""
        return self._call(build.md(key, flags))

    def amd(self, key: Key, flags: str | bytes = "") -> Awaitable[MetaReply]:
        """:meth:`md` for asyncio."""
        return self._acall(build.md(key, flags))

    def ma(self, key: Key, flags: str | bytes = "v") -> MetaReply:
        """Meta arithmetic, with flags as the protocol has them: "v N0 J1 D5"."""
        return self._call(build.ma(key, flags))

    def ama(self, key: Key, flags: str | bytes = "v") -> Awaitable[MetaReply]:
        """:meth:`ma` for asyncio."""
        return self._acall(build.ma(key, flags))

    def ping(self) -> bool:
        """True: some server answers."""
        return self._call(build.ping())

    def aping(self) -> Awaitable[bool]:
        """:meth:`ping` for asyncio."""
        return self._acall(build.ping())
