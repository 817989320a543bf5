"""From a function to a :class:`Cached`: what it is called in keys, how its arguments
become one, and what cannot be cached."""

from __future__ import annotations

import asyncio
import functools
import inspect
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ._core import ArgumentError, ClosedError, ConfigError, RegionError
from ._values import register_result
from .cached import BoundCached, Cached, miss
from .policy import Policy
from .template import key_from_template

if TYPE_CHECKING:
    from .cache import Cache

__all__ = ["decorate"]


def decorate(
    cache: Cache,
    function: Any,
    policy: Policy,
    parameters: dict[str, Any],
    *,
    key: Any,
    version: Any,
    name: str | None,
) -> Any:
    """A Cached for ``function``; for a classmethod or staticmethod, one around it."""
    if isinstance(function, classmethod | staticmethod):
        inner = decorate(
            cache,
            function.__func__,
            policy,
            parameters,
            key=key,
            version=version,
            name=name,
        )
        return type(function)(inner)
    _check_kind(function)
    identity = _identity(function, name)
    _claim(cache, identity, function, name is not None)
    by, shape = _shape(function, key)
    register_result(function)
    cached: Cached[Any, Any] = Cached(
        cache,
        function,
        miss,
        BoundCached,
        (identity, cache._prefix_plan, _version(version), *shape),
        key=by,
        is_async=_is_async(function),
        early=policy.early,
        early_cap_ms=policy.early_cap,
    )
    functools.update_wrapper(cached, function)
    cached._name = identity
    cached._policy = policy
    cached._parameters = parameters
    cached._is_async = _is_async(function)
    cached._tag = f"\0f:{cached._head().decode()}"
    if cache._is_far:
        lasting = () if policy.tags is None or callable(policy.tags) else policy.tags
        cached._marks = cache._lasting_marks((cached._tag, *lasting))
    elif policy.tags and not callable(policy.tags):
        with suppress(ClosedError, RegionError):  # each call meets it again
            cache._tags((cached._tag, *policy.tags))
    if cached._is_async:
        _mark_coroutine(cached)
    return cached


def _unwrap(function: Any) -> Any:
    while isinstance(function, functools.partial | functools.partialmethod):
        function = function.func
    return function


def _is_async(function: Any) -> bool:
    bare = _unwrap(function)
    return inspect.iscoroutinefunction(bare) or inspect.iscoroutinefunction(
        getattr(bare, "__call__", None)  # noqa: B004
    )


def _check_kind(function: Any) -> None:
    bare = _unwrap(function)
    if isinstance(function, Cached):
        raise ArgumentError(f"{function!r} is cached already")
    if isinstance(function, str | int | float | timedelta):
        raise ArgumentError(
            "cached() decorates functions, and its options are keywords: write"
            f" cached(ttl={function!r})"
        )
    if isinstance(function, type) or not callable(bare):
        raise ArgumentError(f"cached() decorates functions, not {function!r}")
    if inspect.isgeneratorfunction(bare) or inspect.isasyncgenfunction(bare):
        raise ArgumentError(
            f"{bare.__qualname__} is a generator, which is spent after one use:"
            " return a list of what it yields"
        )


def _identity(function: Any, name: str | None) -> str:
    """What the function is called in keys, in every process."""
    if name is not None:
        if not isinstance(name, str) or not name:
            raise ConfigError(f"name={name!r}: give a str")
        return name
    qualname = getattr(function, "__qualname__", None)
    if qualname is None or isinstance(function, functools.partial):
        raise ConfigError(
            f"{function!r} has no name of its own for the keys: give name="
        )
    if qualname.endswith("<lambda>"):
        raise ConfigError(
            "a lambda has no name of its own for the keys: give name=, or use def"
        )
    return f"{function.__module__}.{qualname}"


def _version(version: Any) -> Any:
    if isinstance(version, bool) or not isinstance(version, int | str):
        raise ConfigError(f"version={version!r}: give an int or a str")
    return version


def _shape(function: Any, key: Any) -> tuple[Any, tuple[Any, ...]]:
    """(key function or None, what Plan wants to know of the parameters)."""
    if key is None:
        return None, _parameters_of(function)
    only: tuple[Any, ...] = (("key",), {}, 1, 0, False, False)
    if isinstance(key, str):
        return key_from_template(key, _signature(function)), only
    if not callable(key):
        raise ConfigError(
            f'key={key!r}: give a function of the arguments, or text such as "{{user}}"'
        )
    return key, only


def _parameters_of(function: Any) -> tuple[Any, ...]:
    kinds = inspect.Parameter
    parameters = _signature(function).parameters.values()
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return (
        tuple(p.name for p in named),
        {p.name: p.default for p in named if p.default is not p.empty},
        sum(p.kind is kinds.POSITIONAL_ONLY for p in named),
        sum(p.kind is kinds.KEYWORD_ONLY for p in named),
        any(p.kind is kinds.VAR_POSITIONAL for p in parameters),
        any(p.kind is kinds.VAR_KEYWORD for p in parameters),
    )


def _signature(function: Any) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        raise ConfigError(
            f"{function!r} has no signature that can be read: give key= a function"
        ) from None


def _mark_coroutine(cached: Any) -> None:
    """So that frameworks know it is to be awaited."""
    if hasattr(inspect, "markcoroutinefunction"):
        inspect.markcoroutinefunction(cached)
    else:
        cached._is_coroutine = asyncio.coroutines._is_coroutine  # type: ignore[attr-defined]


def _claim(cache: Cache, identity: str, function: Any, named: bool) -> None:
    """Two functions must not share a name: one would get the other's results. The same
    lines decorated again are a reload, or a notebook's cell, unless they close over
    variables, which no key contains."""
    code = getattr(_unwrap(function), "__code__", None)
    place = None if code is None else (code.co_filename, code.co_firstlineno)
    closes = code is not None and set(code.co_freevars) - {"__class__"}
    before = cache._home.claims.setdefault((cache._prefix, identity), place)
    if before is place:
        return
    if before != place and (closes or function.__module__ != "__main__"):
        why = "another function has this name in this cache"
    elif closes and not named:
        why = f"it was decorated before, with other values of {sorted(closes)}"
    else:
        return
    raise ConfigError(f"{identity}: {why}, and they would share results: give name=")
