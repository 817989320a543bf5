"""The servers themselves: they come up, answer, go down, and leave nothing."""

from __future__ import annotations

from tests.servers import Redis


def test_redis(redis: Redis) -> None:
    assert redis.call("SET", "k", "v") == b"OK"
