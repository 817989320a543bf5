"""A process of an application, for tests with several on one host.

    python -m tests.faults.worker NUMBER URL OPTIONS        (OPTIONS: JSON of keywords)

Sets and gets keys that all workers share, on two threads and a loop, until its standard
input ends; then says as JSON what happened. To each line that it is sent before it says
"well" when it has got every key once more, from then on.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pinyon

KEYS = [f"shared:{i}" for i in range(60)]
PAUSE = 0.002
SECONDS = 30.0  # for all keys to be got once more


class Worker:
    def __init__(self, number: int, client: Any) -> None:
        self.number = number
        self.client = client
        self.over = threading.Event()
        self.errors: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.ok = 0

    def judge(self, key: str, found: Any) -> None:
        self.ok += 1
        if not isinstance(found, bytes) or not found.startswith(key.encode() + b"="):
            self.wrong.append(f"{key}: {found!r}")

    def blame(self, error: BaseException) -> None:
        self.errors[f"{type(error).__name__}: {error}"[:200]] += 1

    def call(self) -> None:
        while not self.over.is_set():
            for key in KEYS:
                try:
                    self.set(key)
                    self.get(key)
                except pinyon.CacheError as error:
                    self.blame(error)
                time.sleep(PAUSE)

    async def acall(self) -> None:
        while not self.over.is_set():
            calls = [self.client.aget(key) for key in KEYS]
            found = await asyncio.gather(*calls, return_exceptions=True)
            for key, each in zip(KEYS, found, strict=True):
                if isinstance(each, pinyon.CacheError):
                    self.blame(each)
                else:
                    self.judge(key, each)
            await asyncio.sleep(0.05)

    def do_all(self, do: Callable[[str], object]) -> bool:
        """DO with every key, again and again while there are errors."""
        end = time.monotonic() + SECONDS
        for key in KEYS:
            while True:
                try:
                    do(key)
                    break
                except pinyon.CacheError as error:
                    self.blame(error)
                    if time.monotonic() > end:
                        return False
                time.sleep(PAUSE)
        return True

    def set(self, key: str) -> None:
        self.client.set(key, f"{key}={self.number}")

    def get(self, key: str) -> None:
        self.judge(key, self.client.get(key))

    def run(self) -> None:
        threads = [
            threading.Thread(target=target)
            for target in (self.call, self.call, lambda: asyncio.run(self.acall()))
        ]
        is_well = self.do_all(self.set)
        for thread in threads:
            thread.start()
        for _ in sys.stdin:
            is_well = is_well and self.do_all(self.get)
            print("well" if is_well else "ill", flush=True)
        self.over.set()
        for thread in threads:
            thread.join()


def main() -> None:
    number, url, options = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    if "address_remap" in options:
        pairs = options["address_remap"]
        options["address_remap"] = {tuple(a): tuple(b) for a, b in pairs}
    with pinyon.Client(url, **options) as client:
        worker = Worker(number, client)
        worker.run()
        print(
            json.dumps(
                {
                    "ok": worker.ok,
                    "errors": worker.errors,
                    "wrong": worker.wrong[:5],
                    "taken": client.stats()["pool"]["taken"],
                    **client.stats()["fleet"],
                }
            )
        )


if __name__ == "__main__":
    main()
