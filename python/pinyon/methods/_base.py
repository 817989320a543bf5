"""What the methods of clients and pipelines rest on."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from ..commands.args import Call, S

T = TypeVar("T")


class Caller(Generic[S]):
    """Sends one command. The C type does it; this tells type checkers what it does."""

    if TYPE_CHECKING:

        def _call(self, call: Call[T], /, timeout: Any = None) -> T: ...
        def _acall(self, call: Call[T], /, timeout: Any = None) -> Awaitable[T]: ...


class Adder:
    """Puts a command into a pipeline."""

    def _add(self, call: Call[Any], /) -> Self:
        raise NotImplementedError
