"""Pinyon: one cache for all processes of a host, with the origin protected.

::

    import pinyon

    cache = pinyon.Cache("shm://shop?size=256MiB")

    @cache.cached(ttl="10m", stale=60)
    def user(u: int) -> dict: ...

See :class:`Cache`, and ``docs/guide`` in the sources.
"""

from ._core import (
    ArgumentError,
    CacheError,
    ClosedError,
    ConfigError,
    ConnectionError,
    CounterRange,
    KeyNotFound,
    KeyTooLong,
    KeyTypeError,
    KeyValueError,
    NotACounter,
    RegionAbsent,
    RegionDamaged,
    RegionError,
    RegionFull,
    RegionRefused,
    SerializationError,
    StoreBusy,
    TimeoutError,
    TypeNotAllowed,
    Unsigned,
    ValueTooLarge,
)
from ._values import register
from .cache import Cache, destroy
from .cached import MISS, BoundCached, Cached, CacheInfo
from .ring import HashRing, RingDiff
from .stats import CacheStats, Stats, StoreStats
from .warn import PinyonWarning

__version__ = "0.1.0"

__all__ = [
    "MISS",
    "ArgumentError",
    "BoundCached",
    "Cache",
    "CacheError",
    "CacheInfo",
    "CacheStats",
    "Cached",
    "ClosedError",
    "ConfigError",
    "ConnectionError",
    "CounterRange",
    "HashRing",
    "KeyNotFound",
    "KeyTooLong",
    "KeyTypeError",
    "KeyValueError",
    "NotACounter",
    "PinyonWarning",
    "RegionAbsent",
    "RegionDamaged",
    "RegionError",
    "RegionFull",
    "RegionRefused",
    "RingDiff",
    "SerializationError",
    "Stats",
    "StoreBusy",
    "StoreStats",
    "TimeoutError",
    "TypeNotAllowed",
    "Unsigned",
    "ValueTooLarge",
    "destroy",
    "register",
]
