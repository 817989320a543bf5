"""Caches made before a fork, as under gunicorn --preload."""

from __future__ import annotations

import os
import signal
import threading
import traceback

import pinyon
import pytest
from test_policy import Gate


def in_child(body) -> int:
    """Runs body() in a fork of this process; its exit status, 0 for good."""
    pid = os.fork()
    if pid == 0:
        try:
            body()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_child_shares_what_is_shared(region):
    with pinyon.Cache(f"shm://{region}?size=8MiB") as cache:
        cache.set("from parent", 1)

        def child():
            assert cache.get("from parent") == 1
            cache.set("from child", 2)
            assert cache.stats()["store"]["processes"] == 2
            assert cache.incr("n") == 1

        assert in_child(child) == 0
        assert cache.get("from child") == 2
        assert cache.incr("n") == 2
        assert cache.stats()["store"]["processes"] == 1


def test_a_child_of_a_private_cache_begins_empty():
    with pinyon.Cache("mem://?size=8MiB") as cache:
        cache.set("k", 1)

        def child():
            assert cache.get("k") is None
            cache.set("k", 2)
            assert cache.get("k") == 2

        assert in_child(child) == 0
        assert cache.get("k") == 1


def test_a_fork_while_a_thread_loads(cache):
    """The child has neither the thread nor its lease, and does not wait for them."""
    gate = Gate("parent's")
    f = cache.cached(name="f", lease=0.2)(gate)
    thread = threading.Thread(target=f)
    thread.start()
    assert gate.inside.wait(20)

    def child():
        gate.result = "child's"
        gate.out.set()
        assert f() == "child's"
        assert f() == "child's"

    assert in_child(child) == 0
    gate.out.set()
    thread.join()
    assert f() in ("parent's", "child's")


def test_a_child_waits_for_no_thread_of_its_parent():
    """Nobody would ever wake it: the load under way is not the child's."""
    with pinyon.Cache("mem://?size=8MiB") as cache:
        gate = Gate("parent's")
        f = cache.cached(name="f", lease=3600)(gate)
        thread = threading.Thread(target=f)
        thread.start()
        assert gate.inside.wait(20)

        def child():
            signal.alarm(20)
            gate.result = "child's"
            gate.out.set()
            assert f() == "child's"

        assert in_child(child) == 0
        gate.out.set()
        thread.join()


def test_a_fork_within_a_load_leaves_the_lease_to_the_parent(region):
    with pinyon.Cache(f"shm://{region}?size=8MiB") as cache:

        @cache.cached(lease=60)
        def f():
            pid = os.fork()
            if pid == 0:
                return "child's"
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            return "parent's"

        me = os.getpid()
        value = f()
        if os.getpid() != me:
            os._exit(0 if (value, f.cache_contains()) == ("child's", False) else 1)
        assert value == "parent's"
        assert f() == "parent's"
        assert f.cache_stats()["fenced"] == 0


def test_a_child_may_close_and_destroy_its_copy(region):
    with pinyon.Cache(f"shm://{region}?size=8MiB") as cache:
        cache.set("k", 1)
        assert in_child(cache.close) == 0
        assert cache.get("k") == 1


def test_a_closed_cache_may_be_forked(cache):
    cache.close()

    def child():
        with pytest.raises(pinyon.ClosedError):
            cache.get("k")

    assert in_child(child) == 0


def test_children_by_the_dozen(region):
    with pinyon.Cache(f"shm://{region}?size=8MiB") as cache:
        for _ in range(30):
            assert in_child(lambda: cache.incr("n")) == 0
        assert cache.get("n") == 30
        assert cache.stats()["store"]["processes"] == 1
