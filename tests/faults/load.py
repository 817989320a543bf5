"""Callers that never stop, and check every answer while something is broken.

    Writer      sets keys of its own and gets them again
    Counter     increments counters that all share: none is lost, none counted twice
    Reader      reads many keys of all slots at once: each answer at its key's place

What each may be told is known exactly, also after errors: a write that failed may have
been executed or not, and no other thing may have happened. A value names its key, so
one that belongs to another key is seen as well.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import threading
import time
from collections import Counter as Bag
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pinyon

from tests.servers import until

Step = tuple[str, tuple[Any, ...]]
Steps = Generator[Step, Any, None]
_numbers = itertools.count()  # keys of one load are never those of another
#: Seconds a call may take where nobody hangs, but perhaps the machine, for some.
PATIENT = 20
PAUSE = 0.001  # after an error: an outage is waited through, not spun through


@dataclass
class Account:
    """What happened to all callers of a load. Threads: under `lock`."""

    may_lose: bool
    ok: int = 0
    errors: Bag[str] = field(default_factory=Bag)
    wrong: list[str] = field(default_factory=list)
    foreign: list[BaseException] = field(default_factory=list)  # not of our tree
    last: dict[str, pinyon.CacheError] = field(default_factory=dict)
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, result: Any, seconds: float) -> None:
        with self.lock:
            self.slowest = max(self.slowest, seconds)
            if not isinstance(result, BaseException):
                self.ok += 1
            elif isinstance(result, pinyon.CacheError):
                self.errors[type(result).__name__] += 1
                self.last[type(result).__name__] = result
            else:
                self.foreign.append(result)

    def blame(self, what: str) -> None:
        with self.lock:
            self.wrong.append(what)


class Caller:
    """Says what to ask, judges the answer. Callers of one load and class share MARK, a
    word no other load's keys have.

    MAY_LOSE of the account: what was acknowledged may be older again, or gone: a node
    restarted empty, or a replica that had not heard of it was promoted.
    """

    def __init__(self, mark: str, number: int, account: Account) -> None:
        self.account = account

    def steps(self) -> Steps:
        """Yields what to call; is sent the result, or the error that was raised."""
        raise NotImplementedError

    def keys(self) -> list[str]:
        """The keys it uses."""
        raise NotImplementedError

    def judge_end(self, client: Any) -> None:
        """Called when all callers are done, and the fleet is well."""


class Writer(Caller):
    def __init__(self, mark: str, number: int, account: Account) -> None:
        super().__init__(mark, number, account)
        self._keys = [f"{mark}-{number}:{i}" for i in range(7)]
        self._known = dict.fromkeys(self._keys, 0)  # acknowledged
        self._tried = dict.fromkeys(self._keys, 0)

    def keys(self) -> list[str]:
        return self._keys

    def steps(self) -> Steps:
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
        low = 0 if self.account.may_lose else self._known[key]
        number = 0
        if value is not None:
            name, _, digits = value.decode(errors="replace").partition("=")
            number = int(digits) if name == key and digits.isdigit() else -1
        if not low <= number <= self._tried[key]:
            self.account.blame(f"{key}: {value!r}, wanted {low} to {self._tried[key]}")


class Counter(Caller):
    """INCR is not safe to repeat, so each error says whether it may have happened."""

    def __init__(self, mark: str, number: int, account: Account) -> None:
        super().__init__(mark, number, account)
        self._keys = [f"{mark}:{i}" for i in range(11)]
        self.told: dict[str, list[int]] = {key: [] for key in self._keys}
        self.doubtful: Bag[str] = Bag()
        self.others: list[Counter] = [self]  # all of the load, set by it

    def keys(self) -> list[str]:
        return self._keys

    def steps(self) -> Steps:
        for key in itertools.cycle(self._keys):
            result = yield "incr", (key,)
            if not isinstance(result, BaseException):
                self.told[key].append(result)
            elif getattr(result, "ambiguous", False):
                self.doubtful[key] += 1

    def judge_end(self, client: Any) -> None:
        for key in self._keys if self.others[0] is self else []:
            told = [n for other in self.others for n in other.told[key]]
            doubtful = sum(other.doubtful[key] for other in self.others)
            held = int(client.get(key) or 0)
            low = 0 if self.account.may_lose else len(told)
            if not low <= held <= len(told) + doubtful:
                self.account.blame(
                    f"{key} is {held} after {len(told)} and {doubtful} perhaps"
                )
            if not self.account.may_lose and len(set(told)) < len(told):
                self.account.blame(f"{key}: two callers were told the same number")


class Reader(Caller):
    """Its keys are written once by itself; then it reads all of them at once."""

    method: ClassVar[str] = "mget"

    def __init__(self, mark: str, number: int, account: Account) -> None:
        super().__init__(mark, number, account)
        self._keys = [f"{mark}-{number}:{i}" for i in range(100)]

    def keys(self) -> list[str]:
        return self._keys

    def steps(self) -> Steps:
        for key in self._keys:
            while isinstance((yield "set", (key, f"={key}")), BaseException):
                pass
        for turn in itertools.count():
            asked = self._keys[turn % 7 :: 1 + turn % 3]
            result = yield self.method, (asked,)
            if not isinstance(result, BaseException):
                self._judge(asked, result)

    def _judge(self, asked: list[str], found: Any) -> None:
        values = found
        if isinstance(found, dict):  # get_many(): what was found
            values = [found.get(key) for key in asked]
        for key, value in zip(asked, values, strict=True):
            is_lost = value is None and self.account.may_lose
            if value != b"=" + key.encode() and not is_lost:
                self.account.blame(f"{key}: {value!r} from {self.method}")


class ManyReader(Reader):
    """The same by get_many(), which memcached has as well."""

    method = "get_many"


class Load:
    """Callers on threads, or as tasks of an event loop in one thread, or both.

    with Load(client, "threads") as load:
        load.until_served()
        ... break something ...
        load.until_felt()
        ... mend it ...
        load.until_served()
    # leaving says what was wrong, if anything

    There are CALLERS of each of ROLES.
    """

    def __init__(
        self,
        client: Any,
        kind: str = "both",
        *,
        roles: Sequence[type[Caller]] = (Writer,),
        callers: int = 4,
        may_lose: bool = False,
    ) -> None:
        self.account = Account(may_lose)
        self._client = client
        self._over = threading.Event()
        self._callers: list[Caller] = []
        for role in roles:
            mark = f"load{next(_numbers)}"
            same = [role(mark, i, self.account) for i in range(callers)]
            for caller in same:
                if isinstance(caller, Counter):
                    caller.others = [c for c in same if isinstance(c, Counter)]
            self._callers += same
        share = {"threads": 0, "both": 2, "tasks": 1}[kind]
        as_tasks = self._callers[::share] if share else []
        targets: list[Callable[[], None]] = [
            functools.partial(self._on_thread, caller)
            for caller in self._callers
            if caller not in as_tasks
        ]
        if as_tasks:
            targets.append(functools.partial(self._on_loop, as_tasks))
        self._threads = [threading.Thread(target=t, daemon=True) for t in targets]

    @property
    def keys(self) -> list[str]:
        """Every key that is used."""
        return sorted(set().union(*(caller.keys() for caller in self._callers)))

    def _on_thread(self, caller: Caller) -> None:
        steps = caller.steps()
        method, args = next(steps)
        while not self._over.is_set():
            started = time.monotonic()
            try:
                result = getattr(self._client, method)(*args)
            except Exception as error:
                result = error
            self.account.note(result, time.monotonic() - started)
            if isinstance(result, Exception):
                time.sleep(PAUSE)
            method, args = steps.send(result)

    def _on_loop(self, callers: list[Caller]) -> None:
        async def main() -> None:
            await asyncio.gather(*(self._as_task(caller) for caller in callers))

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
            self.account.note(result, time.monotonic() - started)
            if isinstance(result, Exception):
                await asyncio.sleep(PAUSE)
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

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive(), "a call never came back"
        if kind is None:
            for caller in self._callers:
                caller.judge_end(self._client)
        assert self.account.foreign == [], self.account.foreign[:3]
        assert self.account.wrong == [], self.account.wrong[:3]
        assert self._client.stats()["pool"]["taken"] == 0
