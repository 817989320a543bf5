"""What a cache says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    from .home import Home

__all__ = ["CacheStats", "NodeStats", "Stats", "StoreStats"]


class StoreStats(TypedDict):
    """Of the store: counted by all processes since it was made; sizes as of now."""

    size: int
    value_max: int
    items: int
    bytes: int
    dead_bytes: int
    index_capacity: int
    hits: int
    misses: int
    retries: int
    fallbacks: int
    sets: int
    deletes: int
    evicted: int
    expired: int
    reclaimed: int
    copied: int
    skipped: int
    index_evicted: int
    leases: int
    lease_takeovers: int
    fenced: int
    clears: int
    invalidations: int
    recoveries: int
    wipes: int
    shards: int
    segments: int
    segments_free: int
    segments_large: int
    segment_size: int
    condemned: int
    processes: int
    age_evicted_ms: int
    uptime_ms: int
    shared: int


class CacheStats(TypedDict):
    """Of the cached functions and loads of this cache, in this process."""

    hits: int
    negative_hits: int
    stale_hits: int
    misses: int
    loads: int
    load_us: int
    load_errors: int
    early_loads: int
    waits: int
    takeovers: int
    fenced: int
    rejected: int
    errors: int
    bypassed: int


class NodeStats(TypedDict):
    """Of one server of a fleet, as the client of this process has seen it."""

    role: str
    #: "up", "failing" (the last attempt was in vain), "down", "loading", "apart"
    state: str
    calls: int  # that were answered, also by an error of the server's
    errors: int  # that were not: refused, broken off, too late
    timeouts: int  # of the errors: too late
    retries: int  # after an error of this node
    redirects: int  # it named another: MOVED, ASK
    bytes_in: int
    bytes_out: int
    connects: int
    disconnects: int
    gutter: int  # of the calls: as the stand-in of another
    why: str | None  # what it was last out of reach for
    p50_us: float
    p90_us: float
    p99_us: float
    p999_us: float


class Stats(TypedDict):
    url: str
    store: StoreStats | None  # None: the values are in an engine elsewhere
    calls: CacheStats
    nodes: dict[str, NodeStats]  # "host:port"; of an engine elsewhere


def stats_of(home: Home, counters: dict[str, int]) -> Stats:
    return {
        "url": home.config.url,
        "store": cast(StoreStats, home.store.stats()),
        "calls": cast(CacheStats, counters),
        "nodes": {},
    }


def stats_of_far(home: Home, counters: dict[str, int]) -> Stats:
    client, nodes = home.client, {}
    assert client is not None
    for number, host, port, role, health, *_ in client._nodes():
        name = f"{host}:{port}" if port else host
        numbers = client._node_stats(number)
        if numbers["why"]:
            numbers["why"] = numbers["why"].removeprefix(f"{name}: ")
        is_failing = health == "up" and numbers["why"]
        nodes[name] = {"role": role, "state": "failing" if is_failing else health} | {
            key: numbers[key] for key in NodeStats.__annotations__ if key in numbers
        }
    return {
        "url": home.config.url,
        "store": None,
        "calls": cast(CacheStats, counters),
        "nodes": cast(dict[str, NodeStats], nodes),
    }
