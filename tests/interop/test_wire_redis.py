"""src/wire against a real redis-server: every type of RESP3, and RESP2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .wire_peer import Peer, free_port, peer, running


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    home: Path = tmp_path_factory.mktemp("redis")
    number = free_port()
    options = {
        "port": str(number),
        "bind": "127.0.0.1",
        "dir": str(home),
        "save": "",
        "appendonly": "no",
        "enable-debug-command": "yes",
    }
    command = ["redis-server"]
    for name, value in options.items():
        command += [f"--{name}", value]
    with running(command, number):
        yield number


@pytest.fixture
def two(port: int) -> Iterator[Peer]:
    with peer(port, "resp-command", "resp") as link:
        yield link


@pytest.fixture
def three(two: Peer) -> Peer:
    hello = two.talk(b"HELLO 3\n", ") .")
    assert hello[0].startswith("map ")
    assert hello[hello.index('bulk "proto"') + 1] == "integer 3"
    return two


# Redis 7.0 answers `DEBUG PROTOCOL type` with one reply of that type.
TYPES = [
    ("string", ['bulk "Hello World" .']),
    ("integer", ["integer 12345 ."]),
    ("double", ["double 3.141 ."]),
    ("null", ["null _ ."]),
    ("array", ["array 3", "integer 0", "integer 1", "integer 2 ) ."]),
    ("set", ["set 3", "integer 0", "integer 1", "integer 2 ) ."]),
    ("true", ["boolean 1 ."]),
    ("false", ["boolean 0 ."]),
    ("bignum", ['big "1234567999999999999999999999999999999" .']),
    ("verbatim", ['verbatim txt "This is a verbatim\\nstring" .']),
]


@pytest.mark.parametrize(("name", "events"), TYPES)
def test_type(three: Peer, name: str, events: list[str]) -> None:
    assert three.talk(f"DEBUG PROTOCOL {name}\n".encode(), " .") == events


def test_map(three: Peer) -> None:
    assert three.talk(b"DEBUG PROTOCOL map\n", " .") == [
        "map 3",
        *["integer 0", "boolean 0"],
        *["integer 1", "boolean 1"],
        *["integer 2", "boolean 0 ) ."],
    ]


def test_attribute_belongs_to_the_value_behind_it(three: Peer) -> None:
    events = three.talk(b"DEBUG PROTOCOL attrib\n", " .")
    assert events[0] == "attribute 1"
    assert events[-1].startswith('bulk "Some real reply')
    assert sum(line.endswith(" .") for line in events) == 1


def test_push_is_a_message_of_its_own(three: Peer) -> None:
    """Redis pushes first, then answers the command itself."""
    events = three.talk(b"DEBUG PROTOCOL push\nPING\n", 'simple "PONG"')
    assert events[0] == "push 2"
    assert events[-1] == 'simple "PONG" .'


def test_tracking_push(three: Peer, port: int) -> None:
    assert three.talk(b"CLIENT TRACKING on BCAST PREFIX wire:\n", "OK")[0]
    with peer(port, "resp-command", "resp") as other:
        assert other.talk(b"SET wire:k 1\n", " .") == ['simple "OK" .']
    events = three.listen(" .")
    assert events == ["push 2", 'bulk "invalidate"', "array 1", 'bulk "wire:k" )) .']


def test_strings_and_errors(two: Peer) -> None:
    assert two.talk(b"SET k 'a b'\n", " .") == ['simple "OK" .']
    assert two.talk(b"GET k\n", " .") == ['bulk "a b" .']
    assert two.talk(b"GET none\n", " .") == ["null $ ."]
    assert two.talk(b"LPUSH k 1\n", " .")[0].startswith('error "WRONGTYPE ')
    assert two.talk(b"BLPOP none 0.01\n", " .") == ["null * ."]
    zset = two.talk(b"ZADD z 1.5 a\nZSCORE z a\n", 'bulk "1.5"')
    assert zset == ["integer 1 .", 'bulk "1.5" .']


def test_score_is_a_double_in_resp3(three: Peer) -> None:
    """Redis 7.0 writes 17 digits where we write the fewest; the number is the same."""
    assert three.talk(b"ZADD z3 0.1 a inf b -2.5 c\n", " .") == ["integer 3 ."]
    said = three.talk(b"ZSCORE z3 a\n", " .", same=False)
    assert said == ["double 0.10000000000000001 ."]
    assert three.talk(b"ZSCORE z3 b\n", " .") == ["double inf ."]
    assert three.talk(b"ZSCORE z3 c\n", " .") == ["double -2.5 ."]


def test_any_bytes(two: Peer) -> None:
    """All 256 bytes as a value, composed by us and given back by Redis."""
    value = bytes(range(256)) * 40
    asked = b"*3\r\n$3\r\nSET\r\n$3\r\nbin\r\n$%d\r\n%s\r\n" % (len(value), value)
    assert two.talk(asked, " .") == ['simple "OK" .']
    assert two.talk(b"STRLEN bin\n", " .") == [f"integer {len(value)} ."]
    assert two.talk(b"GET bin\n", " .")[0].startswith(f"bulk <{len(value)} bytes")


def test_a_large_nested_reply(three: Peer) -> None:
    """Maps in arrays in maps, some thousand elements, in many pieces."""
    events = three.talk(b"COMMAND DOCS get set mget\n", ") .")
    assert events[0] == "map 3"
    assert len(events) > 100


def test_pipeline(two: Peer) -> None:
    asked = b"".join(b"SET p%d v%d\n" % (i, i) for i in range(100))
    asked += b"MGET " + b" ".join(b"p%d" % i for i in range(100)) + b"\n"
    events = two.talk(asked, 'bulk "v99" ) .')
    assert events.count('simple "OK" .') == 100
    assert events[100] == "array 100"
