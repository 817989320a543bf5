"""A store that is full or damaged under running functions: they go on."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pinyon
import pytest


@pytest.mark.host_only
def test_a_full_store_does_not_stop_a_function(cache):
    """Four times what fits, of every length: each call is answered rightly."""

    @cache.cached
    def f(n):
        return [n, os.urandom(n * 97 % 60_000)]

    for n in range(1200):
        assert f(n)[0] == n
    store = cache.stats()["store"]
    assert store["evicted"] > 100
    assert store["bytes"] <= store["size"]
    assert f.cache_stats()["loads"] == 1200
    assert f.cache_stats()["errors"] == 0
    cache.check()


@pytest.mark.host_only
def test_a_result_larger_than_the_store_is_an_answer(cache):
    size = cache.stats()["store"]["value_max"] + 1
    f = cache.cached(name="f")(lambda: os.urandom(size))
    with pytest.warns(pinyon.PinyonWarning, match="not cached.*store larger"):
        assert len(f()) == size
    assert len(f()) == size
    assert f.cache_stats()["rejected"] == 2


@pytest.mark.parametrize("seed", range(6))
def test_flipped_bytes_never_raise_through_a_function(region, seed):
    """Random bytes over a live region: wrong content is data, never a crash or an
    exception. (Bytes within a value are not the store's to know.)"""
    program = """
        import mmap, random, sys, warnings
        import pinyon

        region, seed = sys.argv[1], int(sys.argv[2])
        rnd = random.Random(seed)
        warnings.simplefilter("ignore")
        with pinyon.Cache(f"shm://{region}?size=4MiB", write_wait="5ms") as cache:

            @cache.cached(stale=5, early=1.0, tags=["t"], wait=0.2, lease=0.2)
            def f(n):
                return [n, "x" * (n % 900)]

            for n in range(2000):
                f(n)
            with open(f"/dev/shm/pinyon.{region}", "r+b") as file:
                memory = mmap.mmap(file.fileno(), 0)
                for _ in range(200 * (seed + 1) ** 2):
                    memory[rnd.randrange(len(memory))] = rnd.randrange(256)
            right = sum(f(n) == [n, "x" * (n % 900)] for n in range(2000))
            assert right > 1500, right
            print("went on")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), region, str(seed)],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stdout) == (0, "went on\n"), done.stderr
