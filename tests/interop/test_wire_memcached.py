"""src/wire against a real memcached: classic and meta, leases, keys of any bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from .wire_peer import Peer, free_port, peer, running


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    number = free_port()
    command = ["memcached", "-l", "127.0.0.1", "-p", str(number), "-U", "0"]
    with running([*command, "-u", "nobody"], number):
        yield number


@pytest.fixture
def classic(port: int) -> Iterator[Peer]:
    with peer(port, "classic-request", "classic-reply") as link:
        link.talk(b"flush_all\r\n", "OK")
        yield link


@pytest.fixture
def meta(port: int) -> Iterator[Peer]:
    with peer(port, "meta-request", "meta-reply") as link:
        yield link


def test_classic_storage(classic: Peer) -> None:
    assert classic.talk(b"set k 5 0 3\r\nabc\r\n", " .") == ["STORED ."]
    assert classic.talk(b"add k 0 0 1\r\nx\r\n", " .") == ["NOT_STORED ."]
    assert classic.talk(b"append k 0 0 2\r\nde\r\n", " .") == ["STORED ."]
    assert classic.talk(b"prepend k 0 0 1\r\n_\r\n", " .") == ["STORED ."]
    assert classic.talk(b"get k none\r\n", "END") == [
        'VALUE "k" flags 5 "_abcde"',
        "END .",
    ]
    assert classic.talk(b"replace none 0 0 1\r\nx\r\n", " .") == ["NOT_STORED ."]
    assert classic.talk(b"gat 100 k\r\n", "END")[0].startswith('VALUE "k"')
    assert classic.talk(b"touch k 10\r\n", " .") == ["TOUCHED ."]
    assert classic.talk(b"delete k\r\n", " .") == ["DELETED ."]
    assert classic.talk(b"delete k\r\n", " .") == ["NOT_FOUND ."]


def test_classic_cas(classic: Peer) -> None:
    classic.talk(b"set c 0 0 1\r\n1\r\n", " .")
    value, end = classic.talk(b"gets c\r\n", "END")
    version = int(value.rpartition(" ")[2])
    asked = b"cas c 0 0 1 %d\r\n2\r\n" % version
    assert classic.talk(asked, " .") == ["STORED ."]
    assert classic.talk(asked, " .") == ["EXISTS ."]
    assert end == "END ."


def test_classic_counters_and_the_rest(classic: Peer) -> None:
    classic.talk(b"set n 0 0 1\r\n9\r\n", " .")
    assert classic.talk(b"incr n 1\r\n", " .") == ["number 10 ."]
    assert classic.talk(b"decr n 1\r\n", " .") == ["number 9 ."]
    assert classic.talk(b"incr none 1\r\n", " .") == ["NOT_FOUND ."]
    assert classic.talk(b"version\r\n", " .")[0].startswith('VERSION "1.')
    assert classic.talk(b"verbosity 0\r\n", " .") == ["OK ."]
    stats = classic.talk(b"stats\r\n", "END")
    assert 'STAT "curr_connections"' in "\n".join(stats)
    assert classic.talk(b"set q 0 0 1 noreply\r\nx\r\nget q\r\n", "END") == [
        'VALUE "q" flags 0 "x"',
        "END .",
    ]
    classic.talk(b"set t 0 0 1\r\nx\r\n", " .")
    assert classic.talk(b"incr t 1\r\n", " .")[0].startswith('CLIENT_ERROR "cannot')


def test_meta_flags(meta: Peer) -> None:
    assert meta.talk(b"ms foo 2 T60 F30 c O1 k\r\nhi\r\n", "HD")[0].startswith("HD [O")
    said = meta.talk(b"mg foo v k O7 c f h l s t\r\n", "VA")[0]
    for part in ('k "foo"', 'O "7"', "f 30", "h 0", "s 2", "t 60", '"hi"'):
        assert part in said
    assert meta.talk(b"mg none v\r\n", "EN") == ["EN"]
    assert meta.talk(b"mg none v q\r\nmn\r\n", "MN") == ["MN"]
    assert meta.talk(b"ms foo 1 ME\r\nx\r\n", "NS") == ["NS"]
    assert meta.talk(b"ms foo 1 C1\r\nx\r\n", "EX") == ["EX"]
    assert meta.talk(b"ms foo 2 MA\r\n!!\r\nmg foo v\r\n", "VA") == ["HD", 'VA "hi!!"']
    assert meta.talk(b"md foo q\r\nmg foo v\r\n", "EN") == ["EN"]
    assert meta.talk(b"md foo\r\n", "NF") == ["NF"]


def test_meta_arithmetic(meta: Peer) -> None:
    assert meta.talk(b"ma sum N0 J5 v\r\n", "VA") == ['VA "5"']
    assert meta.talk(b"ma sum D7 v t c\r\n", "VA")[0].endswith('"12"')
    assert meta.talk(b"ma sum MD D2 v\r\n", "VA") == ['VA "10"']
    assert meta.talk(b"me sum\r\n", "ME")[0].startswith('ME "sum exp=')
    assert meta.talk(b"me none\r\n", "EN") == ["EN"]


def test_meta_lease(meta: Peer) -> None:
    """The first of two is told to fill; an invalidation meanwhile refuses the fill."""
    first = meta.talk(b"mg lease c v N30\r\n", "VA")[0]
    assert first.startswith("VA [Wc]")
    assert meta.talk(b"mg lease c v N30\r\n", "VA")[0].startswith("VA [Zc]")
    version = int(first.split()[3])
    assert meta.talk(b"ms lease 1 C%d T60\r\nx\r\n" % version, "HD") == ["HD"]
    assert meta.talk(b"ms lease 1 C%d T60\r\ny\r\n" % version, "EX") == ["EX"]
    assert meta.talk(b"md lease I T30\r\n", "HD") == ["HD"]
    assert meta.talk(b"mg lease v\r\n", "VA") == ['VA [WX] "x"']
    assert meta.talk(b"mg lease v\r\n", "VA") == ['VA [XZ] "x"']


def test_meta_binary_keys(meta: Peer) -> None:
    for raw in (b"a b", bytes(range(33)), b"\xff" * 186):
        sent = base64.b64encode(raw)
        assert meta.talk(b"ms %s 1 b T60\r\nx\r\n" % sent, "HD")[0].startswith("HD")
        said = meta.talk(b"mg %s b k v\r\n" % sent, "VA")[0]
        assert sent.decode() in said or "<" in said
        assert said.endswith('"x"')


def test_a_large_value(meta: Peer) -> None:
    value = bytes(range(256)) * 2000
    asked = b"ms big %d\r\n%s\r\n" % (len(value), value)
    assert meta.talk(asked, "HD") == ["HD"]
    assert f"<{len(value)} bytes" in meta.talk(b"mg big v\r\n", "VA")[0]


def test_errors(meta: Peer, classic: Peer) -> None:
    too_large = b"ms huge %d\r\n%s\r\n" % (2 << 20, b"x" * (2 << 20))
    said = meta.talk(too_large, "SERVER_ERROR")
    assert said == ['SERVER_ERROR "object too large for cache"']
    classic.socket.sendall(b"nonsense\r\n")
    assert classic.listen(" .") == ["ERROR ."]
    classic.socket.sendall(b"set k 0 0 1\r\nabc\r\n")
    assert classic.listen(" .")[0] == 'CLIENT_ERROR "bad data chunk" .'
