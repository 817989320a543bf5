"""The options of fleets: their checks, and the names that others have for them."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Any

from ._core import ConfigError, policies
from .options import (
    Check,
    boolean,
    choice,
    duration,
    float_in,
    int_in,
    parse_size,
    secret,
    text,
)

__all__ = ["ALIASES", "ELSEWHERE", "OPTIONS", "REDIS_ONLY"]

_DAY = 86_400.0
_REGION = re.compile(r"shm://([A-Za-z0-9][A-Za-z0-9._-]{0,99})/?")


def _client_name(value: object, option: str) -> str:
    name = text(value, option)
    if not name.isprintable() or " " in name:
        raise ConfigError(f"{option}={value!r}: a name has no spaces")
    return name


def _texts(value: object, option: str) -> list[str]:
    """``a,b`` or a list of str."""
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or not all(
        isinstance(part, str) and part for part in found
    ):
        raise ConfigError(f"{option}={value!r}: give a list of names")
    return list(found)


def _nodes(value: object, option: str) -> list[Any]:
    """``h1:1,h2:2`` or a list."""
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or not found:
        raise ConfigError(f'{option}={value!r}: give a list such as ["host:port"]')
    return list(found)


def _value_max(value: object, option: str) -> int:
    size = parse_size(value, option)
    if not 1024 <= size <= 1 << 30:
        raise ConfigError(f"{option}={value!r}: a server takes 1 KiB to 1 GiB")
    return size


def _remap(value: object, option: str) -> Any:
    """A function of (host, port), or a mapping; what is not in it stays as it is."""
    if callable(value):
        return value
    if isinstance(value, Mapping):
        table = {tuple(k): tuple(v) for k, v in value.items()}
        return lambda address: table.get(address, address)
    raise ConfigError(
        f"{option}={value!r}: give a function that turns (host, port) into another, or"
        " a dict of such pairs"
    )


def _topology(value: object, option: str) -> str:
    """The name of a region, from its URL."""
    match = _REGION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ConfigError(f"{option}={value!r}: give a region of this host: shm://name")
    return match[1]


#: Every option, with its check. The values are what _core.Client takes.
OPTIONS: dict[str, Check] = {
    # who we are
    "username": text,
    "password": secret,
    "db": int_in(0, 1 << 20),
    "client_name": _client_name,
    "protocol": int_in(2, 3),
    "service": text,
    "sentinel_username": text,
    "sentinel_password": secret,
    # what a call may cost
    "timeout": duration(0.001, _DAY),
    "connect_timeout": duration(0.001, 3600),
    "retries": int_in(1, 16),
    # connections
    "max_connections": int_in(1, 65536),
    "min_connections": int_in(0, 65536),
    "idle_timeout": duration(0.001, 30 * _DAY),
    "lifetime": duration(0.001, 365 * _DAY),
    "check_after": duration(0, 30 * _DAY),
    # TLS
    "tls": boolean,
    "sentinel_tls": boolean,
    "tls_verify": choice(all="all", chain="chain", none="none"),
    "tls_13_only": boolean,
    "ca_file": text,
    "ca_dir": text,
    "cert_file": text,
    "key_file": text,
    "key_password": secret,
    "ciphers": text,
    "server_name": text,
    # reading
    "read_from": choice(
        primary="primary",
        prefer_replica="prefer_replica",
        replica="replica",
        any="any",
        zone="zone",
    ),
    "zone": text,
    "decode": boolean,
    "value_max": _value_max,
    # a fleet whose keys the client places
    "place": choice(**{name: name for name in policies()}),
    "names": _texts,
    "hash": text,
    "distribution": text,
    "hash_tag": text,
    "salt": text,
    "seed": int_in(0, (1 << 64) - 1),
    "points": int_in(1, 1 << 20),
    "slots": int_in(1, 65536),
    "replicas": int_in(0, 4),
    "epsilon": float_in(0.001, 1000),
    "arm": boolean,
    "zero_is_one": boolean,
    "bytes_keys": boolean,
    "gutter": _nodes,
    "gutter_ttl": duration(0.001, _DAY),
    "fail_over": boolean,
    "soft_failures": int_in(1, 1000),
    "probe_min": duration(0.001, _DAY),
    "probe_max": duration(0.001, _DAY),
    "address_remap": _remap,
    "topology": _topology,
}

#: Options that mean nothing to memcached.
REDIS_ONLY = frozenset(
    [
        "username",
        "password",
        "db",
        "client_name",
        "protocol",
        "service",
        "sentinel_username",
        "sentinel_password",
        "sentinel_tls",
        "read_from",
        "zone",
        "address_remap",
    ]
)


# ---- The names of others --------------------------------------------------------


def _cert_reqs(value: object, option: str) -> str:
    words = {"required": "all", "optional": "all", "none": "none"}
    if isinstance(value, ssl.VerifyMode):
        word = value.name.removeprefix("CERT_").lower()
    else:
        word = str(value).lower().removeprefix("cert_")
    if word not in words:
        raise ConfigError(f"{option}={value!r}: give required or none")
    return words[word]


def _min_version(value: object, option: str) -> bool:
    name = value.name if isinstance(value, ssl.TLSVersion) else str(value)
    word = name.lower().replace("_", ".").removeprefix("tlsv").removeprefix("tls")
    if word not in ("1.2", "1.3"):
        raise ConfigError(f"{option}={value!r}: give TLSv1.2 or TLSv1.3")
    return word == "1.3"


def _check_hostname(value: object, option: str) -> str:
    return "all" if boolean(value, option) else "chain"


def _read_from_replicas(value: object, option: str) -> str:
    return "any" if boolean(value, option) else "primary"


def _same(name: str) -> tuple[str, Check]:
    return name, OPTIONS[name]


#: Their name: ours, and the check that turns their values into ours.
ALIASES: dict[str, tuple[str, Check]] = {
    "socket_timeout": _same("timeout"),
    "socket_connect_timeout": _same("connect_timeout"),
    "health_check_interval": _same("check_after"),
    "decode_responses": _same("decode"),
    "max_pool_size": _same("max_connections"),
    "service_name": _same("service"),
    "ssl": _same("tls"),
    "ssl_cert_reqs": ("tls_verify", _cert_reqs),
    "ssl_check_hostname": ("tls_verify", _check_hostname),
    "ssl_min_version": ("tls_13_only", _min_version),
    "ssl_ca_certs": _same("ca_file"),
    "ssl_ca_path": _same("ca_dir"),
    "ssl_certfile": _same("cert_file"),
    "ssl_keyfile": _same("key_file"),
    "ssl_password": _same("key_password"),
    "ssl_ciphers": _same("ciphers"),
    "read_from_replicas": ("read_from", _read_from_replicas),
    "load_balancing_strategy": (
        "read_from",
        choice(
            round_robin="any",
            round_robin_replicas="prefer_replica",
            random_replica="prefer_replica",
        ),
    ),
    "retry_attempts": _same("soft_failures"),
    "dead_timeout": _same("probe_min"),
}

_ALWAYS = "is always so: leave it out"
_NEVER = "there is no such thing here: leave it out"

#: Names that people bring along, and what to do instead.
ELSEWHERE: dict[str, str] = {
    "socket_keepalive": f"TCP keepalive {_ALWAYS}",
    "no_delay": f"TCP_NODELAY {_ALWAYS}",
    "retry": "retries= bounds the attempts, and a budget and the deadline do",
    "retry_on_timeout": f"what is safe to repeat {_ALWAYS} repeated; see retries=",
    "retry_on_error": f"what is safe to repeat {_ALWAYS} repeated; see retries=",
    "cluster_error_retry_attempts": "write retries=",
    "require_full_coverage": (
        "a slot without an owner fails the calls that need it, and no other"
    ),
    "dynamic_startup_nodes": f"the seeds are never forgotten: that {_ALWAYS}",
    "reinitialize_steps": f"the map is refreshed as needed: {_NEVER}",
    "encoding": f"text is UTF-8: {_NEVER}",
    "encoding_errors": f"text is UTF-8, strictly: {_NEVER}",
    "parser_class": f"the parser is in C: {_NEVER}",
    "connection_class": "write tls= or unix_socket_path=",
    "socket_read_size": _NEVER,
    "single_connection_client": "write max_connections=1",
    "credential_provider": "write username= and password=",
    "ssl_ca_data": "write the certificates to a file and give ssl_ca_certs=",
    "key_prefix": "a Cache has namespace=",
    "ignore_exc": "a Cache's functions have on_error=",
    "serializer": "a client's values are bytes; a Cache has codec=",
    "serde": "a client's values are bytes; a Cache has codec=",
}
