"""URLs of caches: ``mem://?size=64MiB``, ``shm://shop?size=256MiB&ttl=10m``.

A parser of our own, since :mod:`urllib.parse` refuses the many-host URLs that fleets
will have. Percent-encoding is undone once, in the name and in the query. What the query
says beats what keyword arguments say. Whatever is wrong is a :class:`ConfigError` that
names it and lists what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from ._core import (
    SIZE_DEFAULT,
    SIZE_MAX,
    SIZE_MIN,
    ArgumentError,
    ConfigError,
    parse_ttl,
)

__all__ = ["Config", "parse", "parse_size"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})?")

_UNITS = {"": 1, "B": 1}
_UNITS |= {f"{u}iB": 1024**n for n, u in enumerate("KMGT", 1)}
_UNITS |= {f"{u}B": 1000**n for n, u in enumerate("KMGT", 1)}

#: Schemes of fleets, which this version does not speak.
_FLEETS = re.compile(
    r"(redis|valkey)(s|\+cluster|\+sentinel|\+socket)?|rediss|unix"
    r"|memcacheds?|couchbases?|pinyon"
)


@dataclass(frozen=True, slots=True)
class Config:
    """What a URL and keyword arguments come to."""

    scheme: str
    name: str | None
    size: int = 0
    item: int = 0
    create: bool = True
    dir: str | None = None
    write_wait: int = 0  # milliseconds
    prefault: bool = True
    stable_cas: bool = False
    ttl: object = None
    namespace: str | None = None
    codec: str | None = None
    secret: Any = None
    compress_min: int = 1024
    compress_level: int = 1

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Config({self.scheme}://{self.name or ''})"


def parse(url: str, options: Mapping[str, Any]) -> Config:
    """The configuration of ``url``, with ``options`` where the query is silent: what it
    overrules is checked all the same."""
    scheme, rest = _split_scheme(url)
    authority, _, query = rest.partition("?")
    checked = {
        name: _check(name, value, scheme)
        for given in (options, _parse_query(url, query))
        for name, value in given.items()
        if value is not None or name not in _CHECKS
    }
    return Config(scheme, _parse_name(url, scheme, authority), **checked)


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


def _split_scheme(url: object) -> tuple[str, str]:
    if not isinstance(url, str):
        raise ArgumentError(f"a cache's URL is a str, not {type(url).__name__}")
    match = _SCHEME.fullmatch(url)
    if match is None:
        raise ConfigError(
            f"{url.split('?')[0]!r} is not a URL: write mem:// for a cache of this"
            " process or shm://name for one of this host"
        )
    scheme = match[1].lower()
    if scheme in ("mem", "shm"):
        return scheme, match[2]
    if _FLEETS.fullmatch(scheme):
        raise ConfigError(
            f"{scheme}:// is not supported by this version of Pinyon, which has"
            " mem:// (this process) and shm://name (this host)"
        )
    raise ConfigError(
        f"{scheme}:// is not a scheme Pinyon knows: it has mem:// (this process) and"
        " shm://name (this host)"
    )


def _parse_name(url: str, scheme: str, authority: str) -> str | None:
    name = _decode(url, authority.removesuffix("/"))
    if scheme == "mem":
        if name:
            raise ConfigError(
                f"mem://{name}: a private cache has no name; write mem://, or"
                f" shm://{name} for a cache shared by the host's processes"
            )
        return None
    if not name:
        raise ConfigError("shm:// wants a name, such as shm://shop")
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"shm://{name}: a name has 1 to 100 of the characters A-Z a-z 0-9 . _ -"
            " and starts with a letter or a digit"
        )
    return name


def _parse_query(url: str, query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, equals, value = pair.partition("=")
        name = _decode(url, name)
        if not equals:
            raise ConfigError(f"option {name!r} has no value: write {name}=...")
        if name in found:
            raise ConfigError(f"option {name!r} stands in the URL twice")
        if name == "secret":
            raise ConfigError("secret= does not belong in a URL: give it as a keyword")
        found[name] = _decode(url, value)
    return found


def _decode(url: str, text: str) -> str:
    """Undoes percent-encoding, once."""
    if "%" not in text:
        return text
    raw = text.encode()
    out, at = bytearray(), 0
    for match in _PERCENT.finditer(text):
        if match[1] is None:
            raise ConfigError(f"{text!r}: a % is followed by two hexadecimal digits")
    while at < len(raw):
        if raw[at] == 0x25:
            out.append(int(raw[at + 1 : at + 3], 16))
            at += 3
        else:
            out.append(raw[at])
            at += 1
    try:
        return out.decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{text!r} is not UTF-8 once decoded") from None


# ---- Options: one check each, and what they are good for ------------------------


def _size(value: object, option: str) -> int:
    size = parse_size(value, option)
    if not SIZE_MIN <= size <= SIZE_MAX:
        raise ConfigError(
            f"{option}={value!r}: a cache has {SIZE_MIN >> 20} MiB to"
            f" {SIZE_MAX >> 30} GiB (default {SIZE_DEFAULT >> 20} MiB)"
        )
    return size


def _int_in(low: int, high: int) -> Callable[[object, str], int]:
    def check(value: object, option: str) -> int:
        try:
            number = int(value) if isinstance(value, int | str) else None
        except ValueError:
            number = None
        if number is None or isinstance(value, bool) or not low <= number <= high:
            raise ConfigError(f"{option}={value!r}: give an int from {low} to {high}")
        return number

    return check


def _bool(value: object, option: str) -> bool:
    if isinstance(value, bool):
        return value
    text = value.lower() if isinstance(value, str) else ""
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise ConfigError(f"{option}={value!r}: give yes or no")


def _str(value: object, option: str) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ConfigError(f"{option}={value!r}: give a str that is not empty")
    return value


def _ttl(value: object, option: str) -> object:
    parse_ttl(value, option)
    return value


def _wait(value: object, option: str) -> int:
    ms = parse_ttl(value, option)
    if ms is None or not 1 <= ms <= 10_000:
        raise ConfigError(f"{option}={value!r}: give 1ms to 10s")
    return ms


def _any(value: object, option: str) -> object:
    return value


_CHECKS: dict[str, Callable[[object, str], Any]] = {
    "size": _size,
    "item": _int_in(1, 1 << 20),
    "create": _bool,
    "dir": _str,
    "write_wait": _wait,
    "prefault": _bool,
    "stable_cas": _bool,
    "ttl": _ttl,
    "namespace": _str,
    "codec": _str,
    "secret": _any,
    "compress_min": lambda value, option: (
        -1 if value in ("off", -1) else _int_in(1, 1 << 30)(value, option)
    ),
    "compress_level": _int_in(-7, 19),
}
_SHARED_ONLY = ("create", "dir")

assert set(_CHECKS) == {f.name for f in fields(Config)} - {"scheme", "name"}


def _check(name: str, value: object, scheme: str) -> Any:
    check = _CHECKS.get(name)
    known = [n for n in _CHECKS if scheme == "shm" or n not in _SHARED_ONLY]
    if check is None or name not in known:
        raise ArgumentError(  # as Python has it of a keyword
            f"{scheme}:// has no option {name!r}; it has {', '.join(known)}"
        )
    return check(value, name)
