"""The calls of a far cache, written once for threads and tasks, Redis and memcached.

Each is a generator of steps; :mod:`.far` performs them. An item counts as there when
its tags' generations are those of now and its time has not run out: both are judged
here, by :meth:`FarCalls._fetch`. What is there and does not count is dead: it is read
as nothing, and overwritten by its token.

A cache with a namespace reads the namespace's generation in the flight that reads the
item. Further tags, which stand in the item, take a second one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _core
from ._core import (
    FOUND_FRESH,
    FOUND_MISS,
    FOUND_NEGATIVE,
    ArgumentError,
    ConfigError,
    KeyTypeError,
    SerializationError,
    StoreBusy,
    parse_ttl,
)
from .far_engine import Engine, Item
from .steps import Command, Steps

if TYPE_CHECKING:
    _Base = _core.Cache
else:
    _Base = object

__all__ = ["TRIES", "FarCalls", "Found", "busy"]

#: How often a change by token is tried while others change the same key.
TRIES = 64
#: The generation of a tag stands for at least so long beyond the item that has it.
_TAG_SLACK_MS = 3_600_000


class Found:
    """What was read: nothing (``item`` is None), an item that counts, or a dead one."""

    __slots__ = ("found", "item", "sealed", "token")

    def __init__(self) -> None:
        self.found = FOUND_MISS
        self.item: Item | None = None
        self.sealed: _core.Sealed | None = None  # None: not ours
        self.token = 0

    @property
    def is_good(self) -> bool:
        return self.found in (FOUND_FRESH, FOUND_NEGATIVE)


class FarCalls(_Base):
    """The generators behind the methods of a far cache."""

    _engine: Engine
    _ttl_ms: int | None  # where a call names none
    _group: tuple[bytes, ...]  # the mark of the namespace, if there is one

    def _marks_of(self, tags: Any) -> list[bytes]:
        """Those of tags that are to be invalidated: any number of them."""
        if isinstance(tags, str | bytes):
            raise KeyTypeError(
                f"tags={tags!r}: give a list of tags, such as [{tags!r}]"
            )
        if not isinstance(tags, Iterable):
            raise KeyTypeError(f"tags={tags!r}: give a list of tags")
        return [self._mark(tag) for tag in tags]

    def _ms(self, ttl: Any) -> int | None:
        return self._ttl_ms if ttl is ... else parse_ttl(ttl)

    # ---- Reading ------------------------------------------------------------------

    def _fetch(
        self,
        name: bytes,
        *,
        head: bool = False,
        cas: bool = False,
    ) -> Steps:
        """A Found. Bytes that are not ours raise SerializationError."""
        engine = self._engine
        reads = engine.read(name, head=head, cas=cas)
        asked = [self._generation(mark, name) for mark in self._group]
        replies = yield from engine.ask([*reads, *asked])
        item = engine.item(replies[: len(reads)], head=head)
        known = self._generations_of(self._group, replies[len(reads) :])
        return (yield from self._judge(name, item, known))

    def _generation(self, mark: bytes, name: bytes) -> Command:
        """Asks for the generation of a tag of the item under ``name``."""
        return self._engine.generation(self._engine.copy(mark, name))

    def _generations_of(
        self, marks: Iterable[bytes], replies: Iterable[Any]
    ) -> dict[bytes, bytes | None]:
        generation_of = self._engine.generation_of
        return {m: generation_of(r) for m, r in zip(marks, replies, strict=True)}

    def _judge(
        self,
        name: bytes,
        item: Item | None,
        known: dict[bytes, bytes | None],
        early: float = 0.0,
        cap_ms: float = 0.0,
    ) -> Steps:
        """A Found of ``item``. ``known`` are generations as of now; those that are
        missing are asked for, and added."""
        out = Found()
        if item is None:
            return out
        out.item = item
        out.sealed = sealed = self._unseal(name, item.data)
        out.token = sealed.token if item.cas is None else item.cas
        if (yield from self._stands(name, sealed.tags, known)):
            out.found = sealed.found(early, cap_ms)
        return out

    def _stands(
        self, name: bytes, tags: bytes, known: dict[bytes, bytes | None]
    ) -> Steps:
        """Has no tag of the item under ``name`` been invalidated?"""
        pairs = [
            (tags[i : i + 8], tags[i + 8 : i + 16]) for i in range(0, len(tags), 16)
        ]
        more = [mark for mark, _ in pairs if mark not in known]
        if more:
            asked = [self._generation(mark, name) for mark in more]
            known |= self._generations_of(more, (yield from self._engine.ask(asked)))
        return all(known[mark] == generation for mark, generation in pairs)

    def _do_get(self, key: Any, default: Any) -> Steps:
        name = self._key(key)
        if self._group:
            found = yield from self._fetch(name)
        else:
            data = yield from self._engine.get(name)
            if data is None:
                return default
            found = yield from self._judge(name, Item(data), {})
        return found.sealed.value() if found.is_good else default

    def _do_gets(self, key: Any, default: Any) -> Steps:
        found = yield from self._fetch(self._key(key), cas=True)
        return (found.sealed.value(), found.token) if found.is_good else (default, None)

    def _do_get_many(self, keys: Any) -> Steps:
        """Two flights where items have tags: theirs are learned all at once."""
        names = [(key, self._key(key)) for key in _listed(keys)]
        found = yield from self._engine.get_many([name for _, name in names])
        read = [
            (key, name, self._unseal(name, found[name]))
            for key, name in names
            if name in found
        ]
        standing = yield from self._standing(
            [(name, sealed.tags) for _, name, sealed in read]
        )
        return {
            key: sealed.value()
            for (key, _, sealed), stands in zip(read, standing, strict=True)
            if stands and sealed.found() in (FOUND_FRESH, FOUND_NEGATIVE)
        }

    def _standing(self, items: Sequence[tuple[bytes, bytes]]) -> Steps:
        """Of items, names and tags: has none of an item's tags been invalidated? All
        generations are asked for at once, and each set of tags is looked at once where
        their copies are the same for all items."""
        is_one = self._engine.is_one
        groups = [(b"" if is_one else name, tags) for name, tags in items]
        wanted = {group: self._copies_of(*group) for group in dict.fromkeys(groups)}
        copies = list(dict.fromkeys(c for pairs in wanted.values() for c, _ in pairs))
        replies = yield from self._engine.ask(
            list(map(self._engine.generation, copies))
        )
        known = self._generations_of(copies, replies)
        stands = {
            group: all(known[copy] == then for copy, then in pairs)
            for group, pairs in wanted.items()
        }
        return [stands[group] for group in groups]

    def _copies_of(self, name: bytes, tags: bytes) -> list[tuple[bytes, bytes]]:
        """Of each tag of an item: the copy it depends on, and what that said then."""
        copy = self._engine.copy
        return [
            (copy(tags[i : i + 8], name), tags[i + 8 : i + 16])
            for i in range(0, len(tags), 16)
        ]

    def _do_ttl(self, key: Any) -> Steps:
        found = yield from self._fetch(self._key(key), head=True)
        if not found.is_good:
            return None
        left = found.sealed.left_ms
        if left is None:
            left = found.item.left_ms
        return float("inf") if left is None else left / 1e3

    def _do_look(self, name: bytes) -> Steps:
        found = yield from self._fetch(name)
        if found.found == FOUND_MISS:
            return FOUND_MISS, None
        return found.found, found.sealed.value()

    def _do_contains(self, name: bytes) -> Steps:
        return (yield from self._fetch(name, head=True)).is_good

    # ---- Writing ------------------------------------------------------------------

    def _pack(
        self,
        value: Any,
        ttl_ms: int | None,
        tags: bytes,
        grace_ms: int = 0,
        load_us: int = -1,
        negative: bool = False,
    ) -> bytes:
        """The item. Its soft expiry is written down where the engine's own does not
        do: it is served beyond it, refreshed before it, or the engine's is coarse."""
        soft = -1
        if ttl_ms is not None:
            has_more = grace_ms > 0 or load_us >= 0
            is_bare = not tags and not negative
            if has_more or self._engine.needs_soft(value if is_bare else None, ttl_ms):
                soft = ttl_ms
        return self._seal(value, soft, grace_ms, load_us, negative, tags)

    def _take(
        self,
        name: bytes,
        marks: Sequence[bytes],
        life_ms: int | None,
        lasting: Sequence[bytes] = (),
    ) -> Steps:
        """Tags for the item under ``name``, which lives so long: 16 bytes each; None
        when the engine has no room for a generation. Namespaces and the tags in
        ``lasting`` stand for ever: they are as many as the program has."""
        return (yield from self._take_all([name], marks, life_ms, lasting))[0]

    def _take_all(
        self,
        names: Sequence[bytes],
        marks: Sequence[bytes],
        life_ms: int | None,
        lasting: Sequence[bytes] = (),
    ) -> Steps:
        """The same for several items, in one flight: a list."""
        if not marks:
            return [b""] * len(names)
        ever = {*self._group, *lasting}
        life = None if life_ms is None else life_ms + _TAG_SLACK_MS
        copy = self._engine.copy
        copies = [[copy(mark, name) for mark in marks] for name in names]
        needs = {
            c: None if mark in ever else life
            for row in copies
            for c, mark in zip(row, marks, strict=True)
        }
        taken = yield from self._engine.take(list(needs), list(needs.values()))
        known = dict(zip(needs, taken, strict=True))
        return [
            None
            if any(known[c] is None for c in row)
            else b"".join(m + known[c] for m, c in zip(marks, row, strict=True))
            for row in copies
        ]

    def _do_set(self, key: Any, value: Any, ttl: Any, tags: Any) -> Steps:
        ttl_ms, marks = self._ms(ttl), self._marks(tags)
        name = self._key(key)
        if ttl_ms == 0:
            self._pack(value, None, b"")  # says what cannot be stored
            yield from self._engine.drop([name])
            return True
        taken = yield from self._take(name, marks, ttl_ms)
        if taken is None:
            yield from self._engine.drop([name])
            return False
        data = self._pack(value, ttl_ms, taken)
        for _, error in (yield from self._engine.put([(name, data)], ttl_ms)):
            raise error
        return True

    def _do_add(self, key: Any, value: Any, ttl: Any, tags: Any) -> Steps:
        ttl_ms, marks = self._ms(ttl), self._marks(tags)
        name = self._key(key)
        taken = yield from self._take(name, marks, ttl_ms)
        data = self._pack(value, ttl_ms, taken or b"")
        for _ in range(TRIES):
            may_add = ttl_ms != 0 and taken is not None
            if may_add and (yield from self._engine.add(name, data, ttl_ms)):
                return True
            found = yield from self._whatever(name)
            if found.is_good or taken is None or not self._may_replace(found):
                return False
            if ttl_ms == 0:
                return found.item is None
            if found.item is None:
                continue
            if (yield from self._swap(name, found, data, ttl_ms)):
                return True
        raise busy("add")

    @staticmethod
    def _may_replace(found: Found) -> bool:
        return found.item is None or found.sealed is not None

    def _whatever(self, name: bytes) -> Steps:
        """A Found with its token, where bytes that are not ours are one too."""
        try:
            return (yield from self._fetch(name, cas=True))
        except SerializationError:
            out = Found()
            out.item = Item(b"")
            return out

    def _swap(
        self, name: bytes, found: Found, data: bytes, ttl_ms: int | None
    ) -> Steps:
        return (yield from self._engine.swap(name, found.token, data, ttl_ms, None))

    def _do_replace(self, key: Any, value: Any, ttl: Any, tags: Any) -> Steps:
        return (yield from self._change(key, value, None, ttl, tags))

    def _do_cas(self, key: Any, value: Any, token: Any, ttl: Any, tags: Any) -> Steps:
        if token is None:
            return False  # gets() found nothing, so there is nothing to match
        if not isinstance(token, int) or not 0 <= token < 1 << 65:
            raise ConfigError(
                f"token={token!r}: give the second item of what gets() returned"
            )
        return (yield from self._change(key, value, token, ttl, tags))

    def _change(self, key: Any, value: Any, token: Any, ttl: Any, tags: Any) -> Steps:
        """Stores over what is there, if it still is what ``token`` says."""
        ttl_ms, marks = self._ms(ttl), self._marks(tags)
        name = self._key(key)
        self._pack(value, None, b"")  # says what cannot be stored
        for _ in range(TRIES):
            found = yield from self._whatever(name)
            if not found.is_good or token not in (None, found.token):
                return False
            if ttl_ms == 0:
                yield from self._engine.drop([name])
                return True
            taken = yield from self._take(name, marks, ttl_ms)
            if taken is None:
                return False
            data = self._pack(value, ttl_ms, taken)
            if (yield from self._swap(name, found, data, ttl_ms)):
                return True
            if token is not None:
                return False
        raise busy("replace")

    def _do_set_many(self, mapping: Any, ttl: Any, tags: Any) -> Steps:
        ttl_ms, marks = self._ms(ttl), self._marks(tags)
        pairs = [(key, self._key(key), value) for key, value in _pairs(mapping)]
        if ttl_ms == 0:
            yield from self._engine.drop([name for _, name, _ in pairs])
            return []
        taken = yield from self._take_all([n for _, n, _ in pairs], marks, ttl_ms)
        failed: list[Any] = []
        items: dict[bytes, tuple[Any, bytes]] = {}
        for (key, name, value), tagged in zip(pairs, taken, strict=True):
            try:
                if tagged is None:  # no room for a generation
                    failed.append(key)
                else:
                    items[name] = key, self._pack(value, ttl_ms, tagged)
            except _core.ValueTooLarge:
                failed.append(key)
        sent = [(name, data) for name, (_, data) in items.items()]
        for name, error in (yield from self._engine.put(sent, ttl_ms)):
            if not isinstance(error, _core.ValueTooLarge):
                raise error
            failed.append(items[name][0])
        return failed

    def _do_touch(self, key: Any, ttl: Any) -> Steps:
        ttl_ms = self._ms(ttl)
        name = self._key(key)
        for _ in range(TRIES):
            found = yield from self._fetch(name, head=True, cas=True)
            if not found.is_good:
                return False
            if ttl_ms == 0:
                return (yield from self._engine.drop([name]))[0]
            touch = self._engine.touch(name, found.item, found.sealed, ttl_ms)
            if (yield from touch):
                return True
        raise busy("touch")

    def _do_drop(self, name: bytes) -> Steps:
        return (yield from self._engine.drop([name]))[0]

    def _do_delete_many(self, keys: Any) -> Steps:
        names = dict.fromkeys(self._key(key) for key in _listed(keys))
        return sum((yield from self._engine.drop(list(names)))) if names else 0

    # ---- Groups -------------------------------------------------------------------

    def _do_invalidate(self, marks: Sequence[bytes]) -> Steps:
        yield from self._engine.forget(list(dict.fromkeys(marks)))

    def _do_clear(self, may_flush: bool) -> Steps:
        if self._group:
            yield from self._engine.forget(self._group)
        elif may_flush:
            yield from self._engine.flush()
        else:
            raise ConfigError(
                "clear() of a cache without a namespace would delete what others have"
                " in this database too: give the cache namespace=, or flush=yes if the"
                " database is its own"
            )

    def _do_check(self) -> Steps:
        yield from self._engine.check()


# ---- What is wrong, as the host's cache says it --------------------------------------


def _listed(keys: Any) -> list[Any]:
    if isinstance(keys, str | bytes):
        raise KeyTypeError(f"keys={keys!r}: give a list of keys, such as [{keys!r}]")
    try:
        return list(keys)
    except TypeError:
        raise KeyTypeError(f"keys={keys!r}: give a list of keys") from None


def _pairs(mapping: Any) -> list[tuple[Any, Any]]:
    pairs: list[Any] | None = None
    if isinstance(mapping, Mapping) or hasattr(mapping, "items"):
        pairs = list(mapping.items())
    if pairs is None or not all(isinstance(p, tuple) and len(p) == 2 for p in pairs):
        raise ArgumentError(
            f"mapping={mapping!r:.200}: give a dict of keys and values; dict() makes"
            " one of pairs"
        )
    return pairs


def busy(what: str) -> StoreBusy:
    return StoreBusy(
        f"{what}: others changed the key at each of {TRIES} tries; try again"
    )
