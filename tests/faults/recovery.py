"""How long after the fleet itself was well again its client was."""

from __future__ import annotations

import threading
import time
from typing import Any, Self

import pinyon

from tests.servers import until

ALLOWED = 1.0  # seconds after the promoted node's appearance


class Probe:
    """Writes KEY again and again on a thread of its own.

    with Probe(client, key) as probe:
        node.kill()
        probe.broken()                      # a success from now on is recovery
        cluster.until_covered()             # the cluster's own word
        assert probe.behind(time.monotonic()) <= ALLOWED
    """

    def __init__(self, client: Any, key: str) -> None:
        self._client = client
        self._key = key
        self._over = threading.Event()
        self._served: list[tuple[float, float]] = []  # writes: from, until
        self._broken = 0.0
        self._lag = 0.0  # how late this machine woke a sleeper, at worst
        self._threads = [
            threading.Thread(target=target, daemon=True)
            for target in (self._write, self._sleep)
        ]

    def _write(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            try:
                self._client.set(self._key, len(self._served))
                self._served.append((began, time.monotonic()))
            except pinyon.CacheError:
                pass
            time.sleep(0.001)

    def _sleep(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            time.sleep(0.005)
            if self._broken:
                self._lag = max(self._lag, time.monotonic() - began - 0.005)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        until(lambda: self._served, "a first write")
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive(), "a call never came back"

    def broken(self) -> None:
        self._broken = time.monotonic()

    def _back(self) -> float | None:
        for began, ended in self._served:
            if began >= self._broken:
                return ended
        return None

    def behind(self, moment: float) -> float:
        """Waits for the first success: the seconds from MOMENT to it, less what this
        machine kept a sleeper waiting."""
        until(self._back, "a write to succeed", 30)
        back = self._back()
        assert back is not None
        return back - moment - self._lag
