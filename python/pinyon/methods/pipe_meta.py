"""What memcached can do, through its meta commands.

Written by tools/methods.py from commands/meta.py: change that.
"""

from __future__ import annotations

from typing import Self

from ..commands import meta as build
from ..commands.args import Key, Value
from ..commands.meta import Expire
from ._base import Adder


class PipeMeta(Adder):
    def get(self, key: Key) -> Self:
        """The value, or None."""
        return self._add(build.get(key))

    def gets(self, key: Key) -> Self:
        """The value and its token for cas(), or (None, None)."""
        return self._add(build.gets(key))

    def gat(self, key: Key, expire: Expire = 0) -> Self:
        """The value, which lives ``expire`` seconds from now."""
        return self._add(build.gat(key, expire))

    def ttl(self, key: Key) -> Self:
        """Seconds left; -1: for ever, -2: no such key."""
        return self._add(build.ttl(key))

    def touch(self, key: Key, expire: Expire = 0) -> Self:
        """Lets a key live ``expire`` seconds from now; False when there is none."""
        return self._add(build.touch(key, expire))

    def set(
        self, key: Key, value: Value, expire: Expire = 0, *, flags: int = 0
    ) -> Self:
        """Sets a value, to live ``expire`` seconds (0 or None: for ever)."""
        return self._add(build.set(key, value, expire, flags=flags))

    def add(
        self, key: Key, value: Value, expire: Expire = 0, *, flags: int = 0
    ) -> Self:
        """Sets a value if there is none yet."""
        return self._add(build.add(key, value, expire, flags=flags))

    def replace(
        self, key: Key, value: Value, expire: Expire = 0, *, flags: int = 0
    ) -> Self:
        """Sets a value if there is one already."""
        return self._add(build.replace(key, value, expire, flags=flags))

    def append(self, key: Key, value: Value) -> Self:
        """Adds to the end of a value that is there."""
        return self._add(build.append(key, value))

    def prepend(self, key: Key, value: Value) -> Self:
        """Adds to the beginning of a value that is there."""
        return self._add(build.prepend(key, value))

    def cas(
        self, key: Key, value: Value, cas: int, expire: Expire = 0, *, flags: int = 0
    ) -> Self:
        """Sets a value that is as gets() saw it: False when it was changed, None
        when there is none."""
        return self._add(build.cas(key, value, cas, expire, flags=flags))

    def delete(self, key: Key) -> Self:
        """Whether there was one."""
        return self._add(build.delete(key))

    def incr(self, key: Key, value: int = 1) -> Self:
        """Adds to a counter, which wraps at 2**64; None when there is none."""
        return self._add(build.incr(key, value))

    def decr(self, key: Key, value: int = 1) -> Self:
        """Takes from a counter, down to 0; None when there is none."""
        return self._add(build.decr(key, value))

    def mg(self, key: Key, flags: str | bytes = "v") -> Self:
        """Meta get, with flags as the protocol has them: "v c t T60"."""
        return self._add(build.mg(key, flags))

    def ms(self, key: Key, value: Value, flags: str | bytes = "") -> Self:
        """Meta set, with flags as the protocol has them: "T60 C123 ME"."""
        return self._add(build.ms(key, value, flags))

    def md(self, key: Key, flags: str | bytes = "") -> Self:
        """Meta delete, with flags as the protocol has them: "I T30"."""
        return self._add(build.md(key, flags))

    def ma(self, key: Key, flags: str | bytes = "v") -> Self:
        """Meta arithmetic, with flags as the protocol has them: "v N0 J1 D5"."""
        return self._add(build.ma(key, flags))

    def ping(self) -> Self:
        """True: some server answers."""
        return self._add(build.ping())
