"""Warnings of the package: troubles that were hidden from a caller, told once."""

from __future__ import annotations

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
            warnings.warn(text, PinyonWarning, stacklevel=2)
