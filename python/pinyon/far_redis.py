"""The far tier over Redis and Valkey.

What has to be one step is a script; scripts are sent by their digest, and whole to a
server that does not know them yet. Besides the value's key they are given the key of
its lease, which is in the same slot:

    key                          its lease
    k with a hash tag {...}      ~l:k            the same tag
    k without "}"                ~l:{k}          its tag is all of k
    others                       none in a cluster: no lease beyond this process

Every write by another than the lease's holder ends the lease: what was loaded before it
is then not stored after it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from typing import Any

from . import _core
from .far_engine import (
    ABSENT,
    LOOK,
    Engine,
    FarLease,
    Item,
    Judge,
    new_generation,
    raised,
)
from .steps import Command, Steps

__all__ = ["RedisEngine", "lease_key"]

#: An envelope's head, as many tags as there can be, and a counter's number.
_HEAD_END = 24 + 15 * 16 + 20 - 1

#: Of an envelope its version, of anything else its first bytes: what cas compares.
_HAVE = """
local function have()
  local h = redis.call('GETRANGE', KEYS[1], 0, 23)
  if string.byte(h, 1) == 193 then return 'v' .. string.sub(h, 9, 16) end
  return 'n' .. h
end
"""
_STORE = """
local function store(data, px)
  if px == '' then redis.call('SET', KEYS[1], data)
  elseif px == 'keep' then redis.call('SET', KEYS[1], data, 'KEEPTTL')
  else redis.call('SET', KEYS[1], data, 'PX', px) end
end
"""
_END_LEASE = "if KEYS[2] then redis.call('DEL', KEYS[2]) end\n"


class Script:
    """Lua text and its digest."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.sha = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    def call(self, keys: Sequence[bytes], *args: Any) -> tuple[Any, ...]:
        """(script, the words after its digest or text)"""
        return self, (len(keys), *keys, *args)


ADD = Script(
    _STORE
    + "if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end\n"
    + _END_LEASE
    + "store(ARGV[1], ARGV[2])\nreturn 1"
)
#: ARGV: token, data, px
SWAP = Script(
    _HAVE
    + _STORE
    + "if have() ~= ARGV[1] then return 0 end\n"
    + _END_LEASE
    + "store(ARGV[2], ARGV[3])\nreturn 1"
)
#: ARGV: token, soft expiry or '', px or ''
TOUCH = Script(
    _HAVE
    + """
if have() ~= ARGV[1] then return 0 end
if ARGV[2] ~= '' then redis.call('SETRANGE', KEYS[1], 16, ARGV[2]) end
if ARGV[3] == '' then redis.call('PERSIST', KEYS[1])
else redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1"""
)
#: ARGV: delta, number of a new one or '', px ('keep', '' for ever). The number is
#: returned as text: Lua's numbers have 53 bits.
COUNT = Script(
    """
local v = redis.call('GETRANGE', KEYS[1], 0, 24)
if v == '' then
  if ARGV[2] == '' then return 'absent' end
  redis.call('SET', KEYS[1], ARGV[2])
else
  if string.byte(v, 1) == 193 then return 'look' end
  local r = redis.pcall('INCRBY', KEYS[1], ARGV[1])
  if type(r) == 'table' and r.err then
    if string.find(r.err, 'overflow') then return 'range' end
    return 'look'
  end
end
"""
    + _END_LEASE
    + """
if ARGV[3] == '' then redis.call('PERSIST', KEYS[1])
elseif ARGV[3] ~= 'keep' then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return redis.call('GET', KEYS[1])"""
)
#: The same to a number in an envelope, if all else in it is the same. ARGV: delta, what
#: stands before the version and what between it and the number, a new version. Lua's
#: numbers have 53 bits: what might need more is not done here.
COUNT_IN = Script(
    """
local d = redis.call('GET', KEYS[1])
local from = 17 + #ARGV[3]
if not d then return 'look' end
if string.sub(d, 1, 8) .. string.sub(d, 17, from - 1) ~= ARGV[2] .. ARGV[3] then
  return 'look'
end
local n, by = tonumber(string.sub(d, from)), tonumber(ARGV[1])
if not n or math.abs(n) + math.abs(by) > 9007199254740991 then return 'look' end
local sum = string.format('%.0f', n + by)
"""
    + _END_LEASE
    + """
redis.call('SET', KEYS[1], ARGV[2] .. ARGV[4] .. ARGV[3] .. sum, 'KEEPTTL')
return sum"""
)
DROP = Script(_END_LEASE + "return redis.call('DEL', KEYS[1])")
#: The generation of a tag. ARGV: one to begin with, how long it has to stand or ''.
TAKE = Script(
    """
local g = redis.call('GET', KEYS[1])
if not g then
  g = ARGV[1]
  if ARGV[2] == '' then redis.call('SET', KEYS[1], g)
  else redis.call('SET', KEYS[1], g, 'PX', 2 * ARGV[2]) end
elseif ARGV[2] == '' then redis.call('PERSIST', KEYS[1])
else
  local left = redis.call('PTTL', KEYS[1])
  if left >= 0 and left < tonumber(ARGV[2]) then
    redis.call('PEXPIRE', KEYS[1], 2 * ARGV[2])
  end
end
return g"""
)
#: ARGV: the lease's token, data, px
FILL = Script(
    _STORE
    + """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
store(ARGV[2], ARGV[3])
return 1"""
)
#: KEYS: the lease; ARGV: its token, then for how long it is to stand, or ''
END = Script(
    """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])"""
)


def lease_key(key: bytes, in_slots: bool) -> bytes | None:
    """The key of the lease of ``key``; None when there is none in its slot."""
    begin = key.find(b"{")
    end = key.find(b"}", begin + 1) if begin >= 0 else -1
    if end > begin + 1:
        return b"~l:" + key
    if b"}" not in key:
        return b"~l:{" + key + b"}"
    return None if in_slots else b"~l:" + key


def _px(ttl_ms: int | None) -> int | str:
    return "" if ttl_ms is None else ttl_ms


class RedisEngine(Engine):
    """Redis and Valkey: alone, with sentinels, as a cluster, or one of several."""

    sign_of_life = ("PING",)

    def __init__(self, client: Any, kind: str) -> None:
        super().__init__(client)
        self.kind = kind
        self.is_one = kind in ("single", "sentinel")

    def _lease(self, key: bytes) -> bytes | None:
        if self.kind == "hash":  # independent servers: where a lease is, nobody knows
            return None
        return lease_key(key, self.kind == "cluster")

    def _keys(self, key: bytes) -> tuple[bytes, ...]:
        lease = self._lease(key)
        return (key,) if lease is None else (key, lease)

    def _scripts(self, calls: Sequence[tuple[Script, tuple[Any, ...]]]) -> Steps:
        """The replies of scripts, exceptions in place."""
        replies = yield from self.ask(
            [("EVALSHA", script.sha, *words) for script, words in calls]
        )
        unknown = [i for i, r in enumerate(replies) if isinstance(r, _core.NoScript)]
        if unknown:
            again = yield from self.ask(
                [("EVAL", calls[i][0].text, *calls[i][1]) for i in unknown]
            )
            for i, reply in zip(unknown, again, strict=True):
                replies[i] = reply
        return replies

    def _script(self, script: Script, keys: Sequence[bytes], *args: Any) -> Steps:
        replies = yield from self._scripts([script.call(keys, *args)])
        return raised(replies[0])

    # ---- Reading ------------------------------------------------------------------

    def read(self, key: bytes, *, head: bool = False, cas: bool = False) -> list[Any]:
        if head:
            return [("GETRANGE", key, 0, _HEAD_END), ("PTTL", key)]
        return [("GET", key)]

    def item(self, replies: list[Any], *, head: bool = False) -> Item | None:
        data = raised(replies[0])
        if not head:
            return None if data is None else Item(data)
        left = raised(replies[1])
        if left == -2 or data is None:
            return None
        return Item(data, None, None if left < 0 else left, left == -1)

    @staticmethod
    def _compared(token: int) -> bytes:
        """A token as the scripts have it."""
        if token >> 64 == 0:
            return b"v" + token.to_bytes(8, "little")
        number = token & (1 << 64) - 1
        return b"n%d" % (number - (1 << 64) if number >> 63 else number)

    # ---- Writing ------------------------------------------------------------------

    def needs_soft(self, value: object, ttl_ms: int) -> bool:
        return False

    def put(self, pairs: Iterable[tuple[bytes, bytes]], ttl_ms: int | None) -> Steps:
        expiry = () if ttl_ms is None else ("PX", ttl_ms)
        commands: list[Command] = []
        keys: list[bytes | None] = []
        for key, data in pairs:
            lease = self._lease(key)
            if lease is not None:
                commands.append(("DEL", lease))
                keys.append(None)
            commands.append(("SET", key, data, *expiry))
            keys.append(key)
        replies = yield from self.ask(commands)
        return [
            (key or commands[i + 1][1], reply)
            for i, (key, reply) in enumerate(zip(keys, replies, strict=True))
            if isinstance(reply, Exception)
        ]

    def add(self, key: bytes, data: bytes, ttl_ms: int | None) -> Steps:
        return (yield from self._script(ADD, self._keys(key), data, _px(ttl_ms))) == 1

    def swap(
        self, key: bytes, token: int, data: bytes, ttl_ms: int | None, keep: Item | None
    ) -> Steps:
        px = "keep" if keep is not None else _px(ttl_ms)
        compared = self._compared(token)
        reply = yield from self._script(SWAP, self._keys(key), compared, data, px)
        return reply == 1

    def touch(
        self, key: bytes, item: Item, sealed: _core.Sealed, ttl_ms: int | None
    ) -> Steps:
        soft, hard = b"", ttl_ms
        if sealed.left_ms is not None:
            soft = sealed.retimed(-1 if ttl_ms is None else ttl_ms)[16:24]
            hard = None if ttl_ms is None else ttl_ms + sealed.grace_ms
        token = self._compared(sealed.token)
        reply = yield from self._script(TOUCH, (key,), token, soft, _px(hard))
        return reply == 1

    def count(
        self, key: bytes, delta: int, start: int | None, ttl_ms: int | str | None
    ) -> Steps:
        said = yield from self._script(
            COUNT,
            self._keys(key),
            delta,
            "" if start is None else start,
            ttl_ms if isinstance(ttl_ms, str) else _px(ttl_ms),
        )
        if said == b"absent":
            return ABSENT
        if said == b"look":
            return LOOK
        if said == b"range":
            raise _core.CounterRange(f"incr: counter {key!r} would leave 64 bits")
        return int(said)

    def count_in(self, key: bytes, item: Item, delta: int) -> Steps:
        data = item.data
        tags_end = 24 + 16 * data[3]
        said = yield from self._script(
            COUNT_IN,
            self._keys(key),
            delta,
            data[:8],
            data[16:tags_end],
            os.urandom(8),
        )
        return LOOK if said == b"look" else int(said)

    def drop(self, keys: Sequence[bytes]) -> Steps:
        """Where there are no leases by the command that the client knows as a delete:
        it goes to the old owner as well while a fleet warms up."""
        if self.kind == "hash":
            replies = yield from self.ask([("DEL", key) for key in keys])
        else:
            replies = yield from self._scripts([DROP.call(self._keys(k)) for k in keys])
        return [raised(reply) == 1 for reply in replies]

    def flush(self) -> Steps:
        raised((yield from self.ask([("PING",)]))[0])  # whoever knows the fleet
        yield from self._to_all(("FLUSHDB",), ("primary", "member", "gutter"))

    # ---- Generations --------------------------------------------------------------

    def generation(self, copy: bytes) -> Command:
        return ("GET", copy)

    def generation_of(self, reply: Any) -> bytes | None:
        text = raised(reply)
        try:
            return None if text is None else int(text).to_bytes(8, "little")
        except (ValueError, OverflowError):
            return None  # somebody else's: as good as none

    def take(self, copies: Sequence[bytes], need_ms: Sequence[int | None]) -> Steps:
        replies = yield from self._scripts(
            [
                TAKE.call((copy,), new_generation(), _px(need))
                for copy, need in zip(copies, need_ms, strict=True)
            ]
        )
        return [self.generation_of(reply) for reply in replies]

    def forget(self, marks: Sequence[bytes]) -> Steps:
        commands = [("DEL", copy) for copy in self._copies(marks)]
        for reply in (yield from self.ask(commands)):
            raised(reply)

    # ---- Leases -------------------------------------------------------------------

    def claim(
        self, key: bytes, lease_ms: int, copies: Sequence[bytes], judge: Judge
    ) -> Steps:
        name, token = self._lease(key), b"%d" % new_generation()
        commands = [("GET", key), *map(self.generation, copies)]
        if name is not None:
            commands.insert(0, ("SET", name, token, "NX", "PX", lease_ms))
        replies = yield from self.ask(commands)
        lease = None
        if name is not None:
            lease = FarLease(raised(replies.pop(0)) is not None, token)
        yield from judge(self.item(replies), replies[1:])
        return lease

    def fill(
        self, key: bytes, lease: FarLease, data: bytes, ttl_ms: int | None
    ) -> Steps:
        keys = self._keys(key)
        reply = yield from self._script(FILL, keys, lease.token, data, _px(ttl_ms))
        lease.held = False
        return reply == 1

    def end(self, key: bytes, lease: FarLease) -> Steps:
        yield from self._script(END, self._keys(key)[1:], lease.token, "")

    def keep(self, key: bytes, lease: FarLease, ms: int) -> Steps:
        yield from self._script(END, self._keys(key)[1:], lease.token, ms)

    def is_lost(self, key: bytes, lease: FarLease) -> Steps:
        replies = yield from self.ask([("GET", self._lease(key))])
        return raised(replies[0]) != lease.token
