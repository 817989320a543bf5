"""Several processes of one host: one load per key, and deaths in the middle of it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import crew
import pinyon
import pytest
from conftest import until


@pytest.fixture
def shared(region):
    with pinyon.Cache(f"shm://{region}?{crew.SIZE}") as cache:
        yield cache


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


def test_one_load_for_all_threads_of_all_processes(region, shared, log):
    rounds, processes, threads = 5, 4, 8
    barrier = crew.SPAWN.Barrier(processes * threads)
    crew.finish(
        *[
            crew.start(crew.ask_together, region, str(log), barrier, threads, rounds)
            for _ in range(processes)
        ]
    )
    loaded = [line.split()[1] for line in crew.lines(log)]
    assert sorted(loaded) == [str(n) for n in range(rounds)]
    assert shared.stats()["store"]["lease_takeovers"] == 0
    shared.check()


def test_every_waiter_of_every_process_gets_an_exception(region, shared, log):
    barrier = crew.SPAWN.Barrier(3 * 4)
    crew.finish(
        *[
            crew.start(crew.fail_together, region, str(log), barrier, 4)
            for _ in range(3)
        ]
    )
    assert len(crew.lines(log)) == 12


def test_a_killed_leader_is_replaced(region, shared, log):
    """Long before its lease ends: the dead are noticed."""
    leader = crew.start(crew.load_for_ever, region, str(log), 3600.0)
    until(lambda: crew.lines(log))
    slow = shared.cached(name="slow", lease=3600.0)(lambda: "mine")
    answers: list = []
    waiters = [
        threading.Thread(target=lambda: answers.append(slow())) for _ in range(4)
    ]
    for waiter in waiters:
        waiter.start()
    until(lambda: slow.cache_stats()["waits"] >= 4)
    assert answers == []
    crew.kill(leader)
    for waiter in waiters:
        waiter.join()
    assert answers == ["mine"] * 4
    assert slow.cache_stats()["loads"] == 1
    assert shared.stats()["store"]["lease_takeovers"] == 1


def test_a_hung_leader_is_replaced_after_its_lease(region, shared, log):
    leader = crew.start(crew.load_for_ever, region, str(log), 0.3)
    until(lambda: crew.lines(log))
    slow = shared.cached(name="slow", lease=0.3)(lambda: "mine")
    assert slow() == "mine"
    assert leader.is_alive()
    crew.kill(leader)


def test_a_stopped_leader_is_replaced_after_its_lease(region, shared, log):
    leader = crew.start(crew.load_for_ever, region, str(log), 0.3)
    until(lambda: crew.lines(log))
    os.kill(leader.pid, signal.SIGSTOP)
    slow = shared.cached(name="slow", lease=0.3)(lambda: "mine")
    assert slow() == "mine"
    crew.kill(leader)


def test_a_task_waits_for_another_process_without_blocking_its_loop(
    region, shared, log
):
    leader = crew.start(crew.load_for_ever, region, str(log), 3600.0)
    until(lambda: crew.lines(log))

    @shared.cached(name="slow", lease=3600.0)
    async def slow():
        return "mine"

    async def main():
        waiter = asyncio.create_task(slow())
        ticks = 0
        while ticks < 100:  # the loop goes on while the waiter waits
            await asyncio.sleep(0.001)
            ticks += 1
        assert not waiter.done()
        assert threading.active_count() == 1
        crew.kill(leader)
        return await waiter

    assert asyncio.run(main()) == "mine"


def test_stale_is_served_while_another_process_loads(region, shared, log):
    calls: list = []
    slow = shared.cached(name="slow", ttl=0.02, stale=600, jitter=0)(
        lambda: calls.append(1) or "old"
    )
    assert slow() == "old"
    until(lambda: not slow.cache_contains())
    leader = crew.start(crew.load_for_ever, region, str(log), 3600.0)
    # it finds the stale value and takes the lease to refresh it
    until(lambda: crew.lines(log))
    assert [slow() for _ in range(10)] == ["old"] * 10
    assert len(calls) == 1
    assert slow.cache_stats()["stale_hits"] == 10
    crew.kill(leader)


def test_a_writer_killed_anywhere_harms_no_one(region, shared, log):
    for turn in range(8):
        writer = crew.start(crew.write_for_ever, region, str(log))
        until(lambda turn=turn: len(crew.lines(log)) > turn)
        before = shared.get("n", 0)
        until(lambda before=before: shared.get("n", 0) > before + 200)
        crew.kill(writer)
        for n in range(500):
            key = f"k{n}"
            value = shared.get(key)
            assert value is None or (value[0], value[2]) == (key, key)
            assert shared.set(key, (key, "", key)) is True
    shared.check()
    assert shared.stats()["store"]["processes"] == 1


def stop_in_a_write(cache, writer):
    """Stops the writer until it holds the lock of a shard; a key of that shard."""
    for _ in range(3000):
        os.kill(writer.pid, signal.SIGSTOP)
        for n in range(20):
            if not cache.set(f"z{n}", n):
                return f"z{n}"
        os.kill(writer.pid, signal.SIGCONT)
    raise AssertionError("the writer never stopped in a write")


def test_a_writer_stopped_in_a_write_delays_and_loses_nothing(region, log):
    with pinyon.Cache(f"shm://{region}?{crew.SIZE}", write_wait="2ms") as cache:
        f = cache.cached(name="f")(lambda n: [n])
        writer = crew.start(crew.write_for_ever, region, str(log))
        until(lambda: crew.lines(log))
        key = stop_in_a_write(cache, writer)
        try:
            cache.get(key)  # readers do not mind
            assert cache.set_many({key: 1}) == [key]
            assert cache.touch(key) is False
            for call in (cache.delete, cache.incr):
                with pytest.raises(pinyon.StoreBusy, match="try again") as caught:
                    call(key)
                assert caught.value.kind == "PN_BUSY"
            with pytest.raises(pinyon.StoreBusy):
                asyncio.run(cache.adelete(key))
            assert [f(n) for n in range(200)] == [[n] for n in range(200)]
            assert cache.stats()["store"]["skipped"] > 0
        finally:
            os.kill(writer.pid, signal.SIGCONT)
        until(lambda: cache.set(key, 1))
        assert cache.delete(key) is True
        crew.kill(writer)


def test_counters_of_processes_add_up(region, shared):
    crew.finish(*[crew.start(count, region) for _ in range(4)])
    assert shared.get("n") == 4000


def count(region):
    with pinyon.Cache(f"shm://{region}?{crew.SIZE}") as cache:
        for _ in range(1000):
            cache.incr("n")


def test_two_creators_get_one_region(region):
    barrier = crew.SPAWN.Barrier(4)
    crew.finish(*[crew.start(create, region, barrier) for _ in range(4)])
    with pinyon.Cache(f"shm://{region}") as cache:
        assert cache.get("n") == 4


def create(region, barrier):
    barrier.wait(60)
    with pinyon.Cache(f"shm://{region}?{crew.SIZE}") as cache:
        cache.incr("n")
        barrier.wait(60)


def test_keys_agree_whatever_the_hash_seed(region, shared):
    """One process stores, another with other hash seeds finds."""
    args = ({"b": 1, "a": [2, (3,)]}, frozenset("xyz"))
    f = shared.cached(name="agree")(lambda m, s: "stored")
    f(*args)
    crew.finish(*[crew.start(find, region, args, seed) for seed in ("1", "2")])


def find(region, args, seed):
    import subprocess
    import sys

    code = (
        "import sys, pinyon\n"
        f"c = pinyon.Cache('shm://{region}')\n"
        "f = c.cached(name='agree')(lambda m, s: 'loaded')\n"
        f"assert f(*{args!r}) == 'stored'\n"
    )
    env = dict(os.environ, PYTHONHASHSEED=seed)
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=60)
