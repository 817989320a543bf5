"""Pinyon: one cache for all processes of a host, with the origin protected.

::

    import pinyon

    cache = pinyon.Cache("shm://shop?size=256MiB")

    @cache.cached(ttl="10m", stale=60)
    def user(u: int) -> dict: ...

See :class:`Cache`, and ``docs/guide`` in the sources.
"""

from ._core import (
    OOM,
    AmbiguousTimeout,
    ArgumentError,
    AuthenticationError,
    CacheError,
    ClosedError,
    ClusterError,
    ConfigError,
    ConnectionError,
    ConnectionFailed,
    ConnectionLost,
    CounterRange,
    CrossSlot,
    Down,
    ExecAborted,
    KeyNotFound,
    KeyTooLong,
    KeyTypeError,
    KeyValueError,
    Loading,
    MetaReply,
    NoPermission,
    NoScript,
    NotACounter,
    PoolExhausted,
    ProtocolError,
    ReadOnly,
    RegionAbsent,
    RegionDamaged,
    RegionError,
    RegionFull,
    RegionRefused,
    SerializationError,
    ServerError,
    SlotNotCovered,
    StoreBusy,
    TimeoutError,
    TypeNotAllowed,
    UnambiguousTimeout,
    Unsigned,
    ValueTooLarge,
    WatchError,
    WrongType,
)
from ._values import register
from .cache import Cache, destroy
from .cached import MISS, BoundCached, Cached, CacheInfo
from .client import Client, Node
from .client_options import ClientOptions
from .memcached import Memcached
from .pipeline import Pipeline
from .pool import ConnectionPool
from .pubsub import PubSub
from .ring import HashRing, RingDiff
from .script import Script
from .session import Session
from .stats import CacheStats, Stats, StoreStats
from .warn import PinyonWarning

__version__ = "0.1.0"

__all__ = [
    "MISS",
    "OOM",
    "AmbiguousTimeout",
    "ArgumentError",
    "AuthenticationError",
    "BoundCached",
    "Cache",
    "CacheError",
    "CacheInfo",
    "CacheStats",
    "Cached",
    "Client",
    "ClientOptions",
    "ClosedError",
    "ClusterError",
    "ConfigError",
    "ConnectionError",
    "ConnectionFailed",
    "ConnectionLost",
    "ConnectionPool",
    "CounterRange",
    "CrossSlot",
    "Down",
    "ExecAborted",
    "HashRing",
    "KeyNotFound",
    "KeyTooLong",
    "KeyTypeError",
    "KeyValueError",
    "Loading",
    "Memcached",
    "MetaReply",
    "NoPermission",
    "NoScript",
    "Node",
    "NotACounter",
    "PinyonWarning",
    "Pipeline",
    "PoolExhausted",
    "ProtocolError",
    "PubSub",
    "ReadOnly",
    "RegionAbsent",
    "RegionDamaged",
    "RegionError",
    "RegionFull",
    "RegionRefused",
    "RingDiff",
    "Script",
    "SerializationError",
    "ServerError",
    "Session",
    "SlotNotCovered",
    "Stats",
    "StoreBusy",
    "StoreStats",
    "TimeoutError",
    "TypeNotAllowed",
    "UnambiguousTimeout",
    "Unsigned",
    "ValueTooLarge",
    "WatchError",
    "WrongType",
    "destroy",
    "register",
]
