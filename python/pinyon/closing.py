"""``with`` and ``async with``: what has a ``close()`` is closed at the end.

Nothing that Pinyon closes waits for a server, so a loop may call it as it is.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self


class Closing:
    """To be inherited before the class that has ``close``, which it does not hide."""

    if TYPE_CHECKING:

        def close(self) -> None: ...

    async def aclose(self) -> None:
        """:meth:`close`, which does not wait."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
