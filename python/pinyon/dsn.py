"""The grammar of URLs, of caches and of fleets::

    scheme://[user[:password]@]host[:port[:weight]],...[/path][?option=value&...]

A parser of our own, since :mod:`urllib.parse` refuses the many hosts of a fleet. Hosts
may be names, IPv4, IPv6 in brackets, or the path of a socket written ``%2Frun%2Fx``.
Percent-encoding is undone exactly once, in each part after the parts are told apart.

No sentence of an error quotes what might be a secret: a URL is quoted from behind its
last ``@`` only, and where an ``@`` stands so late that a password may have been cut in
two by a ``/`` or ``?`` of its own, nothing is quoted at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ._core import ArgumentError, ConfigError

__all__ = [
    "Dsn",
    "Host",
    "decode",
    "parse_host",
    "parse_hosts",
    "refuse_twice",
    "split",
    "visible",
]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_SOCKET = re.compile(r"unix|\w+\+socket|memcacheds?")  # whose path may have an @
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})?")
_HOST = re.compile(
    r"(?:\[(?P<v6>[^]]*)\]|(?P<name>[^:\[\]]*))"
    r"(?::(?P<port>[^:]*))?(?::(?P<weight>[^:]*))?"
)

_ENCODE = (
    "an @ stands behind the hosts: in a user name, a password, a path or an option"
    " write %40 for @, %2F for /, %3F for ? and %25 for %"
)


@dataclass(frozen=True, slots=True)
class Host:
    """Where a server listens. A path of a unix socket begins with / and has port 0."""

    host: str
    port: int
    weight: float | None = None

    def __str__(self) -> str:
        if not self.port:
            return self.host
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Dsn:
    """The parts of a URL: ``authority`` and ``path`` as they stand in it, the rest
    decoded."""

    scheme: str
    authority: str
    path: str
    query: dict[str, str] = field(repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def visible(url: str) -> str:
    """As much of ``url`` as may be shown: no user, no password, no options."""
    scheme, sign, rest = url.partition("://")
    rest = (rest if sign else url).rpartition("@")[2].partition("?")[0]
    return f"{scheme}://{rest}" if sign and "@" not in scheme else rest


def split(url: object, hint: str) -> Dsn:
    """The parts of ``url``; what is no URL is told ``hint``: how to write one."""
    if not isinstance(url, str):
        raise ArgumentError(f"a URL is a str, not {type(url).__name__}")
    match = _SCHEME.fullmatch(url)
    if match is None:
        raise ConfigError(f"{visible(url)!r} is not a URL: {hint}")
    scheme, rest = match[1].lower(), match[2]
    end = re.search(r"[/?]", rest)
    authority, tail = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    userinfo, at, authority = authority.rpartition("@")
    path, _, query = tail.partition("?")
    is_socket = not authority and _SOCKET.fullmatch(scheme)
    if "@" in (query if is_socket else tail):
        raise ConfigError(f"{scheme}://: {_ENCODE}")
    name, _, secret = userinfo.partition(":")
    return Dsn(
        scheme,
        authority,
        path,
        _parse_query(query),
        decode(name, "the user name") or None if at else None,
        decode(secret, "the password", is_secret=True) or None if at else None,
    )


def _parse_query(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, equals, value = pair.partition("=")
        name = decode(name, "an option's name")
        if not equals:
            raise ConfigError(f"option {name!r} has no value: write {name}=...")
        if name in found:
            raise ConfigError(f"option {name!r} stands in the URL twice")
        found[name] = decode(value, f"option {name}", is_secret=True)
    return found


def decode(text: str, what: str, *, is_secret: bool = False) -> str:
    """Undoes percent-encoding, once; ``what`` is the text's name for an error."""
    if "%" not in text:
        return text
    shown = what if is_secret else repr(text)
    for match in _PERCENT.finditer(text):
        if match[1] is None:
            raise ConfigError(
                f"{shown}: a % is followed by two hexadecimal digits; % itself is %25"
            )
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{shown}: lone surrogates are not text") from None
    out, at = bytearray(), 0
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
        raise ConfigError(f"{shown} is not UTF-8 once decoded") from None


# ---- Hosts ----------------------------------------------------------------------


def parse_hosts(text: str, port: int) -> list[Host]:
    """The hosts of an authority or an option; ``port`` is that of those without one."""
    hosts = [parse_host(part, port) for part in text.split(",")]
    refuse_twice(hosts)
    return hosts


def refuse_twice(hosts: Iterable[Host]) -> None:
    """No server stands in a list twice, not with another weight either."""
    seen = set()
    for host in hosts:
        if (host.host, host.port) in seen:
            raise ConfigError(f"host {host} stands in the list twice")
        seen.add((host.host, host.port))


def parse_host(text: str, port: int) -> Host:
    """``host``, ``host:port`` or ``host:port:weight``; an empty host is localhost."""
    match = _HOST.fullmatch(text)
    if match is None or (match["weight"] is not None and not match["port"]):
        raise ConfigError(
            f"host {text!r}: write host, host:port or host:port:weight, and IPv6 in"
            " brackets, such as [::1]:6379"
        )
    if match["v6"] is not None and ":" not in match["v6"]:
        raise ConfigError(f"host {text!r}: brackets hold an IPv6 address")
    host = decode(match["v6"] or match["name"] or "localhost", "a host")
    weight = _weight(match["weight"], text)
    if host.startswith("/"):
        if match["port"]:
            raise ConfigError(f"host {text!r}: a socket's path has no port")
        return Host(host, 0, weight)
    if match["port"]:
        port = int(match["port"]) if re.fullmatch("[0-9]{1,5}", match["port"]) else 0
        if not 1 <= port <= 65535:
            raise ConfigError(f"host {text!r}: a port is a number from 1 to 65535")
    return Host(host, port, weight)


def _weight(text: str | None, host: str) -> float | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise ConfigError(f"host {host!r}: a weight is a number from 0 on")
    return float(text)
