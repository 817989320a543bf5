"""What a cache and its namespaces have in common in this process."""

from __future__ import annotations

import contextvars
import os
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from . import _core
from .flight import Flights
from .forks import watch
from .url import Config
from .warn import Once

__all__ = ["Home"]

#: The stores whose caches are bypassed by the code that runs here.
_bypassed: contextvars.ContextVar[frozenset[int]] = contextvars.ContextVar(
    "pinyon_bypassed", default=frozenset()
)


class Home:
    """One open store or the client of a fleet, the loads under way, and who uses it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.client: _core.Client | None = None
        if config.far is None:
            self.store = open_store(config)
        else:
            self.store = _core.Store(flags=_core.STORE_ABSENT)
            # A cache has another way to go: what cannot be had now is a miss.
            self.client = open_client({**config.far, "quick": True})
        self.flights = Flights()
        self.warn = Once()
        #: (prefix, name) of each cached function -> where it stands in the source.
        self.claims: dict[tuple[str | None, str], tuple[str, int] | None] = {}
        _homes.add(self)

    def is_bypassed(self) -> bool:
        return id(self) in _bypassed.get()

    @contextmanager
    def bypass(self) -> Iterator[None]:
        around = _bypassed.get()
        _bypassed.set(around | {id(self)})
        self.store.bypass(1)
        try:
            yield
        finally:
            self.store.bypass(-1)
            _bypassed.set(around)

    def after_fork(self) -> None:
        self.flights.reset()
        if not self.store.closed:
            self.store.after_fork()


def open_store(config: Config) -> _core.Store:
    """The store of a configuration; an exception says why there is none."""
    flags = 0
    if not config.create:
        flags |= _core.STORE_EXISTING
    if not config.prefault:
        flags |= _core.STORE_NO_PREFAULT
    if config.stable_cas:
        flags |= _core.STORE_STABLE_CAS
    return _core.Store(
        config.name,
        size=config.size,
        item=config.item,
        write_wait_ms=config.write_wait,
        flags=flags,
        dir=config.dir,
    )


class _Client(_core.Client):
    """The C type, so that it can be referred to weakly."""


def open_client(settings: Mapping[str, Any]) -> _core.Client:
    """The client of a fleet, connected to nothing yet."""
    client = _Client(dict(settings))
    watch(client)
    return client


_homes: weakref.WeakSet[Home] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for home in list(_homes):
        home.after_fork()


os.register_at_fork(after_in_child=_after_fork_in_child)
