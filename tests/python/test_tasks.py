"""The same promises for tasks, event loops, and threads among them."""

from __future__ import annotations

import asyncio
import threading

import pinyon
import pytest
from conftest import until
from test_policy import Gate, every_outdated, run_all


def test_tasks_that_ask_together_load_once(cache, calls):
    async def main():
        gate = asyncio.Event()

        @cache.cached
        async def f(x):
            calls.append(x)
            await gate.wait()
            return [x]

        tasks = [asyncio.create_task(f(1)) for _ in range(20)]
        while f.cache_stats()["waits"] < 19:
            await asyncio.sleep(0)
        gate.set()
        return await asyncio.gather(*tasks)

    results = asyncio.run(main())
    assert results == [[1]] * 20
    assert len(calls) == 1


def test_cancelling_a_waiter_cancels_only_the_wait(cache, calls):
    async def main():
        gate = asyncio.Event()

        @cache.cached
        async def f():
            calls.append(1)
            await gate.wait()
            return "value"

        leader = asyncio.create_task(f())
        waiter = asyncio.create_task(f())
        while f.cache_stats()["waits"] < 1 or not calls:
            await asyncio.sleep(0)
        leader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leader
        gate.set()
        assert await waiter == "value"
        return await f()

    assert asyncio.run(main()) == "value"
    assert len(calls) == 1


def test_an_exception_reaches_every_task(cache, calls):
    async def main():
        gate = asyncio.Event()

        @cache.cached
        async def f():
            calls.append(1)
            await gate.wait()
            raise LookupError("gone")

        tasks = [asyncio.create_task(f()) for _ in range(5)]
        while f.cache_stats()["waits"] < 4:
            await asyncio.sleep(0)
        gate.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(e) for e in asyncio.run(main())] == [LookupError] * 5
    assert len(calls) == 1


def test_a_task_refreshes_behind_the_callers_back(cache, calls):
    async def main():
        gate = asyncio.Event()
        gate.set()

        @cache.cached(ttl=0.02, stale=60, jitter=0)
        async def f():
            calls.append(1)
            await gate.wait()
            return len(calls)

        assert await f() == 1
        while await f.acache_contains():
            await asyncio.sleep(0.005)
        gate.clear()
        assert [await f() for _ in range(5)] == [1] * 5
        gate.set()
        while f.cache_stats()["loads"] < 2:
            await asyncio.sleep(0)
        return await f()

    assert asyncio.run(main()) in (1, 2)
    assert len(calls) >= 2


@every_outdated
def test_a_task_after_an_invalidation_gets_the_new(
    cache, calls, invalidate, old, options
):
    async def main():
        gate = asyncio.Event()

        @cache.cached(tags=["t"], **options)
        async def f(x):
            calls.append(x)
            if len(calls) > 1:
                return "new"
            await gate.wait()
            if isinstance(old, Exception):
                raise old
            return old

        leader = asyncio.create_task(f(1))
        waiter = asyncio.create_task(f(1))
        while f.cache_stats()["waits"] < 1 or not calls:
            await asyncio.sleep(0)
        await invalidate(cache, f, "a")
        misses = f.cache_stats()["misses"]  # cache_clear() forgets the counts
        later = asyncio.create_task(f(1))
        while f.cache_stats()["misses"] == misses:
            await asyncio.sleep(0)
        gate.set()
        return await asyncio.gather(later, waiter, leader, return_exceptions=True)

    assert asyncio.run(main()) == ["new", "new", old]


def test_threads_and_loops_share_one_load(cache):
    """A thread leads; tasks of two loops wait for it."""
    gate = Gate({"v": 1})
    leader = threading.Thread(target=lambda: cache.get_or_load("k", gate))
    leader.start()
    assert gate.inside.wait(20)

    async def never():
        raise AssertionError("a second load")

    def loop(i):
        return asyncio.run(cache.aget_or_load("k", never))

    results: list = []
    loops = threading.Thread(target=lambda: results.extend(run_all(2, loop)))
    loops.start()
    until(lambda: cache.stats()["calls"]["waits"] == 2)
    gate.out.set()
    leader.join()
    loops.join()
    assert results == [{"v": 1}] * 2
    assert gate.calls == 1


def test_a_loop_that_ends_in_mid_load_leaves_no_one_waiting(cache):
    started = threading.Event()

    @cache.cached(lease=30)
    async def f():
        started.set()
        await asyncio.sleep(3600)

    async def begin():
        asyncio.get_running_loop().create_task(f())
        while not started.is_set():
            await asyncio.sleep(0)

    asyncio.run(begin())
    assert cache.get_or_load(f.cache_key(), lambda: "mine") == "mine"


def test_a_coroutine_is_no_value(cache):
    async def loader():
        return 1

    with pytest.raises(pinyon.ConfigError, match="use aget_or_load"):
        cache.get_or_load("k", loader)
    assert asyncio.run(cache.aget_or_load("k", loader)) == 1


def test_a_plain_function_may_load_for_a_task(cache):
    assert asyncio.run(cache.aget_or_load("k", lambda: 7)) == 7
    assert cache.get("k") == 7


def test_every_twin(cache):
    async def main():
        await cache.aset("a", 1, ttl=60)
        assert await cache.aget("a") == 1
        assert await cache.aget("z", 9) == 9
        assert await cache.aadd("a", 2) is False
        assert await cache.areplace("a", 3) is True
        value, token = await cache.agets("a")
        assert await cache.acas("a", value + 1, token) is True
        assert await cache.aset_many({"b": 2, "c": 3}) == []
        assert await cache.aget_many(["a", "b", "z"]) == {"a": 4, "b": 2}
        assert await cache.attl("b") == float("inf")
        assert await cache.atouch("b", 30) is True
        assert await cache.acontains("b") is True
        assert await cache.aincr("n", 5) == 5
        assert await cache.adecr("n") == 4
        assert await cache.adelete("n") is True
        assert await cache.adelete("n") is False
        assert await cache.adelete_many(["b", "c", "z"]) == 2
        await cache.aset("t", 1, tags=["x"])
        await cache.ainvalidate_tag("x")
        await cache.ainvalidate_tags(["x"])
        assert await cache.aget("t") is None
        assert (await cache.astats())["url"] == cache.url
        await cache.aclear()
        assert await cache.aget("a") is None

        async def load():
            return [1]

        assert await cache.aget_or_load("l", load, 60) == [1]
        assert await cache.aget_or_load("l", load, 60) == [1]
        with cache.bypass():
            assert await cache.aget_or_load("m", load) == [1]
        assert "m" not in cache
        await cache.aclose()

    asyncio.run(main())
    assert cache.closed
