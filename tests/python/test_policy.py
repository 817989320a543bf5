"""What protects the origin, within one process: docs/design/0014-policies.md."""

from __future__ import annotations

import threading
import time
import warnings
from dataclasses import replace

import pinyon
import pytest
from conftest import until
from pinyon.policy import make_policy, spread


def run_all(count, target):
    """Runs target(i) in threads that start together; returns their results."""
    results: list = [None] * count
    barrier = threading.Barrier(count)

    def body(i):
        barrier.wait()
        try:
            results[i] = target(i)
        except Exception as error:
            results[i] = error

    threads = [threading.Thread(target=body, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class Gate:
    """A function that waits inside until it is let out."""

    def __init__(self, result=None):
        self.calls = 0
        self.inside = threading.Event()
        self.out = threading.Event()
        self.result = result

    def __call__(self, *args):
        self.calls += 1
        self.inside.set()
        assert self.out.wait(20)
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


# ---- One load per key --------------------------------------------------------------


def test_threads_that_ask_together_load_once(cache):
    gate = Gate([1])
    f = cache.cached(name="f")(gate)
    threads = [threading.Thread(target=f) for _ in range(16)]
    for thread in threads:
        thread.start()
    until(lambda: f.cache_stats()["waits"] == 15)
    gate.out.set()
    for thread in threads:
        thread.join()
    assert gate.calls == 1
    assert f.cache_stats()["loads"] == 1


def test_waiters_get_objects_of_their_own(cache):
    gate = Gate([1])
    f = cache.cached(name="f")(gate)
    out: list = []
    threads = [threading.Thread(target=lambda: out.append(f())) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: f.cache_stats()["waits"] == 3)
    gate.out.set()
    for thread in threads:
        thread.join()
    assert out == [[1]] * 4
    assert len({id(x) for x in out}) == 4


def test_an_exception_reaches_every_waiter(cache):
    gate = Gate(LookupError("gone"))
    f = cache.cached(name="f")(gate)
    seen: list = []

    def call():
        try:
            f()
        except LookupError as error:
            seen.append(error)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    until(lambda: f.cache_stats()["waits"] == 7)
    gate.out.set()
    for thread in threads:
        thread.join()
    assert seen == [gate.result] * 8
    assert gate.calls == 1


def test_get_or_load_loads_once(cache):
    count = []

    def loader():
        count.append(1)
        time.sleep(0.05)
        return {"v": 1}

    results = run_all(16, lambda i: cache.get_or_load("k", loader, 60))
    assert results == [{"v": 1}] * 16
    assert len(count) == 1
    assert cache.get("k") == {"v": 1}
    assert cache.get_or_load("k", loader) == {"v": 1}
    assert cache.stats()["calls"]["loads"] == 1


def test_a_function_may_ask_for_its_own_key(cache, calls):
    @cache.cached
    def f(n):
        calls.append(n)
        return 0 if len(calls) > 1 else f(n) + 1

    assert f(5) == 1
    assert calls == [5, 5]


def test_a_function_may_call_itself_for_other_keys(cache, calls):
    @cache.cached
    def fib(n):
        calls.append(n)
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    assert fib(30) == 832040
    assert sorted(calls) == list(range(31))


def test_an_interrupted_leader_is_replaced(cache):
    class Interrupt(BaseException):
        pass

    gate = Gate(Interrupt())
    f = cache.cached(name="f")(gate)
    seen: list = []

    def lead():
        try:
            f()
        except Interrupt:
            seen.append("interrupted")

    leader = threading.Thread(target=lead)
    leader.start()
    assert gate.inside.wait(20)
    waiter = threading.Thread(target=lambda: seen.append(f()))
    waiter.start()
    until(lambda: f.cache_stats()["waits"] == 1)
    results = iter([7])
    gate_call = gate.__call__
    gate.result = Interrupt()

    def second(*args):
        return next(results)

    type(gate).__call__ = second  # the next run answers
    try:
        gate.out.set()
        leader.join()
        waiter.join()
    finally:
        type(gate).__call__ = gate_call.__func__
    assert seen == ["interrupted", 7] or seen == [7, "interrupted"]


def test_a_hung_leader_is_replaced_after_its_lease(cache):
    gate = Gate("late")
    answers = iter(["fresh"])

    @cache.cached(lease=0.1)
    def f():
        return next(answers) if gate.calls else gate()

    late: list = []
    leader = threading.Thread(target=lambda: late.append(f()))
    leader.start()
    assert gate.inside.wait(20)
    assert f() == "fresh"
    gate.out.set()
    leader.join()
    assert late == ["late"]  # its own caller gets it
    assert f() == "fresh"  # nobody else does
    stats = f.cache_stats()
    assert (stats["takeovers"], stats["fenced"]) == (1, 1)


def test_waiting_has_an_end(cache):
    gate = Gate("slow")

    @cache.cached(wait=0.05)
    def f():
        return "own" if gate.calls else gate()

    leader = threading.Thread(target=f)
    leader.start()
    assert gate.inside.wait(20)
    assert f() == "own"  # runs the function itself, and does not store
    gate.out.set()
    leader.join()
    assert f() == "slow"


@pytest.mark.host_only
def test_whoever_gets_the_lease_looks_again(url, calls):
    """Another process stored the value between our miss and our lease."""

    class Late(pinyon.Cache):
        def _lease(self, key, ttl_ms):
            self._fill(key, "theirs", 60_000, 0, -1, False, b"", None)
            return super()._lease(key, ttl_ms)

    with Late(url) as cache:
        f = cache.cached(name="f")(calls.wrap())
        assert f(1) == "theirs"
        assert calls == []
        assert cache._lease(f._bind(1), 1000).held  # and gave it back


# ---- Fences ------------------------------------------------------------------------


#: Each, or with "a" its twin, which is to be awaited.
INVALIDATIONS = [
    lambda cache, f, a="": getattr(f, f"{a}cache_invalidate")(1),
    lambda cache, f, a="": getattr(cache, f"{a}delete")(f.cache_key(1)),
    lambda cache, f, a="": getattr(cache, f"{a}invalidate_tag")("t"),
    lambda cache, f, a="": getattr(f, f"{a}cache_clear")(),
    lambda cache, f, a="": getattr(cache, f"{a}clear")(),
]
#: What the old load ends in, and the options: stored, or not for each reason.
RESULTS = [
    ("old", {}),
    ("old", {"should_cache": lambda value: value != "old"}),
    ("old", {"ttl": lambda value: 0}),
    (LookupError("old"), {}),
]
every_invalidation = pytest.mark.parametrize("invalidate", INVALIDATIONS)
every_outdated = pytest.mark.parametrize(
    ("invalidate", "old", "options"),
    [(i, *r) for i in INVALIDATIONS[:-1] for r in RESULTS]
    + [(INVALIDATIONS[-1], *RESULTS[0])],  # clear() shows only in what is stored
)


@every_invalidation
def test_what_was_invalidated_while_it_loaded_is_not_stored(cache, invalidate):
    gate = Gate("old")
    f = cache.cached(name="f", tags=["t"])(gate)
    thread = threading.Thread(target=f, args=(1,))
    thread.start()
    assert gate.inside.wait(20)
    invalidate(cache, f)
    gate.out.set()
    thread.join()
    assert not f.cache_contains(1)
    gate.result = "new"
    assert f(1) == "new"
    assert f(1) == "new"
    assert gate.calls == 2


@every_outdated
def test_who_comes_after_an_invalidation_gets_the_new(cache, invalidate, old, options):
    gate = Gate(old)

    @cache.cached(tags=["t"], **options)
    def f(x):
        return "new" if gate.calls else gate()

    first: list = []
    later: list = []
    leader = threading.Thread(target=lambda: first.extend(run_all(1, lambda i: f(1))))
    leader.start()
    assert gate.inside.wait(20)
    invalidate(cache, f)
    callers = threading.Thread(target=lambda: later.extend(run_all(4, lambda i: f(1))))
    callers.start()
    until(lambda: f.cache_stats()["misses"] > 1)
    gate.out.set()
    leader.join()
    callers.join()
    assert later == ["new"] * 4
    assert first == [old]  # its own caller's


def test_who_comes_after_a_delete_does_not_wait_for_the_old(cache):
    gate = Gate("old")

    @cache.cached
    def f(x):
        return "new" if gate.calls else gate()

    leader = threading.Thread(target=f, args=(1,))
    leader.start()
    assert gate.inside.wait(20)
    f.cache_invalidate(1)
    try:
        assert f(1) == "new"
    finally:
        gate.out.set()
        leader.join()
    assert f(1) == "new"


@every_outdated
def test_who_waits_when_an_invalidation_comes_asks_again(
    cache, invalidate, old, options
):
    gate = Gate(old)

    @cache.cached(tags=["t"], **options)
    def f(x):
        return "new" if gate.calls else gate()

    results: list = []

    def body():
        results.extend(run_all(1, lambda i: f(1)))

    threads = [threading.Thread(target=body) for _ in range(5)]
    for thread in threads:
        thread.start()
    until(lambda: f.cache_stats()["waits"] == 4)
    assert gate.inside.wait(20)
    invalidate(cache, f)
    gate.out.set()
    for thread in threads:
        thread.join()
    assert results.count("new") == 4
    assert results.count(old) == 1
    assert f.cache_stats()["takeovers"] == 0  # nobody hung


def test_what_is_not_stored_is_shared_by_who_waits(cache, calls):
    gate = Gate("value")
    f = cache.cached(name="f", should_cache=lambda value: False)(gate)
    results: list = []
    threads = [threading.Thread(target=lambda: results.append(f())) for _ in range(5)]
    for thread in threads:
        thread.start()
    until(lambda: f.cache_stats()["waits"] == 4)
    gate.out.set()
    for thread in threads:
        thread.join()
    assert results == ["value"] * 5
    assert gate.calls == 1


def test_refresh_does_not_join_an_older_load(cache):
    gate = Gate("old")
    answers = iter(["new"])

    @cache.cached(lease=5)
    def f():
        return next(answers) if gate.calls else gate()

    thread = threading.Thread(target=f)
    thread.start()
    assert gate.inside.wait(20)
    refresher = threading.Thread(target=f.cache_refresh)
    refresher.start()
    gate.out.set()
    thread.join()
    refresher.join()
    assert f() == "new"


# ---- Stale -------------------------------------------------------------------------


def test_stale_is_served_while_one_refreshes(cache):
    gate = Gate("new")
    gate.out.set()
    f = cache.cached(name="f", ttl=0.02, stale=60, jitter=0)(gate)
    gate.result = "old"
    assert f() == "old"
    until(lambda: not f.cache_contains())
    gate.out.clear()
    gate.inside.clear()
    gate.result = "new"
    refresher = threading.Thread(target=f)
    refresher.start()
    assert gate.inside.wait(20)
    assert run_all(8, lambda i: f()) == ["old"] * 8
    assert gate.calls == 2
    gate.out.set()
    refresher.join()
    assert f() == "new" or f.cache_stats()["stale_hits"] > 8
    assert f.cache_stats()["stale_hits"] >= 8


def test_stale_is_served_when_the_function_fails(cache, calls):
    fail = []

    @cache.cached(ttl=0.02, stale=60, jitter=0)
    def f():
        calls.append(1)
        if fail:
            raise OSError("down")
        return "old"

    assert f() == "old"
    until(lambda: not f.cache_contains())
    fail.append(True)
    assert [f() for _ in range(20)] == ["old"] * 20
    assert len(calls) < 5  # a sick origin is asked once a second
    assert f.cache_stats()["load_errors"] == len(calls) - 1


def test_without_stale_the_failure_is_seen(cache):
    fail = []

    @cache.cached(ttl=0.02, jitter=0)
    def f():
        if fail:
            raise OSError("down")
        return "old"

    f()
    fail.append(True)
    until(lambda: not f.cache_contains())
    with pytest.raises(OSError, match="down"):
        f()


def test_stale_is_no_hit_for_the_plain_calls(cache):
    cache.get_or_load("k", lambda: 1, 0.02, stale=60, jitter=0)
    until(lambda: cache.get("k") is None)
    assert "k" not in cache
    assert cache.ttl("k") is None
    assert cache.get_many(["k"]) == {}
    assert cache.touch("k", 60) is False


def test_touch_moves_the_soft_expiry(cache):
    cache.get_or_load("k", lambda: 1, 30, stale=60, jitter=0)
    assert 25 < cache.ttl("k") <= 30.1
    cache.touch("k", 600)
    assert 590 < cache.ttl("k") <= 600.1


# ---- Negative, should_cache, ttl, jitter -------------------------------------------


def test_absence_is_remembered_for_a_while(cache, calls):
    f = cache.cached(name="f", ttl=600, negative_ttl=30)(calls.wrap(lambda x: x))
    assert [f(None), f(None), f(1)] == [None, None, 1]
    assert len(calls) == 2
    assert cache.ttl(f.cache_key(None)) <= 30
    assert cache.ttl(f.cache_key(1)) > 500
    assert f.cache_stats()["negative_hits"] == 1


def test_absent_says_what_absence_is(cache, calls):
    f = cache.cached(name="f", negative_ttl=0, absent=lambda v: v == [])(
        calls.wrap(lambda x: x)
    )
    f([]), f([]), f(None), f(None)
    assert len(calls) == 3  # negative_ttl=0: an absence is not stored


def test_absence_has_no_stale(cache, calls):
    f = cache.cached(name="f", negative_ttl=0.02, stale=60)(calls.wrap(lambda: None))
    f()
    until(lambda: not f.cache_contains())
    f()
    assert len(calls) == 2
    assert f.cache_stats()["stale_hits"] == 0


def test_should_cache(cache, calls):
    f = cache.cached(name="f", should_cache=lambda v: v > 0)(calls.wrap())
    f(0), f(0), f(1), f(1)
    assert len(calls) == 3


def test_ttl_of_the_result(cache):
    f = cache.cached(name="f", ttl=lambda v: v, jitter=0)(lambda x: x)
    f(30), f(0)
    assert 25 < cache.ttl(f.cache_key(30)) <= 30
    assert not f.cache_contains(0)


def test_jitter_shortens_by_key_and_agrees_everywhere():
    policy = make_policy(1000, jitter=0.2)
    ttls = [policy.ttl_of(1, b"key %d" % i) for i in range(2000)]
    assert all(800_000 <= ttl <= 1_000_000 for ttl in ttls)
    buckets = [0] * 10
    for ttl in ttls:
        buckets[min(9, (ttl - 800_000) // 20_000)] += 1
    assert min(buckets) > 130  # 200 each if spread evenly
    assert policy.ttl_of(1, b"key 1") == ttls[1]
    assert spread(b"user:7") == pytest.approx(0.8567281348)  # a constant
    assert make_policy(None, jitter=0.5).ttl_of(1, b"k") is None


# ---- Early refresh -----------------------------------------------------------------


@pytest.mark.host_only
def test_early_refresh_is_drawn_by_the_time_left(cache):
    """XFetch: the share of early answers falls with e^(-time left / load time)."""
    key = cache._key("k")
    cache._fill(key, 1, 100_000, 0, 10_000_000, False, b"", None)  # loaded in 10 s

    def share(beta):
        drawn = [cache._look(key, beta, float("inf"))[0] for _ in range(4000)]
        return drawn.count(pinyon._core.FOUND_EARLY) / len(drawn)

    assert share(0.0) == 0
    assert share(10.0) == pytest.approx(0.368, abs=0.05)  # e^-1
    assert share(5.0) == pytest.approx(0.135, abs=0.04)  # e^-2
    capped = [cache._look(key, 1000.0, 25_000.0)[0] for _ in range(1000)]
    assert set(capped) == {pinyon._core.FOUND_FRESH}


@pytest.mark.host_only
def test_early_refresh_runs_the_function(cache, calls):
    f = cache.cached(name="f", ttl=600, early=100.0, jitter=0)(calls.wrap())
    f(1)
    key = f._bind(1)
    # as if it had taken long: nearly every caller is drawn, but for the cap of 25 %
    cache._fill(key, 1, 1000, 0, 4_000_000_000, False, cache._tags([f._tag]), None)
    for _ in range(50):
        assert f(1) == 1
    assert f.cache_stats()["early_loads"] >= 1
    assert len(calls) >= 2


# ---- Trouble -----------------------------------------------------------------------


def test_a_closed_cache_does_not_stop_a_function(cache, calls):
    f = cache.cached(name="f")(calls.wrap())
    cache.close()
    with pytest.warns(pinyon.PinyonWarning, match="f runs without its cache"):
        assert f(1) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f(1) == 1  # once is enough
    assert len(calls) == 2
    assert f.cache_stats()["errors"] > 0


def test_a_warning_points_at_the_caller(cache):
    f = cache.cached(name="f")(lambda: object())
    with pytest.warns(pinyon.PinyonWarning) as said:
        f()
    assert said[0].filename == __file__


def test_get_or_load_goes_on_without_its_cache(cache):
    config = replace(cache._config, codec="pickle", secret=b"s" * 16)
    signed = type(cache)._open(cache._home, config, None)
    signed.set("k", frozenset({1 + 2j}))
    with pytest.warns(pinyon.PinyonWarning, match="runs without"):
        assert cache.get_or_load("k", lambda: 1) == 1
    assert cache.get("k") == 1
    cache.close()
    with pytest.warns(pinyon.PinyonWarning, match="closed"):
        assert cache.get_or_load("k", lambda: 2) == 2


def test_trouble_is_raised_when_asked_for(cache, calls):
    f = cache.cached(name="f", on_error="raise")(calls.wrap())
    cache.close()
    with pytest.raises(pinyon.ClosedError):
        f(1)


def test_a_result_that_cannot_be_stored_is_still_an_answer(cache):
    class Strange:
        pass

    f = cache.cached(name="f")(lambda: Strange())
    with pytest.warns(pinyon.PinyonWarning, match="not cached"):
        assert type(f()) is Strange
    assert f.cache_stats()["rejected"] == 1
    g = cache.cached(name="g", on_error="raise")(lambda: Strange())
    with pytest.raises(pinyon.SerializationError):
        g()


def test_bytes_that_do_not_decode_are_loaded_anew(cache, calls):
    f = cache.cached(name="f")(calls.wrap())
    f(1)
    # a value that only another secret can open
    config = replace(cache._config, codec="pickle", secret=b"s" * 16)
    signed = type(cache)._open(cache._home, config, None)
    signed.set(f.cache_key(1), frozenset({1}))
    with pytest.warns(pinyon.PinyonWarning, match="f runs without"):
        assert f(1) == 1
    assert len(calls) == 2
    assert f(1) == 1
    assert len(calls) == 2


def test_the_users_errors_are_the_users(cache):
    def broken(*args):
        raise ZeroDivisionError

    for options in ({"tags": broken}, {"should_cache": broken}, {"ttl": broken}):
        f = cache.cached(name=f"f{list(options)}", **options)(lambda: 1)
        with pytest.raises(ZeroDivisionError):
            f()
        assert not f.cache_contains()
        with pytest.raises(ZeroDivisionError):
            f()  # and nobody waits for it
