"""What a cached function or a ``get_or_load`` wants: checked once, then read only.

The meaning of each option, the order in which they act and what was rejected stand in
``docs/design/0014-policies.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

from ._core import ConfigError, parse_ttl

__all__ = ["Policy", "make_policy"]

#: An early refresh comes at most this share of the time to live too early.
EARLY_CAP = 0.25

Tags = Iterable[str | bytes] | Callable[..., Iterable[str | bytes]] | None


@dataclass(frozen=True, slots=True)
class Policy:
    """Times are milliseconds, ``None`` where there is no limit."""

    ttl: int | Callable[[Any], Any] | None
    jitter: float
    negative_ttl: int | None
    absent: Callable[[Any], bool]
    stale: int
    early: float
    should_cache: Callable[[Any], bool] | None
    lease: int
    wait: int | None
    lock: bool
    on_error: Literal["compute", "raise"]
    tags: Tags

    @property
    def early_cap(self) -> float:
        """Milliseconds by which a refresh may be early."""
        return self.ttl * EARLY_CAP if isinstance(self.ttl, int) else float("inf")

    def is_negative(self, value: object) -> bool:
        """Does ``value`` mean that there is nothing?"""
        return self.negative_ttl is not None and bool(self.absent(value))

    def ttl_of(self, value: object, key: bytes) -> int | None:
        """Milliseconds for which ``value`` is good; 0: it is not to be stored."""
        ttl = self.ttl
        if self.is_negative(value):
            ttl = self.negative_ttl
        elif callable(ttl):
            ttl = parse_ttl(ttl(value), "the result of ttl()")
        if not ttl:  # for ever, or not at all
            return ttl
        return max(1, round(ttl * (1 - self.jitter * spread(key))))


def spread(key: bytes) -> float:
    """A number in [0, 1) that belongs to ``key``: the same in every process, and from
    bits that place nothing, so that what is stored together expires apart."""
    digest = blake2b(key, digest_size=8, person=b"pinyon jitter").digest()
    return int.from_bytes(digest, "little") / 2.0**64


def make_policy(
    ttl: Any,
    *,
    jitter: float = 0.1,
    negative_ttl: Any = None,
    absent: Callable[[Any], bool] | None = None,
    stale: Any = 0,
    early: float = 0.0,
    should_cache: Callable[[Any], bool] | None = None,
    lease: Any = 30,
    wait: Any = None,
    lock: Any = "host",
    on_error: str = "compute",
    tags: Tags = None,
) -> Policy:
    """A policy from what the user wrote; ConfigError names what is wrong."""
    if on_error not in ("compute", "raise"):
        raise ConfigError(f'on_error={on_error!r}: give "compute" or "raise"')
    if lock not in ("host", False):
        raise ConfigError(f'lock={lock!r}: give "host" or False')
    if absent is not None and negative_ttl is None:
        raise ConfigError("absent= says what negative_ttl= is for: give that too")
    stale_ms = parse_ttl(stale, "stale")
    lease_ms = parse_ttl(lease, "lease")
    if stale_ms is None:
        raise ConfigError("stale=None: give how long a stale value may be served")
    if lease_ms is None or lease_ms == 0:
        raise ConfigError(f"lease={lease!r}: give how long one load may take")
    return Policy(
        ttl=_callable("ttl", ttl) if callable(ttl) else parse_ttl(ttl),
        jitter=_fraction("jitter", jitter, 0.0, 1.0),
        negative_ttl=None if negative_ttl is None else _finite(negative_ttl),
        absent=_callable("absent", absent or _is_none),
        stale=stale_ms,
        early=_fraction("early", early, 0.0, 100.0),
        should_cache=None
        if should_cache is None
        else _callable("should_cache", should_cache),
        lease=lease_ms,
        wait=parse_ttl(wait, "wait"),
        lock=lock == "host",
        on_error=on_error,  # type: ignore[arg-type]
        tags=_tags(tags),
    )


def _is_none(value: object) -> bool:
    return value is None


def _finite(negative_ttl: Any) -> int:
    ms = parse_ttl(negative_ttl, "negative_ttl")
    assert ms is not None
    return ms


def _fraction(name: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{name}={value!r}: give a number")
    if not low <= value <= high:
        raise ConfigError(f"{name}={value!r}: give a number from {low} to {high}")
    return float(value)


def _callable(name: str, value: Any) -> Any:
    if not callable(value):
        raise ConfigError(f"{name}={value!r} cannot be called: give a function")
    return value


def _tags(tags: Any) -> Any:
    if tags is None or callable(tags):
        return tags
    if isinstance(tags, str | bytes):
        raise ConfigError(f"tags={tags!r}: give a list of tags, such as [{tags!r}]")
    try:
        return tuple(tags)
    except TypeError:
        raise ConfigError(
            f"tags={tags!r}: give a list of tags, or a function of the arguments"
            " that returns one"
        ) from None
