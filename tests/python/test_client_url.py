"""What URLs and keywords of fleets come to, and what is said of wrong ones."""

from __future__ import annotations

import ssl
from datetime import timedelta

import pinyon
import pytest
from pinyon.dsn import visible
from pinyon.fleet import SCHEMES, describe, parse_fleet, parse_members

SECRET = "hunter2"


def settings(url=None, **keywords):
    return parse_fleet(url, keywords)[0]


def refused(url=None, **keywords) -> str:
    with pytest.raises(pinyon.ConfigError) as caught:
        settings(url, **keywords)
    return str(caught.value)


@pytest.mark.parametrize(
    ("dsn", "kind", "seeds", "more"),
    [
        ("redis://", "single", [("localhost", 6379)], {}),
        ("redis://h", "single", [("h", 6379)], {}),
        ("valkey://h:1/3", "single", [("h", 1)], {"db": 3}),
        ("REDIS://h:1/3?db=4", "single", [("h", 1)], {"db": 4}),
        ("redis://h/", "single", [("h", 6379)], {}),
        ("rediss://h", "single", [("h", 6379)], {"tls": True}),
        ("valkeys://h", "single", [("h", 6379)], {"tls": True}),
        ("redis://[::1]:7", "single", [("::1", 7)], {}),
        ("redis://[fe80::1%25eth0]", "single", [("fe80::1%eth0", 6379)], {}),
        ("redis://u@h", "single", [("h", 6379)], {"username": "u"}),
        ("redis://:p@h", "single", [("h", 6379)], {"password": "p"}),
        (
            "redis://u%3A:p%2540%40:%2F@h",
            "single",
            [("h", 6379)],
            {"username": "u:", "password": "p%40@:/"},
        ),
        ("redis://:a@b@h", "single", [("h", 6379)], {"password": "a@b"}),
        (
            "unix:///run/a%20b@c.sock?db=2",
            "single",
            [("/run/a b@c.sock", 0)],
            {"db": 2},
        ),
        ("redis+socket:///run/x", "single", [("/run/x", 0)], {}),
        ("unix://u:p@/run/x", "single", [("/run/x", 0)], {"password": "p"}),
        (
            "redis+cluster://a:1,b,[::2]:3",
            "cluster",
            [("a", 1), ("b", 6379), ("::2", 3)],
            {},
        ),
        ("rediss+cluster://a", "cluster", [("a", 6379)], {"tls": True}),
        (
            "redis+sentinel://a,b:1/svc/2",
            "sentinel",
            [("a", 26379), ("b", 1)],
            {"service": "svc", "db": 2},
        ),
        (
            "redis+sentinel://a?service=s%2F1",
            "sentinel",
            [("a", 26379)],
            {"service": "s/1"},
        ),
        (
            "redis://a,b?place=slots",
            "hash",
            [("a", 6379), ("b", 6379)],
            {"place": "slots"},
        ),
        (
            "memcached://a,b:1:2.5?place=libketama",
            "hash",
            [("a", 11211), ("b", 1)],
            {"place": "libketama", "weights": [1.0, 2.5]},
        ),
        ("memcacheds://a", "hash", [("a", 11211)], {"tls": True, "place": "slots"}),
        ("memcached:///run/m", "hash", [("/run/m", 0)], {}),
        ("memcached://%2Frun%2Fm,a", "hash", [("/run/m", 0), ("a", 11211)], {}),
    ],
)
def test_urls(dsn, kind, seeds, more):
    found = settings(dsn)
    assert found["kind"] == kind
    assert found["seeds"] == seeds
    assert found | more == found
    assert found["engine"] == ("memcached" if "memcached" in dsn else "redis")


def test_every_scheme_is_read():
    for scheme in SCHEMES:
        path = "/run/x" if scheme == "unix" or "socket" in scheme else "h"
        service = "/s" if "sentinel" in scheme else ""
        assert settings(f"{scheme}://{path}{service}")["seeds"]


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("redis:foo", ["not a URL", "redis://host:port"]),
        ("foo", ["not a URL"]),
        ("couchbase://h", ["not supported by this version"]),
        ("pinyon://h", ["not supported by this version"]),
        ("http://h", ["not a scheme"]),
        ("shm://h", ["pinyon.Cache"]),
        ("redis://h/x", ["'/x'", "number of a database"]),
        ("redis://h/1/2", ["too many parts"]),
        ("redis://h:0", ["'h:0'", "port"]),
        ("redis://h:65536", ["port"]),
        ("redis://h:x", ["port"]),
        ("redis://h:\u0661", ["port"]),
        ("redis://::1", ["brackets"]),
        ("redis://[::1", ["brackets"]),
        ("redis://[h]", ["IPv6"]),
        ("redis://a,b", ["redis+cluster://", "place="]),
        ("redis+cluster://a,a:6379", ["twice"]),
        ("redis+sentinel://a", ["service"]),
        ("redis://h?service=s", ["redis+sentinel://"]),
        ("redis+cluster://a:1:2", ["weight"]),
        ("memcached://a:1:x", ["weight"]),
        ("memcached://a/1", ["no databases"]),
        ("memcached://a?place=ketama", ["place='ketama'", "libketama"]),
        ("memcached://a,b?names=x", ["2 names"]),
        ("redis://h?hash=md5", ["place="]),
        ("redis+cluster://h?place=libketama", ["nothing of each other", "cluster"]),
        ("redis+sentinel://h/s?place=slots", ["nothing of each other", "sentinel"]),
        ("redis://h?zone=a", ["read_from=zone"]),
        ("unix://", ["path of a socket"]),
        ("unix://h/x", ["path of a socket"]),
        ("redis://h?db", ["'db'", "no value"]),
        ("redis://h?db=1&db=2", ["twice"]),
        ("redis://h?db=x", ["db='x'"]),
        ("redis://h?db=-1", ["db='-1'"]),
        ("redis://h?timeout=0", ["timeout='0'", '"250ms"']),
        ("redis://h?timeout=none", ["timeout"]),
        ("redis://h?protocol=4", ["protocol"]),
        ("redis://h?tls=maybe", ["tls='maybe'", "yes or no"]),
        ("redis://h?tls_verify=some", ["all, chain, none"]),
        ("redis://h?client_name=a%20b", ["client_name"]),
        ("redis://h?timeout=1&socket_timeout=2", ["timeout"]),
        ("redis://h?timeout=%zz", ["hexadecimal"]),
        ("redis://h?client_name=%ff", ["UTF-8"]),
        ("redis://h?retry=3", ["'retry'", "retries="]),
        (
            "redis://h?keepalive=1",
            ["'keepalive'", "connect_timeout", "max_connections"],
        ),
        ("memcached://h?db=1", ["'db'", "value_max"]),
        ("memcached://u:p@h", ["'username'"]),
    ],
)
def test_wrong_urls_are_told_what_would_be_right(dsn, words):
    said = refused(dsn)
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    "dsn",
    [
        f"redis://:{SECRET}@h/x",
        f"redis://:{SECRET}@h:x",
        f"redis://:{SECRET}@::1",
        f"redis://:{SECRET}@h?nonsense=1",
        f"redis://:{SECRET}@h?password={SECRET}&db=x",
        f"redis://:{SECRET}%zz@h",
        f"redis://:{SECRET}%ff@h",
        f"redis://:{SECRET}@a,b",
        f"redis://:{SECRET}@h?password=",
        f"redis://h?password={SECRET}%zz",
        f"redis://h?pasword={SECRET}",
        f"redis://h?sentinel_password={SECRET}%00",
        f"http://:{SECRET}@h",
        f"redis:/u:{SECRET}@h",
        f"u:{SECRET}@h:6379",
        f"redis://:{SECRET}/w@h",
        f"redis://:{SECRET}?w@h",
        f"redis://:{SECRET}/{SECRET}?{SECRET}@h",
        f"redis://:pw?{SECRET}@h",
        f"unix://:{SECRET}/x@/run/x",
        f"unix://:{SECRET}@h/run/x",
        f"memcached://:{SECRET}@h",
        f"redis+sentinel://:{SECRET}@a/b/c/d",
    ],
)
def test_no_error_tells_a_password(dsn):
    assert SECRET not in refused(dsn)
    assert SECRET not in visible(dsn)


def test_no_password_in_what_is_shown():
    found = settings(f"rediss://me:{SECRET}@h1:1,h2/3?place=slots")
    assert found["password"] == SECRET
    assert describe(found) == "rediss://h1:1,h2:6379/3"
    assert describe(settings("unix:///run/x")) == "unix:///run/x"
    assert describe(settings("redis+sentinel://a/s")) == "redis+sentinel://a:26379/s"
    assert describe(settings("memcacheds://[::1]")) == "memcacheds://[::1]:11211"
    many = ",".join(f"h{i}" for i in range(6))
    assert describe(settings(f"redis+cluster://{many}")).endswith("h3:6379,...")


def test_the_url_beats_keywords_and_the_query_the_path():
    assert settings("redis://h/1?db=2", db=3)["db"] == 2
    assert settings("redis://h/1", db=3)["db"] == 1
    assert settings("redis://h", db=3)["db"] == 3
    assert settings("redis://:a@h?password=b", password="c")["password"] == "b"
    assert "db='x'" in refused("redis://h/1", db="x")  # checked though it is overruled


def test_keywords_say_where_the_servers_are():
    assert settings()["seeds"] == [("localhost", 6379)]
    assert settings(host="h", port="7", db="1")["seeds"] == [("h", 7)]
    assert settings(port=7)["seeds"] == [("localhost", 7)]
    assert settings(unix_socket_path="/run/x")["seeds"] == [("/run/x", 0)]
    nodes = [{"host": "a", "port": 1}, ("b", 2), "c:3", "[::1]", ssl.SSLContext]
    with pytest.raises(pinyon.ConfigError, match="startup_nodes"):
        settings(startup_nodes=nodes)
    found = settings(startup_nodes=nodes[:4])
    assert found["kind"] == "cluster"
    assert found["seeds"] == [("a", 1), ("b", 2), ("c", 3), ("::1", 6379)]
    found = settings(sentinels=[("a", 1)], service_name="s")
    assert (found["kind"], found["service"]) == ("sentinel", "s")
    assert settings(servers=["a:1", "b"])["engine"] == "memcached"


@pytest.mark.parametrize(
    ("dsn", "keywords", "words"),
    [
        ("redis://h", {"host": "h"}, ["not both"]),
        (None, {"host": "h", "startup_nodes": ["a"]}, ["not several"]),
        (None, {"port": 1, "startup_nodes": ["a"]}, ["not several"]),
        (None, {"host": ""}, ["not a host"]),
        (None, {"host": "h", "port": 0}, ["port"]),
        (None, {"host": "h", "port": True}, ["port"]),
        (None, {"startup_nodes": []}, ["startup_nodes"]),
        (None, {"startup_nodes": "a:1"}, ["give a list"]),
        (None, {"startup_nodes": [{"ip": "a"}]}, ["not a host"]),
        (None, {"nonsense": 1}, ["'nonsense'"]),
        (7, {}, ["str"]),
    ],
)
def test_wrong_keywords(dsn, keywords, words):
    said = refused(dsn, **keywords)
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    ("option", "own", "value"),
    [
        ({"socket_timeout": 2}, "timeout", 2.0),
        ({"socket_timeout": "250ms"}, "timeout", 0.25),
        ({"timeout": timedelta(seconds=3)}, "timeout", 3.0),
        ({"timeout": "1.5"}, "timeout", 1.5),
        ({"socket_connect_timeout": 1.5}, "connect_timeout", 1.5),
        ({"health_check_interval": 0}, "check_after", 0.0),
        ({"decode_responses": True}, "decode", True),
        ({"decode_responses": "Yes"}, "decode", True),
        ({"ssl": True}, "tls", True),
        ({"ssl_cert_reqs": "none"}, "tls_verify", "none"),
        ({"ssl_cert_reqs": ssl.CERT_NONE}, "tls_verify", "none"),
        ({"ssl_cert_reqs": "required"}, "tls_verify", "all"),
        ({"ssl_check_hostname": False}, "tls_verify", "chain"),
        ({"ssl_min_version": ssl.TLSVersion.TLSv1_3}, "tls_13_only", True),
        ({"ssl_min_version": "TLSv1.2"}, "tls_13_only", False),
        ({"ssl_ca_certs": "/ca"}, "ca_file", "/ca"),
        ({"ssl_certfile": "/c"}, "cert_file", "/c"),
        ({"ssl_keyfile": "/k"}, "key_file", "/k"),
        ({"read_from_replicas": True}, "read_from", "any"),
        ({"read_from_replicas": False}, "read_from", "primary"),
        ({"load_balancing_strategy": "round_robin"}, "read_from", "any"),
        ({"max_connections": "7"}, "max_connections", 7),
        ({"password": b"p"}, "password", "p"),
        ({"client_name": None}, "timeout", 5.0),
    ],
)
def test_values_and_the_names_of_others(option, own, value):
    found = settings("redis://h", **option)
    assert found[own] == value
    assert type(found[own]) is type(value)


def test_a_gutter():
    found = settings("memcached://a?gutter=g1:1,g2")
    assert found["gutter"] == [("g1", 1), ("g2", 11211)]
    assert settings("memcached://a", gutter=[("g", 2)])["gutter"] == [("g", 2)]


def test_hosts_are_in_lower_case_where_no_other_client_hashes_them():
    """`Cache1` is `cache1`, or two clients of a fleet would place keys differently."""
    url = "memcached://Cache1,[2001:DB8::1]:7?gutter=Spare"
    found = settings(url)
    assert found["seeds"] == [("cache1", 11211), ("2001:db8::1", 7)]
    assert found["gutter"] == [("spare", 11211)]
    assert settings("memcached://%2FRun%2FX")["seeds"] == [("/Run/X", 0)]
    as_written = settings(url + "&place=libketama")
    assert as_written["seeds"] == [("Cache1", 11211), ("2001:DB8::1", 7)]
    new = parse_members(found, ["CACHE2:5"], None, None)
    assert new["seeds"] == [("cache2", 5)]
    new = parse_members(as_written, ["CACHE2:5"], None, None)
    assert new["seeds"] == [("CACHE2", 5)]


def test_nobody_is_in_a_list_twice():
    """Who of the two owned what would depend on the order of the list."""
    assert "twice" in refused("memcached://a:1:2,a:1:3")
    assert "twice" in refused("memcached://a,A")
    assert "twice" in refused(servers=["a", "b", "a:11211"])
    assert "twice" in refused("memcached://a,b?names=x,x")
    assert "twice" in refused("memcached://a?gutter=b,b")
    found = settings("memcached://a")
    for more in ((["a:1", "a:1"], None), (["a:1", "b:1"], ["x", "x"])):
        with pytest.raises(pinyon.ConfigError, match="twice"):
            parse_members(found, more[0], None, more[1])


def test_addresses_are_mapped_by_a_function_or_a_dict():
    def shift(address):
        return (address[0], address[1] + 1)

    assert settings("redis://h", address_remap=shift)["address_remap"] is shift
    table = {("10.0.0.1", 6379): ("localhost", 7000)}
    found = settings("redis://h", address_remap=table)["address_remap"]
    assert found(("10.0.0.1", 6379)) == ("localhost", 7000)
    assert found(("10.0.0.2", 6379)) == ("10.0.0.2", 6379)
    assert "function" in refused("redis://h", address_remap=7)


def test_a_cache_adds_options_of_its_own():
    def even(value, option):
        return int(value) * 2

    found, beside = parse_fleet(
        "redis://h?ttl=2&db=1", {"ttl": 5}, also={"ttl": even}, timeout=1.0
    )
    assert beside == {"ttl": 4}
    assert "ttl" not in found
    assert found["timeout"] == 1.0
