"""Where the keys of a command are: our table beside the servers' COMMAND GETKEYS."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.servers import Redis, ReplyError

from .client_peer import keys_of

# Keys are no words of any command; what is written is what is sent, word by word.
# Each line is a form that its command has.
LINES = """
    SORT k|SORT k BY p_* LIMIT 0 5 GET a_* GET # DESC ALPHA STORE d
    SORT k STORE d|SORT k store d|SORT_RO k BY p_* GET #
    GEORADIUS k 1 2 3 m|GEORADIUS k 1 2 3 m WITHCOORD COUNT 3 ANY STORE d
    GEORADIUS k 1 2 3 km STOREDIST d|GEORADIUSBYMEMBER k m 3 km STORE d
    GEORADIUSBYMEMBER k m 3 km|GEORADIUS_RO k 1 2 3 m|GEORADIUSBYMEMBER_RO k m 3 km
    GEOSEARCH k FROMMEMBER m BYRADIUS 1 m|GEOSEARCHSTORE d k FROMMEMBER m BYRADIUS 1 m
    MIGRATE h 6379 k 0 5000|MIGRATE h 6379 k 0 5000 COPY REPLACE AUTH secret
    MIGRATE h 6379 '' 0 5000 KEYS a b c|MIGRATE h 6379 '' 0 5000 COPY AUTH x KEYS a b
    MIGRATE h 6379 '' 0 5000 REPLACE AUTH2 user pass KEYS a
    EVAL s 1 a|EVAL s 2 a b 3 4|eval s 3 a b c|EVALSHA x 1 a b|EVAL_RO s 1 a x
    EVALSHA_RO x 2 a b|FCALL f 1 a|FCALL_RO f 2 a b c
    ZUNION 2 a b|ZUNION 2 a b WEIGHTS 1 2 AGGREGATE MAX WITHSCORES|ZINTER 1 a
    ZDIFF 3 a b c WITHSCORES|ZINTERCARD 2 a b LIMIT 5|SINTERCARD 2 a b LIMIT 5
    ZUNIONSTORE d 2 a b|ZUNIONSTORE d 2 a b WEIGHTS 1 2|ZINTERSTORE d 1 a
    ZDIFFSTORE d 2 a b|ZRANGESTORE d k 0 -1
    LMPOP 2 a b LEFT COUNT 3|ZMPOP 1 a MIN|BLMPOP 0 2 a b RIGHT
    BZMPOP 1.5 1 a MAX COUNT 2
    XREAD STREAMS a 0|XREAD COUNT 2 BLOCK 5 STREAMS a b 0 0|xread streams a b c 0 0 0
    XREADGROUP GROUP g c STREAMS a >
    XREADGROUP GROUP g c COUNT 1 BLOCK 9 NOACK STREAMS a b > >
    XREAD STREAMS STREAMS 0|XREADGROUP GROUP STREAMS STREAMS STREAMS k 0
    XGROUP CREATE k g $ MKSTREAM|XGROUP DESTROY k g|XGROUP SETID k g 0
    XGROUP CREATECONSUMER k g c|XGROUP DELCONSUMER k g c
    XINFO STREAM k FULL COUNT 5|XINFO GROUPS k|XINFO CONSUMERS k g
    OBJECT ENCODING k|OBJECT FREQ k|OBJECT IDLETIME k|OBJECT REFCOUNT k
    object encoding k
    MEMORY USAGE k|MEMORY USAGE k SAMPLES 3
    SET k v|SET k v EX 5 NX GET|SET k v KEEPTTL|GETEX k PERSIST|BITFIELD k GET u8 0
    BITOP AND d a b c|BITOP NOT d a|LCS a b LEN|COPY a b REPLACE|RENAME a b
    BLPOP a 0|BLPOP a b c 1.5|BRPOP a b 0|BRPOPLPUSH a b 0|BLMOVE a b LEFT RIGHT 0
    LMOVE a b LEFT RIGHT|BZPOPMIN a b 0|BZPOPMAX a 0|SMOVE a b m
    MSET a 1|MSET a 1 b 2 c 3|MSETNX a 1 b 2|MGET a b c|DEL a|UNLINK a b|TOUCH a b c
    EXISTS a a a|WATCH a b|PFCOUNT a b|PFMERGE d a b|SDIFFSTORE d a b|SUNION a b
    RESTORE k 0 x REPLACE|EXPIRE k 5 NX|PFDEBUG ENCODING k
"""
# Of the form of a newer server only.
VALKEY = """
    MSETEX 1 a 1|MSETEX 2 a 1 b 2 EX 5|MSETEX 3 a 1 b 2 c 3 NX KEEPTTL
    SET k v IFEQ x GET|DELIFEQ k v|HGETEX k EX 5 FIELDS 1 f
    HSETEX k FNX EX 5 FIELDS 1 f v
    HEXPIRE k 5 NX FIELDS 1 f|HTTL k FIELDS 1 f|HGETDEL k FIELDS 1 f
"""


# GETKEYS takes no single word, nor this, which the server itself executes.
REFUSED = [["pfmerge", "a0"]]


def lines(text: str) -> list[list[str]]:
    forms = text.replace("\n", "|").split("|")
    return [
        [w.replace("''", "") for w in form.split()] for form in forms if form.strip()
    ]


def asked(server: Redis, commands: Sequence[Sequence[str]]) -> list[list[str]]:
    """The keys as the server sees them; none where it says that there are none."""
    found = []
    with server.link() as link:
        for command in commands:
            try:
                keys = link.call("COMMAND", "GETKEYS", *command)
            except ReplyError as error:
                if "no key arguments" not in str(error):
                    raise
                keys = []
            assert isinstance(keys, list)
            found.append([key.decode() for key in keys if isinstance(key, bytes)])
    return found


def compare(server: Redis, commands: Sequence[Sequence[str]]) -> None:
    different = [
        f"{' '.join(command)}: ours {ours}, theirs {theirs}"
        for command, ours, theirs in zip(
            commands, keys_of(commands), asked(server, commands), strict=True
        )
        if ours != theirs
    ]
    assert not different, "\n".join(different)


def every(server: Redis) -> Iterator[list[str]]:
    """Each command that the server has, in a length that it takes, and longer ones."""
    with server.link() as link:
        top: Any = link.call("COMMAND")
    for command in [each for entry in top for each in [entry, *entry[9]]]:
        name, arity, flags = command[0].decode(), command[1], command[2]
        if b"movablekeys" in flags or not_a_key(command) or command[9]:
            continue
        words = name.split("|")
        step = max(command[5], 1)
        for more in [0] if arity > 0 else [0, step, 2 * step, 5 * step]:
            count = abs(arity) - len(words) + more
            line = [*words, *(f"a{i}" for i in range(count))]
            if len(line) > 1 and line not in REFUSED:
                yield line


def not_a_key(command: list[object]) -> bool:
    """SPUBLISH and its kin: what stands where a key would is placed like one, but the
    server calls it a channel, or a cursor."""
    return b"not_key" in repr(command[8]).encode()


@pytest.fixture(params=["redis", "valkey"])
def server(request: pytest.FixtureRequest) -> Redis:
    found: Redis = request.getfixturevalue(request.param)
    return found


def test_every_command(server: Redis) -> None:
    commands = list(every(server))
    assert len(commands) > 700
    compare(server, commands)


def test_movable_keys(server: Redis) -> None:
    compare(server, lines(LINES))
    if server.version == "valkey":
        compare(server, lines(VALKEY))


def test_random_lines(server: Redis) -> None:
    """Commands with movable keys of random lengths, their options among their keys."""
    chance = random.Random(7)
    words = ["k", "store", "STREAMS", "keys", "by", "GET", "limit", "7", "x y", "é"]
    commands: list[list[str]] = []
    for _ in range(300):
        keys = chance.choices(words, k=chance.randint(1, 9))
        count, rest = str(len(keys)), chance.choices(words, k=chance.randint(0, 3))
        commands += [
            [chance.choice(["EVAL", "evalsha", "FCALL"]), "s", count, *keys, *rest],
            [chance.choice(["ZUNIONSTORE", "ZDIFFSTORE"]), "d", count, *keys],
            [chance.choice(["ZUNION", "ZINTER", "SINTERCARD"]), count, *keys],
            ["BLMPOP", "0", count, *keys, "LEFT"],
            ["XREAD", "COUNT", "2", "STREAMS", *keys, *("0" for _ in keys)],
            ["MIGRATE", "h", "1", "", "0", "1", "AUTH", "KEYS", "KEYS", *keys],
        ]
    compare(server, commands)
