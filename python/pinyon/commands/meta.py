"""What memcached can do, through its meta commands."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from .._core import MetaReply
from . import shape
from .args import Call, Key, S, Value

#: Seconds from now, 0 or None: for ever; negative: gone at once; or a moment.
Expire: TypeAlias = int | float | timedelta | datetime | None

_MONTH = 30 * 86_400  # the server takes what is more for a moment since 1970


def _until(expire: Expire) -> str:
    """The flag T of a time to live."""
    if isinstance(expire, datetime):
        return f"T{max(int(expire.timestamp()), _MONTH + 1)}"
    if isinstance(expire, timedelta):
        expire = expire.total_seconds() or -1
    if not expire:
        return "T0"
    if expire < 0:
        return "T-1"
    seconds = max(1, round(expire))  # parts of a second: at least one, not for ever
    return f"T{seconds if seconds <= _MONTH else int(time.time()) + seconds}"


def _stored(reply: MetaReply) -> bool:
    return reply.code == "HD"


def _found(reply: MetaReply) -> bool:
    return reply.code not in ("EN", "NF")


def _value(reply: MetaReply) -> Any:
    return reply.value


def _put(mode: str, key: Key, value: Value, expire: Expire, flags: int) -> Call[bool]:
    words = f"M{mode} {_until(expire)}" + (f" F{flags}" if flags else "")
    return ("ms", key, value, words), _stored


def get(key: Key) -> Call[S | None]:
    """The value, or None."""
    return ("mg", key, "v"), _value


def gets(key: Key) -> Call[tuple[S | None, int | None]]:
    """The value and its token for cas(), or (None, None)."""
    return ("mg", key, "v c"), lambda reply: (reply.value, reply.cas)


def gat(key: Key, expire: Expire = 0) -> Call[S | None]:
    """The value, which lives ``expire`` seconds from now."""
    return ("mg", key, f"v {_until(expire)}"), _value


def ttl(key: Key) -> Call[int]:
    """Seconds left; -1: for ever, -2: no such key."""
    return ("mg", key, "t"), lambda reply: -2 if reply.ttl is None else reply.ttl


def touch(key: Key, expire: Expire = 0) -> Call[bool]:
    """Lets a key live ``expire`` seconds from now; False when there is none."""
    return ("mg", key, _until(expire)), _found


def set(key: Key, value: Value, expire: Expire = 0, *, flags: int = 0) -> Call[bool]:
    """Sets a value, to live ``expire`` seconds (0 or None: for ever)."""
    return _put("S", key, value, expire, flags)


def add(key: Key, value: Value, expire: Expire = 0, *, flags: int = 0) -> Call[bool]:
    """Sets a value if there is none yet."""
    return _put("E", key, value, expire, flags)


def replace(
    key: Key, value: Value, expire: Expire = 0, *, flags: int = 0
) -> Call[bool]:
    """Sets a value if there is one already."""
    return _put("R", key, value, expire, flags)


def append(key: Key, value: Value) -> Call[bool]:
    """Adds to the end of a value that is there."""
    return ("ms", key, value, "MA"), _stored


def prepend(key: Key, value: Value) -> Call[bool]:
    """Adds to the beginning of a value that is there."""
    return ("ms", key, value, "MP"), _stored


def cas(
    key: Key, value: Value, cas: int, expire: Expire = 0, *, flags: int = 0
) -> Call[bool | None]:
    """Sets a value that is as gets() saw it: False when it was changed, None when there
    is none."""
    words = f"C{cas:d} {_until(expire)}" + (f" F{flags}" if flags else "")
    return ("ms", key, value, words), _cas


def _cas(reply: MetaReply) -> bool | None:
    return None if reply.code == "NF" else reply.code == "HD"


def delete(key: Key) -> Call[bool]:
    """Whether there was one."""
    return ("md", key, ""), _stored


def _counter(reply: MetaReply) -> int | None:
    return None if reply.value is None else int(reply.value)


def incr(key: Key, value: int = 1) -> Call[int | None]:
    """Adds to a counter, which wraps at 2**64; None when there is none."""
    return ("ma", key, f"v D{value:d}"), _counter


def decr(key: Key, value: int = 1) -> Call[int | None]:
    """Takes from a counter, down to 0; None when there is none."""
    return ("ma", key, f"v MD D{value:d}"), _counter


# ---- The meta commands themselves -------------------------------------------------


def mg(key: Key, flags: str | bytes = "v") -> Call[MetaReply]:
    """Meta get, with flags as the protocol has them: "v c t T60"."""
    return ("mg", key, flags), None


def ms(key: Key, value: Value, flags: str | bytes = "") -> Call[MetaReply]:
    """Meta set, with flags as the protocol has them: "T60 C123 ME"."""
    return ("ms", key, value, flags), None


def md(key: Key, flags: str | bytes = "") -> Call[MetaReply]:
    """Meta delete, with flags as the protocol has them: "I T30"."""
    return ("md", key, flags), None


def ma(key: Key, flags: str | bytes = "v") -> Call[MetaReply]:
    """Meta arithmetic, with flags as the protocol has them: "v N0 J1 D5"."""
    return ("ma", key, flags), None


def ping() -> Call[bool]:
    """True: some server answers."""
    return ("version",), shape.boolean
