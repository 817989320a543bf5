"""Callers that never stop, and check every answer while something is broken.

Each caller has keys of its own and writes them in turn with a number that only grows,
so what it may read is known exactly: what it wrote last, or what it tried to write
since without hearing how that went. A value names its key, so one that belongs to
another key is seen as well.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import pinyon

from tests.servers import until

Step = tuple[str, tuple[Any, ...]]
_numbers = itertools.count()  # keys of one load are never those of another


@dataclass
class Account:
    """What happened to all callers of a load. Threads: under `lock`."""

    ok: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    foreign: list[BaseException] = field(default_factory=list)  # not of our tree
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Caller:
    """One caller's keys and what they may hold. Says what to ask, judges the answer.

    MAY_LOSE: what was acknowledged may be older again, or gone: a node restarted empty,
    or a replica that had not heard of it was promoted.
    """

    def __init__(self, name: str, account: Account, may_lose: bool) -> None:
        self._account = account
        self._may_lose = may_lose
        self._keys = [f"{name}:{i}" for i in range(7)]
        self._known = dict.fromkeys(self._keys, 0)  # acknowledged
        self._tried = dict.fromkeys(self._keys, 0)

    def steps(self) -> Generator[Step, Any, None]:
        """Yields what to call; is sent the result, or the error that was raised."""
        while True:
            for key in self._keys:
                self._tried[key] += 1
                result = yield "set", (key, f"{key}={self._tried[key]}")
                if not isinstance(result, BaseException):
                    self._known[key] = self._tried[key]
            for key in self._keys:
                result = yield "get", (key,)
                if not isinstance(result, BaseException):
                    self._judge(key, result)

    def _judge(self, key: str, value: bytes | None) -> None:
        low = 0 if self._may_lose else self._known[key]
        number = 0
        if value is not None:
            name, _, digits = value.decode(errors="replace").partition("=")
            number = int(digits) if name == key and digits.isdigit() else -1
        if not low <= number <= self._tried[key]:
            says = f"{key}: {value!r}, wanted {low} to {self._tried[key]}"
            with self._account.lock:
                self._account.wrong.append(says)

    def note(self, result: Any, seconds: float) -> None:
        account = self._account
        with account.lock:
            account.slowest = max(account.slowest, seconds)
            if not isinstance(result, BaseException):
                account.ok += 1
            elif isinstance(result, pinyon.CacheError):
                account.errors[type(result).__name__] += 1
            else:
                account.foreign.append(result)


class Load:
    """Callers on threads, or as tasks of an event loop in one thread.

    with Load(client, "threads") as load:
        load.until_served()
        ... break something ...
        load.until_felt()
        ... mend it ...
        load.until_served()
    # leaving says what was wrong, if anything
    """

    def __init__(
        self, client: Any, kind: str, *, callers: int = 4, may_lose: bool = False
    ) -> None:
        self.account = Account()
        self._client = client
        self._over = threading.Event()
        self._callers = [
            Caller(f"load{next(_numbers)}", self.account, may_lose)
            for _ in range(callers)
        ]
        targets: list[Callable[[], None]] = [self._on_loop]
        if kind == "threads":
            targets = [functools.partial(self._on_thread, c) for c in self._callers]
        self._threads = [threading.Thread(target=t, daemon=True) for t in targets]

    def _on_thread(self, caller: Caller) -> None:
        steps = caller.steps()
        method, args = next(steps)
        while not self._over.is_set():
            started = time.monotonic()
            try:
                result = getattr(self._client, method)(*args)
            except Exception as error:
                result = error
            caller.note(result, time.monotonic() - started)
            method, args = steps.send(result)

    def _on_loop(self) -> None:
        async def main() -> None:
            await asyncio.gather(*(self._as_task(c) for c in self._callers))

        asyncio.run(main())

    async def _as_task(self, caller: Caller) -> None:
        steps = caller.steps()
        method, args = next(steps)
        while not self._over.is_set():
            started = time.monotonic()
            try:
                result = await getattr(self._client, "a" + method)(*args)
            except Exception as error:
                result = error
                await asyncio.sleep(0)
            caller.note(result, time.monotonic() - started)
            method, args = steps.send(result)

    # ---- seen from the test

    def until_served(self, count: int = 200) -> float:
        """Returns when COUNT more calls succeeded; the seconds until the first did."""
        started, before = time.monotonic(), self.account.ok
        until(lambda: self.account.ok > before, "a call to succeed", 30)
        first = time.monotonic() - started
        until(lambda: self.account.ok >= before + count, "calls to succeed", 30)
        return first

    def until_felt(self, count: int = 1) -> None:
        """Returns when COUNT more calls failed."""
        before = self.account.errors.total()
        until(lambda: self.account.errors.total() >= before + count, "an error", 30)

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive(), "a call never came back"
        assert self.account.foreign == [], self.account.foreign[:3]
        assert self.account.wrong == [], self.account.wrong[:3]
