"""Commands and the shapes of their replies: without a server."""

from __future__ import annotations

import inspect
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pinyon
import pytest
from pinyon.commands import (
    bits,
    geo,
    hashes,
    keys,
    lists,
    scripting,
    server,
    sets,
    shape,
    sorted_sets,
    streams,
    strings,
)

ROOT = Path(__file__).parents[2]


def test_the_methods_are_what_the_commands_make():
    pytest.importorskip("ruff")
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "methods.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_has_a_docstring():
    groups = (strings, keys, bits, hashes, lists, sets, sorted_sets, streams, geo)
    for group in (*groups, scripting, server):
        for name, function in vars(group).items():
            if inspect.isfunction(function) and function.__module__ == group.__name__:
                assert function.__doc__ or name.startswith("_"), name


DAY = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (strings.set("k", 1), "SET k 1"),
        (strings.set("k", 1, 60), "SET k 1 EX 60"),
        (strings.set("k", 1, ex=1.5), "SET k 1 PX 1500"),
        (strings.set("k", 1, ex=timedelta(minutes=1)), "SET k 1 EX 60"),
        (strings.set("k", 1, px=timedelta(seconds=1)), "SET k 1 PX 1000"),
        (strings.set("k", 1, px=7, nx=True, get=True), "SET k 1 NX GET PX 7"),
        (strings.set("k", 1, xx=True, keepttl=True), "SET k 1 XX KEEPTTL"),
        (strings.set("k", 1, exat=DAY), "SET k 1 EXAT 1893456000"),
        (strings.set("k", 1, pxat=5), "SET k 1 PXAT 5"),
        (strings.set("k", 1, ifeq="o"), "SET k 1 IFEQ o"),
        (strings.getex("k", persist=True), "GETEX k PERSIST"),
        (strings.mget("a", "b"), "MGET a b"),
        (strings.mget(["a", "b"], "c"), "MGET a b c"),
        (strings.mset({"a": 1, "b": 2}), "MSET a 1 b 2"),
        (strings.incr("a"), "INCRBY a 1"),
        (strings.lcs("a", "b", idx=True, minmatchlen=2), "LCS a b IDX MINMATCHLEN 2"),
        (keys.expire("k", 5, gt=True), "EXPIRE k 5 GT"),
        (keys.expire("k", 0.25), "PEXPIRE k 250"),
        (keys.expireat("k", DAY), "EXPIREAT k 1893456000"),
        (keys.scan(0, "a*", 5, "set"), "SCAN 0 MATCH a* COUNT 5 TYPE set"),
        (
            keys.sort("k", 0, 5, by="w", get=["#", "x"]),
            "SORT k BY w LIMIT 0 5 GET # GET x",
        ),
        (keys.sort_ro("k", desc=True), "SORT_RO k DESC"),
        (keys.copy("a", "b", replace=True), "COPY a b REPLACE"),
        (bits.bitcount("k", 0, 1, "BIT"), "BITCOUNT k 0 1 BIT"),
        (bits.bitpos("k", 1), "BITPOS k 1"),
        (bits.bitfield("k", [("GET", "u8", 0)]), "BITFIELD k GET u8 0"),
        (hashes.hset("h", "f", 1, {"g": 2}, ["i", 3]), "HSET h i 3 f 1 g 2"),
        (hashes.hmget("h", ["a"], "b"), "HMGET h a b"),
        (hashes.hexpire("h", 5, "a", "b", nx=True), "HEXPIRE h 5 NX FIELDS 2 a b"),
        (
            hashes.hsetex("h", {"a": 1}, ex=5, fnx=True),
            "HSETEX h FNX EX 5 FIELDS 1 a 1",
        ),
        (hashes.hgetex("h", "a", persist=True), "HGETEX h PERSIST FIELDS 1 a"),
        (lists.blpop(["a", "b"], 1.5), "BLPOP a b 1.5"),
        (lists.blpop("a"), "BLPOP a 0"),
        (lists.lmpop(2, "a", "b", direction="LEFT"), "LMPOP 2 a b LEFT COUNT 1"),
        (lists.blmpop(0, 1, "a", direction="LEFT"), "BLMPOP 0 1 a LEFT COUNT 1"),
        (sets.sintercard(2, ["a", "b"], 5), "SINTERCARD 2 a b LIMIT 5"),
        (sorted_sets.zadd("z", {"m": 1.5}, gt=True, ch=True), "ZADD z GT CH 1.5 m"),
        (
            sorted_sets.zrange("z", 0, 5, True, True, byscore=True, offset=0, num=2),
            "ZRANGE z 0 5 BYSCORE REV LIMIT 0 2 WITHSCORES",
        ),
        (
            sorted_sets.zunion({"a": 1, "b": 2}, "MAX", withscores=True),
            "ZUNION 2 a b WEIGHTS 1 2 AGGREGATE MAX WITHSCORES",
        ),
        (sorted_sets.zmpop(1, "a", min=True), "ZMPOP 1 a MIN COUNT 1"),
        (
            streams.xadd("x", {"f": 1}, maxlen=5, limit=2, nomkstream=True),
            "XADD x NOMKSTREAM MAXLEN ~ 5 LIMIT 2 * f 1",
        ),
        (
            streams.xadd("x", {"f": 1}, "1-1", minid=3, approximate=False),
            "XADD x MINID = 3 1-1 f 1",
        ),
        (
            streams.xreadgroup("g", "c", {"a": ">", "b": 0}, 5, 100, True),
            "XREADGROUP GROUP g c COUNT 5 BLOCK 100 NOACK STREAMS a b > 0",
        ),
        (streams.xread({"a": "$"}, block=0), "XREAD BLOCK 0 STREAMS a $"),
        (
            streams.xpending_range("x", "g", "-", "+", 5, "c", idle=9),
            "XPENDING x g IDLE 9 - + 5 c",
        ),
        (geo.geoadd("g", (1.5, 2.5, "p")), "GEOADD g 1.5 2.5 p"),
        (
            geo.geosearch("g", "p", radius=5, count=2, any=True, withdist=True),
            "GEOSEARCH g FROMMEMBER p BYRADIUS 5 m COUNT 2 ANY WITHDIST",
        ),
        (
            geo.geosearch("g", longitude=1, latitude=2, width=3, height=4, sort="ASC"),
            "GEOSEARCH g FROMLONLAT 1 2 BYBOX 3 4 m ASC",
        ),
        (scripting.eval("s", 1, "k", "a"), "EVAL s 1 k a"),
        (scripting.function_load("c", replace=True), "FUNCTION LOAD REPLACE c"),
        (server.flushall(True), "FLUSHALL ASYNC"),
    ],
)
def test_words(call, words):
    assert " ".join(map(str, call[0])) == words


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: strings.set("k", 1, ex=1, px=1),
        lambda: strings.set("k", 1, ex=1, keepttl=True),
        lambda: strings.set("k", 1, nx=True, xx=True),
        lambda: strings.mset({}),
        lambda: hashes.hset("h"),
        lambda: hashes.hset("h", mapping={}),
        lambda: sorted_sets.zadd("z", {}),
        lambda: sorted_sets.zadd("z", {"a": 1}, nx=True, gt=True),
        lambda: sorted_sets.zrange("z", 0, 1, offset=1),
        lambda: sorted_sets.zmpop(1, "a"),
        lambda: streams.xread({}),
        lambda: streams.xtrim("x"),
        lambda: streams.xadd("x", {}),
        lambda: geo.geoadd("g", (1, 2)),
        lambda: geo.geosearch("g"),
        lambda: geo.geosearch("g", "m", any=True, radius=1),
    ],
)
def test_wrong_arguments(wrong):
    with pytest.raises(pinyon.ArgumentError):
        wrong()


@pytest.mark.parametrize(
    ("make", "resp2", "resp3", "wanted"),
    [
        (shape.mapping, [b"a", 1], {b"a": 1}, {b"a": 1}),
        (shape.mapping, [], {}, {}),
        (shape.members, [b"a", b"b"], {b"a", b"b"}, {b"a", b"b"}),
        (shape.scored, [b"a", b"1.5"], [[b"a", 1.5]], [(b"a", 1.5)]),
        (shape.scored, [], [], []),
        (shape.floating, b"inf", float("inf"), float("inf")),
        (shape.floating, None, None, None),
        (
            shape.streams,
            [[b"x", [[b"1-0", [b"f", b"v"]]]]],
            {b"x": [[b"1-0", [b"f", b"v"]]]},
            {b"x": [(b"1-0", {b"f": b"v"})]},
        ),
        (shape.streams, None, None, {}),
        (shape.rank_score, [1, b"2.5"], [1, 2.5], (1, 2.5)),
        (
            shape.popped_scored,
            [b"k", [[b"m", b"1"]]],
            [b"k", [[b"m", 1.0]]],
            (b"k", [(b"m", 1.0)]),
        ),
        (shape.record, [b"length", 1], {b"length": 1}, {"length": 1}),
        (shape.two_lists, [b"f", b"v"], [[b"f", b"v"]], [(b"f", b"v")]),
    ],
)
def test_resp2_and_resp3_come_to_the_same(make, resp2, resp3, wanted):
    assert make(resp2) == wanted
    assert make(resp3) == wanted


def test_shapes_do_not_ask_whether_the_client_decodes():
    for ok in ("OK", b"OK"):
        assert shape.ok(ok) is True
    assert shape.ok_or_none(None) is None
    lines = "# Server\r\nversion:7.0\r\ndb0:keys=1,expires=0\r\nname:a=b=c\r\n"
    wanted = {"version": 7.0, "db0": {"keys": 1, "expires": 0}, "name": {"a": "b=c"}}
    assert shape.info(lines) == shape.info(lines.encode()) == wanted
    line = b"07c3 127.0.0.1:1@2 myself,master - 0 0 1 connected 0-5460\n"
    (node,) = shape.cluster_nodes(line)
    assert node["flags"] == ["myself", "master"]
    assert node["slots"] == ["0-5460"]
    assert node["primary"] is None
