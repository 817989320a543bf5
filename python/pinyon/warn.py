"""Warnings of the package: troubles that were hidden from a caller, told once."""

from __future__ import annotations

import sys
import warnings

__all__ = ["PinyonWarning"]


class PinyonWarning(UserWarning):
    """Something is wrong with a cache, and the program goes on without it."""

    __module__ = "pinyon"


class Once:
    """Says each thing once, however often it happens."""

    __slots__ = ("_said",)

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, topic: str, text: str) -> None:
        if topic not in self._said:
            self._said.add(topic)
            warnings.warn(text, PinyonWarning, stacklevel=_callers_level())


def _callers_level() -> int:
    """The stacklevel, as our caller gives it, of the first frame outside the package:
    where the user's code is."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__")):
        level, frame = level + 1, frame.f_back
    return level


def _is_ours(module: object) -> bool:
    return isinstance(module, str) and module.split(".")[0] == __package__
