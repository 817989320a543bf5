"""Commands that are sent together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, Self

from . import _core
from .closing import Closing
from .commands.args import Call, Key, Value
from .methods import PipeMethods
from .methods._base import S
from .session import Session, shaped

if TYPE_CHECKING:
    from .client import Client

__all__ = ["Pipeline"]


class Pipeline(PipeMethods, Closing, Generic[S]):
    """Commands that are put together and sent at once, one flight to each node::

        with client.pipeline() as pipe:
            pipe.set("a", 1).incr("a").zadd("z", {"m": 1.5})
            replies = pipe.execute()            # [True, 2, 1]; await pipe.aexecute()

    Replies come in the order of the commands, whatever nodes they come from. With
    ``transaction=True`` the commands are one MULTI and EXEC: keys of several slots are
    :class:`CrossSlot` before anything is sent, and what is refused when it is put in
    (a wrong command) executes nothing.

    :meth:`watch` makes it an optimistic transaction: commands are then executed at once
    and return their replies, until :meth:`multi`, from which on they are put together
    again; :meth:`execute` raises :class:`WatchError` when others have changed what is
    watched. (:meth:`Client.session` does the same and has types that say so.)

    A pipeline belongs to one thread or task, and may be used again after execute().
    """

    def __init__(
        self, client: Client[S], transaction: bool, session: Session[S] | None = None
    ) -> None:
        self._client = client
        self._is_atomic = transaction
        self._calls: list[Call[Any]] = []
        self._session = session
        self._is_lent = session is not None  # the session is somebody's own
        self._is_immediate = False

    # ---- Putting in ------------------------------------------------------------------

    def _add(self, call: Call[Any], /) -> Self:
        if self._is_immediate and self._session is not None:
            session = self._session
            is_looped = self._is_looped
            made: Any = session._acall(call) if is_looped else session._call(call)
            return made  # type: ignore[no-any-return]
        self._calls.append(call)
        return self

    _is_looped = False

    def execute_command(self, *args: Value) -> Self:
        """Puts in any command."""
        return self._add((args, None))

    def __len__(self) -> int:
        return len(self._calls)

    def __bool__(self) -> bool:
        return True

    # ---- Watching --------------------------------------------------------------------

    def _watch(self, names: Sequence[Key], is_looped: bool) -> Session[S]:
        if self._calls:
            raise _core.ArgumentError("watch() comes before the commands")
        if not names:
            raise _core.ArgumentError("watch() wants a key")
        if self._session is None:
            self._session = self._client.session(names[0])
        self._is_immediate, self._is_looped = True, is_looped
        self._is_atomic = True
        return self._session

    def watch(self, *names: Key) -> bool:
        """Watches keys, of one slot: execute() does nothing if others change them."""
        return self._watch(names, False).watch(*names)

    async def awatch(self, *names: Key) -> bool:
        """:meth:`watch` for asyncio."""
        return await self._watch(names, True).awatch(*names)

    def multi(self) -> None:
        """From now on commands are put together, after :meth:`watch`."""
        self._is_immediate = False

    def unwatch(self) -> bool:
        """Ends all watches."""
        self._is_immediate = False
        return True if self._session is None else self._session.unwatch()

    # ---- Executing -------------------------------------------------------------------

    def execute(
        self, raise_on_error: bool = True, timeout: float | None = None
    ) -> list[Any]:
        """Sends the commands, waits, and gives the replies in their order. The first
        that failed is raised; with ``raise_on_error=False`` exceptions stand among the
        replies. ``timeout`` is of all together."""
        calls = self._taken()
        words = [call[0] for call in calls]
        try:
            if not calls:
                return []
            if self._session is not None:
                run = self._session._sync().run
            else:
                run = self._client._run
            replies = run(words, timeout, self._flags)
            return self._finish(calls, replies, raise_on_error)
        finally:
            self.reset()

    async def aexecute(
        self, raise_on_error: bool = True, timeout: float | None = None
    ) -> list[Any]:
        """:meth:`execute` for asyncio."""
        calls = self._taken()
        words = [call[0] for call in calls]
        try:
            if not calls:
                return []
            if self._session is not None:
                run = self._session._async().arun
            else:
                run = self._client._arun
            replies = await run(words, timeout, self._flags)
            return self._finish(calls, replies, raise_on_error)
        finally:
            self.reset()

    @property
    def _flags(self) -> int:
        return _core.RUN_ATOMIC if self._is_atomic else 0

    def _taken(self) -> list[Call[Any]]:
        calls, self._calls = self._calls, []
        return calls

    def _finish(
        self, calls: list[Call[Any]], replies: list[Any] | None, raise_on_error: bool
    ) -> list[Any]:
        """Takes each reply out of REPLIES: an error that is raised from here would hold
        all of them, and itself, by its traceback."""
        if replies is None:
            raise _core.WatchError("what is watched was changed: nothing was executed")
        made: list[Any] = []
        for at, call in enumerate(calls):
            reply, replies[at] = replies[at], None
            try:
                made.append(shaped(call, reply))
            except Exception as error:
                if raise_on_error:
                    del made, replies[at:]
                    error.add_note(f"command {at + 1} of {len(calls)}: {call[0][0]!s}")
                    raise
                made.append(error.with_traceback(None))
            finally:
                del reply
        return made

    # ---- Life ------------------------------------------------------------------------

    def reset(self) -> None:
        """Forgets the commands and ends the watches."""
        self._calls = []
        self._is_immediate = False
        if self._session is not None and not self._is_lent:
            session, self._session = self._session, None
            session.close()

    close = reset

    def __repr__(self) -> str:
        kind = "transaction" if self._is_atomic else "pipeline"
        return f"<pinyon.Pipeline {kind} of {len(self._calls)} for {self._client.url}>"
