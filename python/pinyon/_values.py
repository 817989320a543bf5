"""Which classes of the user's the value codec takes, and how it takes them apart.

The codec stores builtin and standard types by itself. A class of the user's goes
through it once it is registered: under a name, with a function that makes a plain value
of an object and one that makes the object again. For enums, dataclasses, named tuples
and msgspec Structs both functions follow from the class.

Only registered classes are ever made from stored bytes.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar, overload

from . import _core
from ._core import ArgumentError

_C = TypeVar("_C", bound=type)
_Hooks = tuple[Callable[[Any], Any], Callable[[Any], Any]]

_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: not a builtin with a layout of its own


@overload
def register(cls: _C, /) -> _C: ...
@overload
def register(
    cls: _C,
    name: str | None = ...,
    *,
    encode: Callable[[Any], Any] | None = ...,
    decode: Callable[[Any], Any] | None = ...,
) -> _C: ...
def register(
    cls: _C,
    name: str | None = None,
    *,
    encode: Callable[[Any], Any] | None = None,
    decode: Callable[[Any], Any] | None = None,
) -> _C:
    """Let values of exactly `cls` be stored; returns `cls`, so it decorates a class.

    `name` is what the bytes call it, by default `module.qualname`: give one if the
    class may move. `encode(object)` returns a value that the codec knows,
    `decode(value)` the object again; both may be left out for an enum, a dataclass, a
    named tuple and a msgspec Struct. Every process that reads such values has to
    register the class.
    """
    if not isinstance(cls, type):
        raise ArgumentError(f"register() takes a class, not {cls!r}")
    if (encode is None) != (decode is None):
        raise ArgumentError("register() takes encode= and decode= together or neither")
    if encode is None or decode is None:
        hooks = _derive(cls)
        if hooks is None:
            raise ArgumentError(
                f"{cls.__qualname__} is no enum, dataclass, NamedTuple or "
                "msgspec.Struct: give register() encode= and decode="
            )
        encode, decode = hooks
    _core.register(cls, name or f"{cls.__module__}.{cls.__qualname__}", encode, decode)
    return cls


def register_annotation(annotation: object) -> None:
    """Register the classes that a function's return annotation speaks of.

    Walks generics, unions and the fields of what it finds. Classes registered before
    keep their names; those that cannot be registered without hooks are left alone.
    """
    seen: set[object] = set()
    waiting = [annotation]
    while waiting:
        found = waiting.pop()
        waiting.extend(typing.get_args(found))
        if not isinstance(found, type) or isinstance(found, types.GenericAlias):
            continue
        if found in seen:
            continue
        seen.add(found)
        hooks = _derive(found)
        if hooks is None:
            continue
        if not _core.is_registered(found):
            register(found, encode=hooks[0], decode=hooks[1])
        waiting.extend(_hints(found).values())


def register_result(function: Any) -> None:
    """Register what `function` is annotated to return, before its results are stored.

    An annotation that names a class not defined yet registers nothing: storing a result
    then raises SerializationError, which says to call register().
    """
    register_annotation(_hints(function).get("return"))


def _hints(annotated: Any) -> dict[str, Any]:
    """Annotations; none when they name what is not there (yet)."""
    try:
        return typing.get_type_hints(annotated)
    except (NameError, TypeError, AttributeError):
        return {}


def _derive(cls: type) -> _Hooks | None:
    if issubclass(cls, enum.Enum):
        return _enum_hooks(cls)
    if dataclasses.is_dataclass(cls):
        return _dataclass_hooks(cls)
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return _namedtuple_hooks(cls)
    if hasattr(cls, "__struct_fields__"):
        return _struct_hooks(cls)
    return None


def _enum_hooks(cls: type[enum.Enum]) -> _Hooks:
    def encode(member: enum.Enum) -> Any:
        # A combination of flags has no entry of its own: its value says it.
        if cls.__members__.get(member.name) is member:
            return member.name
        return (member.value,)

    def decode(value: Any) -> Any:
        return cls[value] if isinstance(value, str) else cls(value[0])

    return encode, decode


def _dataclass_hooks(cls: type) -> _Hooks | None:
    bases = cls.__mro__[:-1]
    if not all(base.__flags__ & _HEAP_TYPE for base in bases):
        return None  # also a dict or an Exception, whose content is in no field
    names = tuple(field.name for field in dataclasses.fields(cls))

    def encode(value: Any) -> dict[str, Any]:
        _refuse_extra(value, names)
        return {name: getattr(value, name) for name in names}

    def decode(fields: dict[str, Any]) -> Any:
        _check_fields(cls, names, fields)
        # Neither __init__ nor __post_init__: the fields as they were, frozen or not.
        value: Any = object.__new__(cls)
        for name in names:
            object.__setattr__(value, name, fields[name])
        return value

    return encode, decode


def _namedtuple_hooks(cls: type) -> _Hooks:
    new: Any = tuple.__new__  # cls._make does the same four times slower
    count = len(typing.cast(Any, cls)._fields)

    def encode(value: Any) -> tuple[Any, ...]:
        _refuse_extra(value, ())
        return tuple(value)

    def decode(value: Any) -> Any:
        if len(value) != count:
            raise ValueError(
                f"{cls.__qualname__} has changed since the value was stored: it has "
                f"{count} fields, the value {len(value)}"
            )
        return new(cls, value)

    return encode, decode


def _struct_hooks(cls: type) -> _Hooks:
    names: tuple[str, ...] = typing.cast(Any, cls).__struct_fields__

    def encode(value: Any) -> dict[str, Any]:
        return {name: getattr(value, name) for name in names}

    def decode(fields: dict[str, Any]) -> Any:
        _check_fields(cls, names, fields)
        return cls(**fields)

    return encode, decode


def _refuse_extra(value: Any, names: tuple[str, ...]) -> None:
    """Attributes beyond the fields would be lost; cached properties come back."""
    for name in getattr(value, "__dict__", {}):
        if name not in names and not isinstance(
            getattr(type(value), name, None), functools.cached_property
        ):
            raise ValueError(
                f"attribute {name!r} is no field of {type(value).__qualname__}"
            )


def _check_fields(cls: type, names: tuple[str, ...], fields: dict[str, Any]) -> None:
    if fields.keys() != set(names):
        raise ValueError(
            f"{cls.__qualname__} has changed since the value was stored: the fields "
            f"{', '.join(sorted(fields.keys() ^ set(names)))} differ"
        )
