"""URLs and keywords of fleets, as the settings of :class:`_core.Client`.

::

    redis://[user:password@]host[:port][/db]          valkey:// does the same everywhere
    rediss:// valkeys://                              with TLS
    unix:///run/redis.sock?db=0                       redis+socket:// too
    redis+sentinel://h1:26379,h2/service[/db]         rediss+sentinel:// with TLS
    redis+cluster://h1:6379,h2:6379                   rediss+cluster:// with TLS
    redis://h1,h2,h3?place=libketama                  independent servers, keys placed
    memcached://h1:11211,h2:11211:3?place=libketama   memcacheds:// with TLS

What the query says beats the path, and both beat keywords. :data:`OPTIONS` lists what
there is; :data:`ALIASES` are the names of redis-py and others for the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ._core import ArgumentError, ConfigError
from .dsn import Dsn, Host, decode, parse_host, parse_hosts, refuse_twice, split
from .fleet_options import ALIASES, ELSEWHERE, OPTIONS, REDIS_ONLY
from .options import Check, duration, float_in

__all__ = [
    "SCHEMES",
    "change_members",
    "describe",
    "parse_fleet",
    "parse_members",
    "parse_where",
    "placed",
]

#: scheme: engine, kind, TLS
SCHEMES: dict[str, tuple[str, str, bool]] = {
    f"{name}{s}{kind and '+'}{kind}": ("redis", kind or "single", bool(s))
    for name in ("redis", "valkey")
    for s in ("", "s")
    for kind in ("", "cluster", "sentinel", "socket")
    if not (s and kind == "socket")
}
SCHEMES |= {
    "unix": ("redis", "socket", False),
    "memcached": ("memcached", "hash", False),
    "memcacheds": ("memcached", "hash", True),
}

_PORTS = {"redis": 6379, "memcached": 11211}
_SENTINEL_PORT = 26379

_HINT = (
    "write redis://host:port, redis+cluster://host:port,host:port,"
    " redis+sentinel://host:port,host:port/service, unix:///path or"
    " memcached://host:port,host:port"
)

_warm = duration(0, 86_400)

#: Keywords that say where the servers are, instead of a URL.
_WHERE = (
    "host",
    "port",
    "unix_socket_path",
    "startup_nodes",
    "sentinels",
    "servers",
)


def parse_fleet(
    url: str | None,
    keywords: Mapping[str, Any],
    *,
    also: Mapping[str, Check] | None = None,
    timeout: float = 5.0,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings for :class:`_core.Client`, and the values of the options that only
    ``also`` knows (those of a cache). ``timeout`` is the default of a call's total
    deadline. A keyword that is None was not given."""
    given = {k: v for k, v in keywords.items() if v is not None}
    where = {k: given.pop(k) for k in _WHERE if k in given}
    if url is None:
        settings = _from_keywords(where)
    elif where:
        raise ArgumentError(f"give a URL or {', '.join(where)}=, not both")
    else:
        dsn = split(url, _HINT)
        settings = _from_url(dsn)
        given |= settings.pop("options")
    checks = {**OPTIONS, **(also or {})}
    values = {
        name: value
        for group in (given, settings.pop("path", {}), settings.pop("query", {}))
        for name, value in _check(group, checks, settings).items()
    }
    beside = {k: values.pop(k) for k in also or {} if k in values}
    values.setdefault("timeout", timeout)
    return _finish(settings | values), beside


def parse_members(
    settings: Mapping[str, Any],
    servers: Iterable[Any],
    weights: Iterable[float] | None,
    names: Iterable[str] | None,
) -> dict[str, Any]:
    """``seeds``, ``weights`` and ``names`` of other servers for a fleet."""
    if settings["kind"] != "hash":
        raise ConfigError(
            "set_members() is for fleets with place=: the others find their servers"
            " themselves"
        )
    port = _PORTS[settings["engine"]]
    hosts = [_node(node, port, "servers") for node in _list(servers, "servers")]
    hosts = placed(hosts, settings["place"])
    given = (
        None if weights is None else [float_in(0, 1e6)(w, "weight") for w in weights]
    )
    found: dict[str, Any] = {
        "seeds": [(h.host, h.port) for h in hosts],
        "weights": given or [1.0 if h.weight is None else h.weight for h in hosts],
    }
    if names is not None:
        found["names"] = OPTIONS["names"](list(names), "names")
        _refuse_name_twice(found["names"])
    for name in found:
        if len(found[name]) != len(hosts):
            raise ConfigError(f"{name}= wants one for each of {len(hosts)} servers")
    return found


def change_members(
    client: Any,
    settings: dict[str, Any],
    servers: Iterable[Any],
    weights: Iterable[float] | None,
    names: Iterable[str] | None,
    warm: Any,
) -> None:
    """Gives other servers to a ``_core.Client``, and to ``settings``, which are its."""
    found = parse_members(settings, servers, weights, names)
    client._set_members(found, _warm(warm, "warm") if warm else 0.0)
    settings.update(found)


def describe(settings: Mapping[str, Any]) -> str:
    """A URL of ``settings`` for people: no user, no password, no options."""
    kind, tls = settings["kind"], "s" if settings.get("tls") else ""
    hosts = ",".join(str(Host(*seed)) for seed in settings["seeds"][:4])
    more = ",..." if len(settings["seeds"]) > 4 else ""
    if settings["engine"] == "memcached":
        return f"memcached{tls}://{hosts}{more}"
    if kind == "single" and hosts.startswith("/"):
        return f"unix://{hosts}"
    suffix = f"+{kind}" if kind in ("cluster", "sentinel") else ""
    service = f"/{settings['service']}" if kind == "sentinel" else ""
    db = f"/{settings['db']}" if settings.get("db") else ""
    return f"redis{tls}{suffix}://{hosts}{more}{service}{db}"


# ---- Where the servers are ------------------------------------------------------

#: Policies that no other client has: there is nobody who wrote `Cache1` and meant it.
_OURS = ("slots", "bounded")


def placed(hosts: Iterable[Host], place: str) -> list[Host]:
    """Servers as their names place keys: each once; in lower case, unless what another
    client hashes is what was written."""
    found = list(hosts)
    if place in _OURS:
        found = [
            h if h.host.startswith("/") else replace(h, host=h.host.lower())
            for h in found
        ]
    refuse_twice(found)
    return found


def parse_where(url: str) -> tuple[list[Host], dict[str, str]]:
    """The servers that a URL names, and its options as they stand there."""
    found = _from_url(split(url, _HINT))
    return found["hosts"], found["query"]


def _refuse_name_twice(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise ConfigError(f"names={','.join(names)!r}: one of them stands there twice")


def _from_url(dsn: Dsn) -> dict[str, Any]:
    if dsn.scheme not in SCHEMES:
        raise ConfigError(_unknown_scheme(dsn.scheme))
    engine, kind, tls = SCHEMES[dsn.scheme]
    port = _SENTINEL_PORT if kind == "sentinel" else _PORTS[engine]
    path: dict[str, Any] = {}
    if kind == "socket" or (engine == "memcached" and not dsn.authority and dsn.path):
        hosts = [_socket(dsn)]
        kind = "single" if kind == "socket" else kind
    else:
        hosts = parse_hosts(dsn.authority, port)
        path = _path(dsn, engine, kind)
    if dsn.username is not None:
        path["username"] = dsn.username
    if dsn.password is not None:
        path["password"] = dsn.password
    settings = {"engine": engine, "kind": kind, "hosts": hosts, "tls": tls}
    return settings | {"options": {}, "path": path, "query": dsn.query}


def _unknown_scheme(scheme: str) -> str:
    if scheme in ("couchbase", "couchbases", "pinyon"):
        return f"{scheme}:// is not supported by this version of Pinyon: {_HINT}"
    if scheme in ("mem", "shm"):
        return f"{scheme}:// is a pinyon.Cache of this host, not a fleet: {_HINT}"
    return f"{scheme}:// is not a scheme Pinyon knows: {_HINT}"


def _socket(dsn: Dsn) -> Host:
    path = decode(dsn.path, "the path")
    if dsn.authority or not path.startswith("/") or path == "/":
        raise ConfigError(
            f"{dsn.scheme}:// wants the path of a socket: {dsn.scheme}:///run/x.sock"
        )
    return Host(path, 0)


def _path(dsn: Dsn, engine: str, kind: str) -> dict[str, Any]:
    """What the path says: /db, of sentinels /service/db."""
    parts = [decode(p, "the path") for p in dsn.path.removeprefix("/").split("/")]
    found: dict[str, Any] = {}
    if kind == "sentinel" and parts[0]:
        found["service"] = parts.pop(0)
    if parts and parts[0]:
        if engine == "memcached" or not parts[0].isascii() or not parts[0].isdigit():
            raise ConfigError(
                f"{dsn.scheme}://: the path is the number of a database, such as /0,"
                f" not {'/' + parts[0]!r}"
                if engine == "redis"
                else f"{dsn.scheme}:// has no databases: leave out the path"
            )
        found["db"] = parts.pop(0)
    if any(parts):
        raise ConfigError(f"{dsn.scheme}://: the path has too many parts")
    return found


def _from_keywords(where: dict[str, Any]) -> dict[str, Any]:
    """Of host= and port=, unix_socket_path=, startup_nodes=, sentinels= or servers=."""
    ways = [k for k in _WHERE if k in where and k != "port"]
    if len(ways) > 1 or ("port" in where and ways not in ([], ["host"])):
        raise ArgumentError(f"give one of {', '.join(where)}=, not several")
    way = ways[0] if ways else "host"
    engine, kind, port = "redis", "single", 6379
    nodes: list[Any]
    if way == "startup_nodes":
        kind, nodes = "cluster", _list(where[way], way)
    elif way == "sentinels":
        kind, port, nodes = "sentinel", _SENTINEL_PORT, _list(where[way], way)
    elif way == "servers":
        engine, kind, port = "memcached", "hash", 11211
        nodes = _list(where[way], way)
    elif way == "unix_socket_path":
        nodes = [(where[way], 0)]
    else:
        nodes = [(where.get("host", "localhost"), where.get("port", port))]
    hosts = [_node(node, port, way) for node in nodes]
    return {"engine": engine, "kind": kind, "hosts": hosts, "tls": False}


def _list(nodes: object, way: str) -> list[Any]:
    found = list(nodes) if isinstance(nodes, Iterable) else []
    if not found or isinstance(nodes, str | bytes | Mapping):
        raise ConfigError(
            f'{way}={nodes!r}: give a list such as [{{"host": "h1", "port": 6379}}]'
        )
    return found


def _node(node: object, port: int, way: str) -> Host:
    """From ("h", 1), "h:1", {"host": "h", "port": 1}, or what has these attributes."""
    if isinstance(node, str):
        return parse_host(node, port)
    if isinstance(node, Mapping):
        host, number = node.get("host"), node.get("port", port)
    elif isinstance(node, tuple | list) and len(node) == 2:
        host, number = node
    else:
        host, number = getattr(node, "host", None), getattr(node, "port", port)
    if isinstance(number, str) and number.isascii() and number.isdigit():
        number = int(number)
    path = isinstance(host, str) and host.startswith("/")
    is_port = isinstance(number, int) and not isinstance(number, bool)
    if not isinstance(host, str) or not host or "\0" in host or not is_port:
        raise ConfigError(f"{way}: {node!r} is not a host and a port")
    if not path and not 1 <= number <= 65535:
        raise ConfigError(f"port={number!r}: a port is a number from 1 to 65535")
    return Host(host, 0 if path else number)


# ---- Options --------------------------------------------------------------------


def _check(
    group: Mapping[str, Any], checks: Mapping[str, Check], fleet: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of one group of options, checked, under our names."""
    found: dict[str, Any] = {}
    for name, value in group.items():
        own, check = name, checks.get(name)
        if check is None and name in ALIASES:
            own, check = ALIASES[name]
        is_alien = own in REDIS_ONLY and fleet["engine"] != "redis"
        if check is None or is_alien:
            raise ArgumentError(_unknown_option(name, checks, fleet))
        if own in found:
            raise ArgumentError(f"{name}= says what {own}= says too: give one of them")
        found[own] = check(value, name)
    return found


def _unknown_option(
    name: str, checks: Mapping[str, Check], fleet: Mapping[str, Any]
) -> str:
    engine = fleet["engine"]
    if name in ELSEWHERE:
        return f"option {name!r}: {ELSEWHERE[name]}"
    known = [k for k in checks if engine == "redis" or k not in REDIS_ONLY]
    return f"a client of {engine} has no option {name!r}; it has {', '.join(known)}"


def _topology_key(settings: Mapping[str, Any]) -> str:
    """Tells fleets that share a region apart: equal for all clients of one fleet that
    name the same seeds, in whatever order."""
    seeds = sorted(str(Host(*seed)) for seed in settings["seeds"])
    parts = (settings["engine"], settings["kind"], settings.get("service", ""), *seeds)
    return hashlib.blake2s("\0".join(parts).encode(), digest_size=16).hexdigest()


_PLACED_ONLY = [
    "names",
    "hash",
    "distribution",
    "hash_tag",
    "salt",
    "seed",
    "points",
    "slots",
    "replicas",
    "epsilon",
    "arm",
    "zero_is_one",
    "bytes_keys",
    "gutter",
    "fail_over",
    "soft_failures",
    "gutter_ttl",
]


def _finish(settings: dict[str, Any]) -> dict[str, Any]:
    """Brings the parts together: kinds, seeds, names and weights."""
    hosts: list[Host] = settings.pop("hosts")
    if settings["kind"] == "single" and "place" in settings:
        settings["kind"] = "hash"
    kind, is_hash = settings["kind"], settings["kind"] == "hash"
    if kind == "single" and len(hosts) > 1:
        raise ConfigError(
            f"{len(hosts)} hosts: write redis+cluster:// for a cluster,"
            " redis+sentinel:// for sentinels, or place= for servers that know nothing"
            " of each other"
        )
    if (kind == "sentinel") != ("service" in settings):
        raise ConfigError(
            "sentinels are asked for a service: redis+sentinel://host:port/service, or"
            " service="
            if kind == "sentinel"
            else "service= is the name of what sentinels watch: redis+sentinel://"
        )
    if kind == "sentinel":
        settings.setdefault("sentinel_tls", settings["tls"])
    if not is_hash and any(h.weight is not None for h in hosts):
        raise ConfigError("a weight of a host wants place=: other fleets have none")
    if is_hash:
        settings.setdefault("place", "slots")
        settings["weights"] = [1.0 if h.weight is None else h.weight for h in hosts]
        hosts = placed(hosts, settings["place"])
        _refuse_name_twice(settings.get("names", []))
    if "place" in settings and not is_hash:
        raise ConfigError(
            f"place= is for servers that know nothing of each other, not for a {kind}"
        )
    for name in _PLACED_ONLY:
        if name in settings and not is_hash:
            raise ConfigError(f"{name}= is for fleets with place=")
    if is_hash and len(settings.get("names", hosts)) != len(hosts):
        raise ConfigError(f"names= wants {len(hosts)} names, one for each host")
    if "zone" in settings and settings.get("read_from") != "zone":
        raise ConfigError("zone= wants read_from=zone")
    settings["seeds"] = [(h.host, h.port) for h in hosts]
    if "topology" in settings:
        if kind == "single":
            raise ConfigError("topology= is for fleets of several servers")
        settings["topology_key"] = _topology_key(settings)
    if "gutter" in settings:
        port = _PORTS[settings["engine"]]
        spare = [_node(node, port, "gutter") for node in settings["gutter"]]
        spare = placed(spare, settings["place"])
        settings["gutter"] = [(h.host, h.port) for h in spare]
    return settings
