"""Counters of a far cache: exact, whoever else counts, and wherever it is added up."""

from __future__ import annotations

import asyncio

import pinyon
import pytest
from test_far import memcached_only, raw
from test_policy import run_all

pytestmark = pytest.mark.far_only


def test_counters_of_a_namespace_count_exactly(cache):
    part = cache.namespace("n")

    def count(i):
        for _ in range(25):
            part.incr("n")

    assert run_all(4, count) == [None] * 4
    assert part.get("n") == 100
    part.clear()
    assert part.incr("n", initial=10) == 11
    assert part.incr("n", ttl=60) == 12
    assert 50 < part.ttl("n") <= 60
    assert part.incr("n") == 13
    assert 50 < part.ttl("n") <= 61
    part.set("k", "text")
    with pytest.raises(pinyon.NotACounter):
        part.incr("k")
    part.set("n", 2**63 - 1)
    with pytest.raises(pinyon.CounterRange):
        part.incr("n")


def test_tasks_that_count_together_never_give_up(cache):
    part = cache.namespace("n")

    async def main():
        return await asyncio.gather(*(part.aincr("n") for _ in range(150)))

    assert sorted(asyncio.run(main())) == list(range(1, 151))
    assert part.get("n") == 150


@pytest.mark.parametrize(
    "number", [0, -3, 2**53 - 2, 2**53 - 1, 2**53, -(2**53) + 1, 2**62, -(2**63) + 5]
)
def test_a_number_with_tags_counts_exactly(cache, number):
    """Wherever it is added up: a server's script has 53 bits."""
    cache.set("n", number, ttl=60, tags=["t"])
    token = cache.gets("n")[1]
    assert [cache.incr("n", by) for by in (1, 2, -5)] == [
        number + 1,
        number + 3,
        number - 2,
    ]
    assert cache.get("n") == number - 2
    assert type(cache.get("n")) is int
    assert 50 < cache.ttl("n") <= 61
    assert not cache.cas("n", 0, token)
    assert cache.decr("n", 2**62 if number > 0 else -(2**62)) == number - 2 - (
        2**62 if number > 0 else -(2**62)
    )
    cache.invalidate_tag("t")
    assert cache.incr("n", initial=7) == 8


def test_a_number_that_others_wrote_into_a_namespace(cache):
    part = cache.namespace("n")
    if part._engine.has_stubs:
        raw(cache, "ms", "n:k", b"41", "")
    else:
        raw(cache, "SET", "n:k", 41)
    assert part.incr("k") == 42
    assert part.get("k") == 42


@memcached_only
def test_counters_beyond_what_the_server_can_count(cache):
    assert cache.decr("n") == -1
    assert cache.incr("n", 3) == 2
    assert cache.incr("m", initial=-10) == -9
    cache.set("n", 2**63 - 1)
    with pytest.raises(pinyon.CounterRange):
        cache.incr("n", 5)
    assert cache.get("n") == 2**63 - 1
    assert cache.incr("t", ttl=0.5) == 1
    assert 0 < cache.ttl("t") <= 0.5
    with pytest.raises(pinyon.KeyNotFound):
        cache.incr("absent", initial=None)
