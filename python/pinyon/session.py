"""A connection for oneself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from . import _core
from .closing import Closing
from .commands.args import Call, Key, Value
from .methods import Methods
from .methods._base import S

if TYPE_CHECKING:
    from .client import Client

__all__ = ["Session"]

T = TypeVar("T")


def shaped(call: Call[T], reply: Any) -> T:
    """The reply in its shape; an error is raised, and not held by its own traceback."""
    if isinstance(reply, Exception):
        try:
            raise reply
        finally:
            del reply
    shape = call[1]
    try:
        made: T = reply if shape is None else shape(reply)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        if isinstance(error, _core.CacheError):
            raise
        raise _core.ProtocolError(
            f"{call[0][0]!s}: the server said something that is no answer to this"
        ) from error
    return made


class Session(Methods[S], Closing):
    """One connection to one node, for what is of a connection: WATCH, SELECT, MULTI::

        with client.session("account:7") as session:
            session.watch("account:7")
            balance = int(session.get("account:7"))
            pipe = session.multi()
            pipe.set("account:7", balance - 1)
            pipe.execute()                      # WatchError when it was changed

    It is used either by blocking calls or from one event loop, where it is opened with
    ``async with`` and the methods begin with "a". What was changed of the connection
    ends with the session.
    """

    def __init__(
        self, client: Client[S], key: Key | None = None, node: int | None = None
    ) -> None:
        self._client = client
        self._at = {"key": key, "node": node}
        self._core: _core.Session | None = None

    def _sync(self) -> _core.Session:
        if self._core is None:
            self._core = self._client._session(**self._at)  # type: ignore[arg-type]
        return self._core

    def _async(self) -> _core.Session:
        if self._core is None:
            self._core = self._client._asession(**self._at)  # type: ignore[arg-type]
        return self._core

    if not TYPE_CHECKING:

        def _call(self, call, /, timeout=None):
            return shaped(call, self._sync().run([call[0]], timeout)[0])

        async def _acall(self, call, /, timeout=None):
            return shaped(call, (await self._async().arun([call[0]], timeout))[0])

        def get(self, key, /):
            """The value, or None."""
            return self._call((("GET", key), None))

        def aget(self, key, /):
            """:meth:`get` for asyncio."""
            return self._acall((("GET", key), None))

    def execute(self, *args: Value, timeout: float | None = None) -> Any:
        """Sends any command."""
        return self._call((args, None), timeout)

    async def aexecute(self, *args: Value, timeout: float | None = None) -> Any:
        """:meth:`execute` for asyncio."""
        return await self._acall((args, None), timeout)

    # ---- Transactions -------------------------------------------------------------

    def watch(self, *names: Key) -> bool:
        """From now on EXEC does nothing if one of these is changed by others."""
        return bool(self.execute("WATCH", *names))

    async def awatch(self, *names: Key) -> bool:
        """:meth:`watch` for asyncio."""
        return bool(await self.aexecute("WATCH", *names))

    def unwatch(self) -> bool:
        """Ends all watches."""
        return bool(self.execute("UNWATCH"))

    async def aunwatch(self) -> bool:
        """:meth:`unwatch` for asyncio."""
        return bool(await self.aexecute("UNWATCH"))

    def multi(self) -> Any:
        """A pipeline that is executed as one transaction over this connection."""
        from .pipeline import Pipeline  # which has a session in turn

        return Pipeline(self._client, True, self)

    # ---- Life ------------------------------------------------------------------------

    @property
    def node(self) -> str | None:
        """host:port of the server at the other end; None before the first command."""
        return None if self._core is None else self._core.node

    def close(self) -> None:
        """Gives the connection back, or closes it when its state was changed."""
        core, self._core = self._core, None
        if core is not None:
            core.close()
