"""URLs of caches: ``mem://?size=64MiB``, ``shm://shop?size=256MiB&ttl=10m``,
``redis://h/0?namespace=shop``.

What the query says beats what keyword arguments say. Whatever is wrong is a
:class:`ConfigError` that names it and lists what would be right. :mod:`.dsn` has the
grammar, :mod:`.fleet` the URLs of fleets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
from .dsn import Dsn, decode, split
from .fleet import SCHEMES, describe, parse_fleet
from .options import Check, any_value, boolean, int_in, parse_size, text

__all__ = ["EVERYWHERE", "Config", "parse", "parse_size"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

#: Schemes of fleets that this version does not speak.
_LATER = ("couchbase", "couchbases", "pinyon")


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
    #: Settings of :class:`_core.Client`, where the values are in an engine elsewhere.
    far: Mapping[str, Any] | None = None
    flush: bool = False

    @property
    def url(self) -> str:
        """For people: without users, passwords and options."""
        if self.far is not None:
            return describe(self.far)
        return f"{self.scheme}://{self.name or ''}"

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Config({self.url})"


def parse(url: object, options: Mapping[str, Any]) -> Config:
    """The configuration of ``url``, with ``options`` where the query is silent: what it
    overrules is checked all the same."""
    dsn = _split(url)
    if "secret" in dsn.query:
        raise ConfigError("secret= does not belong in a URL: give it as a keyword")
    if dsn.scheme in SCHEMES:
        assert isinstance(url, str)
        return _parse_far(url, dsn, options)
    checked = {
        name: _check(name, value, dsn.scheme)
        for given in (options, dsn.query)
        for name, value in given.items()
        if value is not None or name not in _CHECKS
    }
    return Config(dsn.scheme, _parse_name(dsn), **checked)


def _split(url: object) -> Dsn:
    hint = (
        "write mem:// for a cache of this process, shm://name for one of this host, or"
        " the URL of a fleet, such as redis://host:port"
    )
    dsn = split(url, hint)
    if dsn.scheme in ("mem", "shm") or dsn.scheme in SCHEMES:
        return dsn
    has = (
        "mem:// (this process), shm://name (this host), and for fleets redis://,"
        " redis+cluster://, redis+sentinel://, unix:// and memcached://"
    )
    if dsn.scheme in _LATER:
        raise ConfigError(
            f"{dsn.scheme}:// is not supported by this version of Pinyon, which has"
            f" {has}"
        )
    raise ConfigError(f"{dsn.scheme}:// is not a scheme Pinyon knows: it has {has}")


def _parse_far(url: str, dsn: Dsn, options: Mapping[str, Any]) -> Config:
    given = {
        *dsn.query,
        *(name for name, value in options.items() if value is not None),
    }
    for name in _CHECKS.keys() - set(EVERYWHERE):
        if name in given:
            raise ArgumentError(
                f"option {name!r} is of mem:// and shm://: the values of"
                f" {dsn.scheme}:// are in an engine with settings of its own; leave it"
                " out"
            )
    settings, ours = parse_fleet(url, options, also=_FAR_CHECKS, timeout=_FAR_TIMEOUT)
    if ours.pop("near", None) is not None:
        raise ConfigError(
            "near= is not supported by this version of Pinyon: open a cache of this"
            " host (shm://name) beside the one of the fleet"
        )
    return Config(dsn.scheme, None, far=settings, **ours)


def _parse_name(dsn: Dsn) -> str | None:
    if dsn.username is not None or dsn.password is not None:
        raise ConfigError(f"{dsn.scheme}:// has no users: leave out what is before @")
    name = decode(dsn.authority + dsn.path.removesuffix("/"), "the name")
    if dsn.scheme == "mem":
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


# ---- Options: one check each, and what they are good for ------------------------


def _size(value: object, option: str) -> int:
    size = parse_size(value, option)
    if not SIZE_MIN <= size <= SIZE_MAX:
        raise ConfigError(
            f"{option}={value!r}: a cache has {SIZE_MIN >> 20} MiB to"
            f" {SIZE_MAX >> 30} GiB (default {SIZE_DEFAULT >> 20} MiB)"
        )
    return size


def _ttl(value: object, option: str) -> object:
    parse_ttl(value, option)
    return value


def _wait(value: object, option: str) -> int:
    ms = parse_ttl(value, option)
    if ms is None or not 1 <= ms <= 10_000:
        raise ConfigError(f"{option}={value!r}: give 1ms to 10s")
    return ms


_CHECKS: dict[str, Check] = {
    "size": _size,
    "item": int_in(1, 1 << 20),
    "create": boolean,
    "dir": text,
    "write_wait": _wait,
    "prefault": boolean,
    "stable_cas": boolean,
    "ttl": _ttl,
    "namespace": text,
    "codec": text,
    "secret": any_value,
    "compress_min": lambda value, option: (
        -1 if value in ("off", -1) else int_in(1, 1 << 30)(value, option)
    ),
    "compress_level": int_in(-7, 19),
}
_SHARED_ONLY = ("create", "dir")

#: Of a whole call of a far cache, in seconds: it has another way to go.
_FAR_TIMEOUT = 1.0

#: Those of the cache itself, wherever its values are; and those of a far one.
EVERYWHERE = (
    "ttl", "namespace", "codec", "secret", "compress_min", "compress_level"
)  # fmt: skip
_FAR_CHECKS: dict[str, Check] = {name: _CHECKS[name] for name in EVERYWHERE}
_FAR_CHECKS |= {"flush": boolean, "near": text}

assert {*_CHECKS, *_FAR_CHECKS, "scheme", "name", "far"} == {
    *(f.name for f in fields(Config)),
    "near",
}


def _check(name: str, value: object, scheme: str) -> Any:
    check = _CHECKS.get(name)
    known = [n for n in _CHECKS if scheme == "shm" or n not in _SHARED_ONLY]
    if check is None or name not in known:
        raise ArgumentError(  # as Python has it of a keyword
            f"{scheme}:// has no option {name!r}; it has {', '.join(known)}"
        )
    return check(value, name)
