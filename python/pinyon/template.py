"""Keys from text such as ``"{user.uuid}:{page}"``.

The key of a call is a tuple: the text itself, then one element a field. A plain field
gives its value, which the canonical encoder of arguments keeps apart by type and by
boundary: ``"{a}:{b}"`` never takes ("1:2", "3") for ("1", "2:3"), nor "{a}" 1 for "1".
A field with a conversion or a format spec ("{path!s}", "{price:.2f}") gives the text
that Python makes of it, for whoever wants calls to meet.

What is wrong with the text itself is found when the function is decorated.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from string import Formatter
from typing import Any

from ._core import ConfigError, KeyTypeError

__all__ = ["key_from_template"]

_FIELD = re.compile(r"(\w+)((?:\.\w+|\[[^\[\]]+\])*)")
_FORMATTER = Formatter()

#: Arguments by name, to one element of the key.
_Part = Callable[[Mapping[str, Any]], Any]


def key_from_template(
    text: str, signature: inspect.Signature
) -> Callable[..., tuple[Any, ...]]:
    """A key function for calls of ``signature``; ConfigError names the field that is
    wrong."""
    names = tuple(signature.parameters)
    fields = [
        (_written(*field), _part(*field)) for field in _fields_of(text, text, names)
    ]

    def key_of(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        key: list[Any] = [text]
        for written, part in fields:
            try:
                key.append(part(bound.arguments))
            except (AttributeError, LookupError, TypeError, ValueError) as error:
                raise KeyTypeError(
                    f"key={text!r}: {written} of this call has no value"
                    f" ({type(error).__name__}: {error}): give arguments that have"
                    " one, or key= a function of them"
                ) from error
        return tuple(key)

    return key_of


def _fields_of(
    text: str, part: str, names: tuple[str, ...]
) -> Iterator[tuple[str, str, str]]:
    """(name, conversion, spec) of each field of ``part``, checked. The spec of a field
    may hold fields as well."""
    try:
        parsed = list(_FORMATTER.parse(part))
    except ValueError as error:
        raise ConfigError(
            f"key={text!r}: {error}; write {{name}} for an argument, and {{{{ or }}}}"
            " for a brace"
        ) from None
    for _, name, spec, conversion in parsed:
        if name is None:  # text after the last field
            continue
        field = name, conversion or "", spec or ""
        _check(text, field, names)
        for _ in _fields_of(text, field[2], names):
            pass
        yield field


def _check(text: str, field: tuple[str, str, str], names: tuple[str, ...]) -> None:
    name, conversion, _ = field
    written = _written(*field)
    there_are = f"the parameters are {', '.join(names)}" if names else "there are none"
    match = _FIELD.fullmatch(name)
    if not name or name.isdigit():
        raise ConfigError(
            f"key={text!r}: {written} has no name: write {{name}}; {there_are}"
        )
    if match is None:
        raise ConfigError(
            f"key={text!r}: {written} is no field: write {{name}}, {{name.attribute}}"
            f" or {{name[item]}}; {there_are}"
        )
    if match[1] not in names:
        raise ConfigError(
            f"key={text!r}: {written} is no parameter of the function; {there_are}"
        )
    if conversion not in ("", "r", "s", "a"):
        raise ConfigError(
            f"key={text!r}: {written} has the conversion {conversion!r}: there are"
            " !s, !r and !a"
        )


def _part(name: str, conversion: str, spec: str) -> _Part:
    if not conversion and not spec:
        return lambda arguments: _FORMATTER.get_field(name, (), arguments)[0]
    return _written(name, conversion, spec).format_map


def _written(name: str, conversion: str, spec: str) -> str:
    mark = f"!{conversion}" if conversion else ""
    colon = f":{spec}" if spec else ""
    return f"{{{name}{mark}{colon}}}"
