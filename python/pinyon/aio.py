"""The twins for asyncio.

What a store of this host does takes less time than a trip to the event loop, so most
twins do it at once. Only what may have to wait for another process does so by sleeping
on the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ._core import StoreBusy

if TYPE_CHECKING:
    from . import _core

    _Base = _core.Cache
else:
    _Base = object

__all__ = ["AsyncCalls"]

#: Where a call gives no time to live.
UNSET: Any = ...

#: Pauses between tries to delete while another process has the lock: a second.
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.3)


class AsyncCalls(_Base):
    """aget, aset and the others: each as the method without the "a"."""

    async def aget(self, key: str | bytes, default: Any = None) -> Any:
        return self.get(key, default)

    async def agets(self, key: str | bytes, default: Any = None) -> tuple[Any, Any]:
        return self.gets(key, default)

    async def aget_many(self, keys: Iterable[Any]) -> dict[Any, Any]:
        return self.get_many(keys)

    async def attl(self, key: str | bytes) -> float | None:
        return self.ttl(key)

    async def acontains(self, key: str | bytes) -> bool:
        """``key in cache``."""
        return key in self

    async def aset(self, key: str | bytes, value: Any, *args: Any, **kw: Any) -> bool:
        return self.set(key, value, *args, **kw)

    async def aadd(self, key: str | bytes, value: Any, *args: Any, **kw: Any) -> bool:
        return self.add(key, value, *args, **kw)

    async def areplace(
        self, key: str | bytes, value: Any, *args: Any, **kw: Any
    ) -> bool:
        return self.replace(key, value, *args, **kw)

    async def acas(
        self, key: str | bytes, value: Any, token: Any, *args: Any, **kw: Any
    ) -> bool:
        return self.cas(key, value, token, *args, **kw)

    async def aset_many(
        self, mapping: Mapping[Any, Any], *args: Any, **kw: Any
    ) -> list[Any]:
        return self.set_many(mapping, *args, **kw)

    async def atouch(self, key: str | bytes, *args: Any) -> bool:
        return self.touch(key, *args)

    async def aincr(
        self,
        key: str | bytes,
        delta: int = 1,
        *,
        initial: int | None = 0,
        ttl: Any = UNSET,
    ) -> int:
        given = {} if ttl is UNSET else {"ttl": ttl}
        return self.incr(key, delta, initial=initial, **given)

    async def adecr(
        self,
        key: str | bytes,
        delta: int = 1,
        *,
        initial: int | None = 0,
        ttl: Any = UNSET,
    ) -> int:
        given = {} if ttl is UNSET else {"ttl": ttl}
        return self.decr(key, delta, initial=initial, **given)

    async def adelete(self, key: str | bytes) -> bool:
        return await self._adrop(self._key(key))

    async def adelete_many(self, keys: Iterable[str | bytes]) -> int:
        if isinstance(keys, str | bytes) or not isinstance(keys, Iterable):
            self.delete_many(keys)  # which says what is wrong
        return sum([await self.adelete(key) for key in keys])

    async def aclear(self) -> None:
        self.clear()

    async def ainvalidate_tag(self, tag: str | bytes) -> None:
        self.invalidate_tag(tag)

    async def ainvalidate_tags(self, tags: Iterable[str | bytes]) -> None:
        self.invalidate_tags(tags)

    # For cached functions, by the key as the store has it.

    async def _alook(self, key: bytes) -> tuple[int, Any]:
        return self._look(key, 0.0, 0.0)

    async def _ahas(self, key: bytes) -> bool:
        return self._has(key)

    async def _adrop(self, key: bytes) -> bool:
        for pause in _PAUSES:
            try:
                return self._drop(key)
            except StoreBusy:
                await asyncio.sleep(pause)
        return self._drop(key)

    async def aset_members(self, servers: Any, *args: Any, **kw: Any) -> None:
        self.set_members(servers, *args, **kw)  # type: ignore[attr-defined]

    async def astats(self) -> Any:
        return self.stats()  # type: ignore[attr-defined]
