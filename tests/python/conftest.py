"""What the tests share: both kinds of cache, own names, nothing left behind."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pinyon
import pytest

SHM = Path("/dev/shm")
_numbers = itertools.count()


def names_left() -> list[str]:
    """Files of this process's tests in the memory file system."""
    return sorted(p.name for p in SHM.iterdir() if f"test-{os.getpid()}-" in p.name)


def new_name() -> str:
    return f"test-{os.getpid()}-{next(_numbers)}"


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Returns when the condition holds; fails when it never does. Never a sleep that
    hopes: how long it takes is nobody's business."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.002)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    assert names_left() == []


@pytest.fixture
def region() -> Iterator[str]:
    """A name for a shared store; removed afterwards, if it is there."""
    name = new_name()
    yield name
    with contextlib.suppress(pinyon.RegionAbsent):
        pinyon.destroy(name)


@pytest.fixture(params=["mem", "shm"])
def url(request: pytest.FixtureRequest, region: str) -> str:
    return "mem://?size=8MiB" if request.param == "mem" else f"shm://{region}?size=8MiB"


@pytest.fixture
def cache(url: str) -> Iterator[pinyon.Cache]:
    with pinyon.Cache(url) as opened:
        yield opened


class Calls(list):
    """A function's calls, in order."""

    def wrap(self, result: Callable = lambda *a: a[0] if a else None) -> Callable:
        def function(*args: object) -> object:
            self.append(args)
            return result(*args)

        return function


@pytest.fixture
def calls() -> Calls:
    return Calls()
