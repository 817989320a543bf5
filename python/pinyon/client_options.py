"""The keywords of clients and pools, as editors and type checkers see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, TypeAlias, TypedDict

__all__ = ["Address", "ClientOptions", "Duration", "Nodes"]

Duration: TypeAlias = int | float | str | timedelta | None
Address: TypeAlias = tuple[str, int]
Nodes: TypeAlias = Sequence[str | Address | Mapping[str, Any] | Any]


class ClientOptions(TypedDict, total=False):
    """What :class:`pinyon.Client` takes besides a URL. None is: not given."""

    # where the servers are, instead of a URL
    host: str | None
    port: int | str | None
    unix_socket_path: str | None
    startup_nodes: Nodes | None
    sentinels: Nodes | None
    servers: Nodes | None
    service: str | None
    # who we are
    username: str | None
    password: str | bytes | None
    db: int | str | None
    client_name: str | None
    protocol: Literal[2, 3] | None
    sentinel_username: str | None
    sentinel_password: str | bytes | None
    # what a call may cost
    timeout: Duration
    connect_timeout: Duration
    retries: int | None
    socket_timeout: Duration
    socket_connect_timeout: Duration
    # connections
    max_connections: int | None
    min_connections: int | None
    idle_timeout: Duration
    lifetime: Duration
    check_after: Duration
    health_check_interval: Duration
    # TLS
    tls: bool | None
    sentinel_tls: bool | None
    tls_verify: Literal["all", "chain", "none"] | None
    tls_13_only: bool | None
    ca_file: str | None
    ca_dir: str | None
    cert_file: str | None
    key_file: str | None
    key_password: str | bytes | None
    ciphers: str | None
    server_name: str | None
    ssl: bool | None
    ssl_cert_reqs: Any
    ssl_check_hostname: bool | None
    ssl_min_version: Any
    ssl_ca_certs: str | None
    ssl_ca_path: str | None
    ssl_certfile: str | None
    ssl_keyfile: str | None
    ssl_password: str | bytes | None
    ssl_ciphers: str | None
    # reading
    read_from: (
        Literal["primary", "prefer_replica", "replica", "any", "zone"] | str | None
    )
    zone: str | None
    read_from_replicas: bool | None
    load_balancing_strategy: Any
    value_max: int | str | None
    # a fleet whose keys the client places
    place: str | None
    names: Sequence[str] | str | None
    hash: str | None
    distribution: str | None
    hash_tag: str | None
    salt: str | None
    seed: int | None
    points: int | None
    slots: int | None
    replicas: int | None
    epsilon: float | None
    arm: bool | None
    zero_is_one: bool | None
    bytes_keys: bool | None
    gutter: Nodes | str | None
    gutter_ttl: Duration
    fail_over: bool | None
    soft_failures: int | None
    probe_min: Duration
    probe_max: Duration
    address_remap: Callable[[Address], Address] | Mapping[Address, Address] | None
    topology: str | None
