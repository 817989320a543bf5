"""What commands are made of: types of arguments, and words that many commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar

from .._core import ArgumentError

T = TypeVar("T")

#: What texts of replies are: bytes, or str of a client with decode_responses.
S = TypeVar("S", bound=str | bytes)

Key: TypeAlias = str | bytes
Value: TypeAlias = str | bytes | int | float
Seconds: TypeAlias = int | float | timedelta
Moment: TypeAlias = int | float | datetime
Args: TypeAlias = tuple[Value, ...]
#: The words of a command, and what makes its reply what a program expects.
Call: TypeAlias = tuple[Args, Callable[[Any], T] | None]


def flat(first: Value | Iterable[Value], rest: Iterable[Value] = ()) -> Args:
    """``f(a, b)`` and ``f([a, b])`` alike."""
    if isinstance(first, str | bytes | int | float):
        return (first, *rest)
    return (*first, *rest)


def pairs(mapping: Mapping[Any, Any], what: str = "mapping") -> Args:
    """k v k v ..."""
    if not isinstance(mapping, Mapping) or not mapping:
        raise ArgumentError(f"{what}= wants a dict that is not empty")
    return tuple(word for pair in mapping.items() for word in pair)


def one_of(**options: object) -> None:
    """At most one of some options is given."""
    given = [k for k, v in options.items() if v is not None and v is not False]
    if len(given) > 1:
        raise ArgumentError(f"give one of {', '.join(given)}, not several")


def flags(**options: object) -> Args:
    """The names of those that are true."""
    return tuple(name.upper() for name, is_on in options.items() if is_on)


def opt(word: str, value: Any) -> Args:
    """``word value``, or nothing when the value is None."""
    return () if value is None else (word, value)


def count_of(words: Args) -> Args:
    """``numkeys key ...``"""
    return (len(words), *words)


def to_ms(value: Seconds) -> int:
    """Milliseconds of seconds."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    return round(seconds * 1000)


def ms(value: int | timedelta) -> int:
    """Milliseconds, of an int that is that already."""
    return to_ms(value) if isinstance(value, timedelta) else value


def at_ms(value: Moment) -> int:
    """Milliseconds of a moment given in seconds."""
    return round((value.timestamp() if isinstance(value, datetime) else value) * 1000)


def at_ms_exact(value: int | datetime) -> int:
    """Milliseconds of a moment, of an int that is that already."""
    return at_ms(value) if isinstance(value, datetime) else value


def expiry(
    ex: Seconds | None = None,
    px: int | timedelta | None = None,
    exat: Moment | None = None,
    pxat: int | datetime | None = None,
    **flags_: bool,
) -> Args:
    """EX, PX, EXAT or PXAT, or one of the words that stand for them. Parts of a second
    are kept: they go as milliseconds."""
    one_of(ex=ex, px=px, exat=exat, pxat=pxat, **flags_)
    if ex is not None:
        amount = to_ms(ex)
        return ("PX", amount) if amount % 1000 else ("EX", amount // 1000)
    if px is not None:
        return ("PX", ms(px))
    if exat is not None:
        moment = at_ms(exat)
        return ("PXAT", moment) if moment % 1000 else ("EXAT", moment // 1000)
    if pxat is not None:
        return ("PXAT", at_ms_exact(pxat))
    return flags(**flags_)
