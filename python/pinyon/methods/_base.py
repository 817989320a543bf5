"""What the methods of clients and pipelines rest on."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from ..commands.args import Call

if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

T = TypeVar("T")

#: What texts of replies are: bytes, or str of a client with decode_responses.
if TYPE_CHECKING:
    S = TypeVarWithDefault("S", bound=str | bytes, default=bytes)
else:
    S = TypeVar("S", bound=str | bytes)


class Caller(Generic[S]):
    """Sends one command. The C type does it; this tells type checkers what it does."""

    if TYPE_CHECKING:

        def _call(self, call: Call[T], /, timeout: Any = None) -> T: ...
        def _acall(self, call: Call[T], /, timeout: Any = None) -> Awaitable[T]: ...


class Adder:
    """Puts a command into a pipeline."""

    def _add(self, call: Call[Any], /) -> Self:
        raise NotImplementedError
