"""What one cache of a fleet writes another of its namespace reads: in another process,
with other options, by another URL of the same servers."""

from __future__ import annotations

import pinyon
import pytest
from crew import VALUES, finish, read_from_fleet, start, write_to_fleet

from tests.servers import Cluster

pytestmark = pytest.mark.far_only

#: None of them changes what is written or where: for all engines, and for Redis's.
OPTIONS = {"compress_min": "off", "ttl": 5, "timeout": 9, "max_connections": 1}
MORE = {"protocol": 2, "client_name": "other"}


def another(url, request):
    """Another URL of the same servers."""
    scheme, rest = url.split("://")
    if scheme == "redis+sentinel":
        return f"redis://{request.getfixturevalue('sentinels').primary.address}/0"
    if scheme == "redis":
        return f"valkey://{rest}"
    hosts, query = rest.split("?")
    mixed = ",".join(reversed(hosts.split(",")))
    return f"{scheme}://{mixed}?{query}"


def test_other_processes_with_other_options(url, request):
    there = another(url, request)
    more = {} if url.startswith("memcached") else MORE
    finish(start(write_to_fleet, there, OPTIONS | more, "theirs"))
    with pinyon.Cache(url, namespace="shop", compress_min=64) as cache:
        assert cache.get("doomed") == 1
        read_from_fleet(url, {"compress_min": 64, "compress_level": 9}, "theirs")
        assert cache.get("doomed") is None
        write_to_fleet(url, {"compress_min": 64, "compress_level": 9}, "ours")
        finish(start(read_from_fleet, there, OPTIONS | more, "ours"))
        assert cache.get("doomed") is None
        assert cache.get("count") == 210


@pytest.mark.parametrize("written", [0, 1])
def test_a_server_and_the_cluster_it_is(serve, written):
    """The same bytes under the same keys. Tags, and so namespaces, are kept in other
    copies in a cluster: what has some is absent by the other's URL, and never wrong."""
    cluster = serve(Cluster(1, 0))
    [address] = cluster.addresses
    urls = [f"redis://{address}", f"redis+cluster://{address}"]
    with pinyon.Cache(urls[written]) as one, pinyon.Cache(urls[1 - written]) as other:
        assert one.set_many(VALUES, 60) == []
        one.set("tagged", 1, tags=["t"])
        assert {key: other.get(key) for key in VALUES} == VALUES
        assert other.incr("int") == 8
        assert one.get("int") == 8
        _, token = one.gets("tuple")
        assert other.cas("tuple", "swapped", token)
        assert one.get("tuple") == "swapped"
        assert other.delete("set")
        assert one.get("set") is None
        assert (one.get("tagged"), other.get("tagged")) == (1, None)


def test_a_value_that_another_codec_wrote_is_told(url):
    secret = b"0123456789abcdef"
    with (
        pinyon.Cache(url) as plain,
        pinyon.Cache(url, codec="pickle", secret=secret) as signed,
    ):
        signed.set("k", [1])
        with pytest.raises(pinyon.SerializationError):
            plain.get("k")
        assert signed.get("k") == [1]
        plain.set("k", [2])
        with pytest.raises(pinyon.SerializationError):
            signed.get("k")
