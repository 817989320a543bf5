"""Scripts as functions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ._core import ArgumentError, NoScript
from .commands.args import Key, Value

if TYPE_CHECKING:
    from .client import Client
    from .pipeline import Pipeline

__all__ = ["Script"]


class Script:
    """A Lua script; made by :meth:`Client.register_script`::

        add = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
        add(keys=["n"], args=[2])
        await add.acall(keys=["n"], args=[2])

    It is called by its SHA1, and sent whole to a server that does not know it yet.
    """

    def __init__(self, client: Client[Any], script: str | bytes) -> None:
        self._client = client
        self.script = script
        try:
            source = script.encode() if isinstance(script, str) else script
        except UnicodeEncodeError:
            raise ArgumentError(
                "a script with lone surrogates is not text: give bytes"
            ) from None
        self.sha = hashlib.sha1(source, usedforsecurity=False).hexdigest()

    def __call__(
        self,
        keys: Iterable[Key] = (),
        args: Iterable[Value] = (),
        client: Client[Any] | Pipeline[Any] | None = None,
    ) -> Any:
        """Runs it. With a pipeline for a client it is put into that, whole: there is
        nobody to send it again."""
        names = tuple(keys)
        count, words = len(names), (*names, *args)
        if client is not None and not hasattr(client, "execute_command"):
            return client.eval(self.script, count, *words)
        caller = self._client if client is None else client
        try:
            return caller.evalsha(self.sha, count, *words)
        except NoScript:
            return caller.eval(self.script, count, *words)

    async def acall(
        self,
        keys: Iterable[Key] = (),
        args: Iterable[Value] = (),
        client: Client[Any] | None = None,
    ) -> Any:
        """Runs it, for asyncio."""
        names = tuple(keys)
        count, words = len(names), (*names, *args)
        caller = self._client if client is None else client
        try:
            return await caller.aevalsha(self.sha, count, *words)
        except NoScript:
            return await caller.aeval(self.script, count, *words)

    def __repr__(self) -> str:
        return f"<pinyon.Script {self.sha}>"
