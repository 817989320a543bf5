"""What every test here must leave as it found it."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator

import pytest

from tests.servers import until


def _open() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """No descriptor and no thread more than before, once all is closed and stopped."""
    if "fleet" in request.fixturenames:
        request.getfixturevalue("fleet")  # starts the servers that all tests share
    threads, descriptors = threading.active_count(), _open()
    yield
    gc.collect()
    until(lambda: threading.active_count() <= threads, "the threads to end", 5)
    assert _open() <= descriptors, "descriptors are left open"
