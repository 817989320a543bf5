"""What may stand for the value of an option, in a URL or as a keyword.

Each check takes the value and the option's name, and gives the value or raises a
:class:`ConfigError` that names the option and says what would be right. Text and the
Python type do equally: ``db="0"`` and ``db=0``, ``timeout="250ms"`` and ``0.25``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ._core import ConfigError, parse_ttl

__all__ = [
    "Check",
    "any_value",
    "boolean",
    "choice",
    "duration",
    "float_in",
    "int_in",
    "parse_size",
    "secret",
    "text",
]

Check = Callable[[object, str], Any]

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
_UNITS = {"": 1, "B": 1}
_UNITS |= {f"{u}iB": 1024**n for n, u in enumerate("KMGT", 1)}
_UNITS |= {f"{u}B": 1000**n for n, u in enumerate("KMGT", 1)}

_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def parse_size(value: object, option: str = "size") -> int:
    """Bytes of ``256MiB``, ``1.5GB`` or ``4096``."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    unit = _UNITS.get(match[2]) if match else None
    if match is None or unit is None:
        raise ConfigError(
            f"{option}={value!r} is not a size: give bytes as int, or text such as"
            ' "64MiB" (units KiB MiB GiB TiB, KB MB GB TB)'
        )
    return int(float(match[1]) * unit)


def int_in(low: int, high: int) -> Check:
    """An int from ``low`` to ``high``."""

    def check(value: object, option: str) -> int:
        try:
            number = int(value) if isinstance(value, int | str) else None
        except ValueError:
            number = None
        if number is None or isinstance(value, bool) or not low <= number <= high:
            raise ConfigError(f"{option}={value!r}: give an int from {low} to {high}")
        return number

    return check


def float_in(low: float, high: float) -> Check:
    """A number from ``low`` to ``high``."""

    def check(value: object, option: str) -> float:
        try:
            number = float(value) if isinstance(value, int | float | str) else None
        except ValueError:
            number = None
        if number is None or isinstance(value, bool) or not low <= number <= high:
            raise ConfigError(
                f"{option}={value!r}: give a number from {low:g} to {high:g}"
            )
        return number

    return check


def boolean(value: object, option: str) -> bool:
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else ""
    if word in _YES or word in _NO:
        return word in _YES
    raise ConfigError(f"{option}={value!r}: give yes or no")


def text(value: object, option: str) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ConfigError(f"{option}={value!r}: give a str that is not empty")
    return value


def secret(value: object, option: str) -> str:
    """Text that no error quotes."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str) or not value or "\0" in value:
        raise ConfigError(f"{option}= wants a str that is not empty")
    return value


def choice(**words: Any) -> Check:
    """One of some words, for what each stands for."""

    def check(value: object, option: str) -> Any:
        word = getattr(value, "value", value)  # of an enumeration
        if not isinstance(word, str) or word.lower() not in words:
            raise ConfigError(f"{option}={value!r}: give one of {', '.join(words)}")
        return words[word.lower()]

    return check


def duration(low: float, high: float) -> Check:
    """Seconds as a float, from ``low`` to ``high``."""

    def check(value: object, option: str) -> float:
        try:
            ms = parse_ttl(value, option)
        except ConfigError:
            ms = None
        if ms is None or not low <= ms / 1000 <= high:
            raise ConfigError(
                f"{option}={value!r}: give seconds from {low:g} to {high:g}, or text"
                ' such as "250ms"'
            )
        return ms / 1000

    return check


def any_value(value: object, option: str) -> object:
    return value
