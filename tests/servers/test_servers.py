"""The servers themselves: they come up, answer, go down, and leave nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import (
    HOST,
    Certificates,
    Link,
    Memcached,
    Nutcracker,
    Port,
    Redis,
    ReplyError,
    Sentinels,
    Server,
    ServerError,
    process,
    until,
)

ROOT = Path(__file__).resolve().parents[2]


def is_gone(pid: int) -> bool:
    """No such process, or only its status waits for a parent that does not ask."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made, to see that none is left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def answers(server: Server) -> bool:
    if isinstance(server, Redis):
        return server.call("SET", "k", "v") == b"OK"
    if isinstance(server, Memcached):
        return server.set(b"k", b"v") == b"STORED"
    with Link(HOST, server.port) as link:  # twemproxy, whose server is not there
        link.send(b"get k\r\n")
        return link.line().startswith(b"SERVER_ERROR")


@pytest.mark.parametrize(
    "make",
    [
        Redis,
        lambda: Redis("valkey"),
        lambda: Redis(password='with "quotes" and space', unix=True),
        Memcached,
        lambda: Memcached(unix=True),
        lambda: Nutcracker(["127.0.0.1:1"]),
    ],
    ids=["redis", "valkey", "password", "memcached", "unix", "nutcracker"],
)
def test_life(make: Callable[[], Server], scratch: Path) -> None:
    server = make()
    with server:
        assert answers(server)
        pid, port = server.pid, server.port
        assert list(scratch.iterdir()) == [server.folder]
    assert is_gone(pid)
    assert list(scratch.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        Link(HOST, port)


def test_given_folder_stays(tmp_path: Path) -> None:
    with Redis(folder=tmp_path / "mine") as server:
        assert server.folder == tmp_path / "mine"
    assert "Ready to accept connections" in (tmp_path / "mine" / "log").read_text()


def test_versions(redis: Redis, valkey: Redis) -> None:
    assert "valkey_version" not in redis.info("server")
    assert valkey.info("server")["valkey_version"].startswith("9.")


def test_password_is_not_in_the_list_of_processes() -> None:
    with Redis(password="secret-word") as server:
        assert b"secret" not in Path(f"/proc/{server.pid}/cmdline").read_bytes()
        with Link(HOST, server.port) as link, pytest.raises(ReplyError, match="NOAUTH"):
            link.call("GET", "k")


def test_users(serve: Callable[[Redis], Redis]) -> None:
    server = serve(Redis(acl=["alice on >one ~a:* +get", "bob off"]))
    with server.link() as link:
        assert link.call("AUTH", "alice", "one") == b"OK"
        assert link.call("GET", "a:1") is None
        with pytest.raises(ReplyError, match="NOPERM"):
            link.call("GET", "b:1")


def test_shared_ones_are_empty(redis: Redis, memcached: Memcached) -> None:
    redis.call("SET", "k", "v")
    assert memcached.set(b"k", b"v") == b"STORED"
    assert memcached.get(b"k") == b"v"
    memcached.clear()
    assert memcached.get(b"k") is None


def test_item_max(serve: Callable[[Memcached], Memcached]) -> None:
    server = serve(Memcached(item_max="2m", more=["-c", "64"]))
    assert server.stats("settings")["item_size_max"] == str(2 << 20)
    assert server.stats("settings")["maxconns"] == "64"
    assert server.set(b"k", b"x" * 1_500_000) == b"STORED"
    assert server.set(b"k", b"x" * 2_500_000).startswith(b"SERVER_ERROR")


@pytest.mark.parametrize("make", [Redis, Memcached], ids=["redis", "memcached"])
def test_tls(
    make: Callable[..., Redis | Memcached],
    certificates: Certificates,
    serve: Callable[[Server], Server],
) -> None:
    server = make(tls=certificates)
    serve(server)
    port = server.tls_port if isinstance(server, Redis) else server.port
    with Link(HOST, port, tls=certificates.context()) as link:
        link.send(b"mn\r\n" if isinstance(server, Memcached) else b"PING\r\n")
        assert link.line() in (b"MN", b"+PONG")
    stranger = ssl.create_default_context(cafile=str(certificates.other_ca))
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        Link(HOST, port, tls=stranger)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("server", None),
        ("client", "mismatch"),
        ("other_name", "mismatch"),
        ("expired", "expired"),
        ("other", "unable to get local issuer"),
    ],
)
def test_certificates(certificates: Certificates, name: str, said: str | None) -> None:
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = getattr(certificates, name)
    shown.load_cert_chain(file, certificates.key(file))
    near, far = socket.socketpair()

    def serve() -> None:
        with near, contextlib.suppress(OSError):
            shown.wrap_socket(near, server_side=True).close()

    thread = threading.Thread(target=serve)
    thread.start()
    result = None
    with far:
        try:
            with certificates.context().wrap_socket(far, server_hostname=HOST):
                pass
        except ssl.SSLCertVerificationError as error:
            result = error.verify_message
    thread.join()
    assert (result or "").find(said or "") >= 0
    assert (result is None) == (said is None)


# ---- starting


def test_log_is_shown(scratch: Path) -> None:
    with pytest.raises(ServerError, match="no-such-setting") as caught:
        Redis(config={"no-such-setting": 1}).start()
    assert "ended with status 1" in str(caught.value)
    assert list(scratch.iterdir()) == []


def test_silence_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Memcached()
    monkeypatch.setattr(server, "is_ready", lambda: False)
    server.launch()
    with pytest.raises(ServerError, match="did not answer in 0 s"):
        server.wait(seconds=0.2)
    assert is_gone(server.pid)
    server.stop()


def test_missing_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PLACES", "")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ServerError, match="memcached is not installed: run `tools"):
        Memcached().start()


@pytest.mark.parametrize("make", [Redis, Memcached], ids=["redis", "memcached"])
def test_stranger_on_the_port(
    make: Callable[[], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as stranger:
        stranger.bind((HOST, 0))
        taken = int(stranger.getsockname()[1])
        given: list[Port] = []

        class Unlucky(Port):
            def __init__(self) -> None:
                super().__init__()
                given.append(self)
                if len(given) == 1:
                    self.number = taken

        monkeypatch.setattr(process, "Port", Unlucky)
        with make() as server:
            assert answers(server)
            assert server.port != taken
    assert len(given) > 1


def test_port_is_reserved() -> None:
    port = Port()
    with socket.socket(socket.AF_UNIX) as other:
        name = f"\0pinyon-test-port-{port.number}"
        with pytest.raises(OSError, match="in use"):
            other.bind(name)
        port.close()
        other.bind(name)


# ---- what happens to them


def test_faults(serve: Callable[[Redis], Redis]) -> None:
    server = serve(Redis())
    port = server.port
    server.call("SET", "k", "v")
    server.pause()
    with Link(HOST, port, seconds=0.1) as link, pytest.raises(TimeoutError):
        link.call("GET", "k")
    assert server.is_running()
    assert not server.is_answering()
    server.resume()
    assert server.call("GET", "k") == b"v"
    server.kill()
    assert server.status() == -signal.SIGKILL
    with pytest.raises(ConnectionRefusedError):
        server.call("GET", "k")
    server.restart()
    assert server.port == port
    assert server.call("GET", "k") is None


def test_paused_one_can_be_stopped() -> None:
    with Memcached() as server:
        server.pause()
    assert is_gone(server.pid)


def test_thread_that_started_it_may_end() -> None:
    server = Redis()
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    try:
        assert server.call("PING") == b"PONG"
    finally:
        server.stop()


FATHER = """
import sys, threading, time
from tests.servers import Cluster, Memcached, Nutcracker, Redis
servers = [Redis(), Redis("valkey"), Memcached()]
for server in servers:
    server.start()
late = Redis()
thread = threading.Thread(target=late.start)
thread.start()
thread.join()
servers[0].pause()
print(*(server.pid for server in [*servers, late]), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_none_outlives_who_started_it(scratch: Path, number: signal.Signals) -> None:
    father = subprocess.Popen(
        [sys.executable, "-c", FATHER],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with father:
        assert father.stdout is not None
        pids = [int(word) for word in father.stdout.readline().split()]
        father.send_signal(number)
    assert len(pids) == 4
    until(lambda: all(is_gone(pid) for pid in pids), "the servers to die", 20)


def test_until() -> None:
    seen: list[int] = []

    def third_time() -> bool:
        seen.append(1)
        if len(seen) == 1:
            raise ConnectionRefusedError
        return len(seen) == 3

    until(third_time, "the third time")
    assert len(seen) == 3
    with pytest.raises(ServerError, match="in vain for nothing"):
        until(lambda: False, "nothing", 0.01)


# ---- several


def test_nutcracker(memcacheds: list[Memcached]) -> None:
    addresses = [server.address for server in memcacheds]
    before = [int(server.stats()["curr_items"]) for server in memcacheds]
    with Nutcracker(addresses, distribution="modula") as proxy, proxy.link() as link:
        for i in range(60):
            link.send(b"set %d-key 0 0 1\r\nx\r\n" % i)
            assert link.line() == b"STORED"
    counts = [int(server.stats()["curr_items"]) for server in memcacheds]
    new = [now - then for now, then in zip(counts, before, strict=True)]
    assert sum(new) == 60
    assert min(new) > 0


@pytest.mark.parametrize("version", ["redis", "valkey"])
def test_replica(version: str, serve: Callable[[Redis], Redis]) -> None:
    primary = serve(Redis(version, password="p"))  # type: ignore[arg-type]
    primary.call("SET", "k", "v")
    replica = serve(Redis(version, password="p", replica_of=primary))  # type: ignore[arg-type]
    replica.until_synced()
    assert replica.call("GET", "k") == b"v"
    assert (primary.role, replica.role) == ("master", "slave")
    with pytest.raises(ReplyError, match="READONLY"):
        replica.call("SET", "k", "w")


@pytest.mark.parametrize("version", ["redis", "valkey"])
def test_sentinels(version: str) -> None:
    with Sentinels(
        version=version,  # type: ignore[arg-type]
        password="one",
        sentinel_password="two",
    ) as fleet:
        pids = [server.pid for server in (*fleet.servers, *fleet.sentinels)]
        assert len(pids) == 6
        old = fleet.primary
        assert old is fleet.servers[0]
        old.kill()
        fleet.until_promoted(old)
        old.restart()
        fleet.until_settled()  # whoever is primary now: see Sentinels.epoch
        assert {server.role for server in fleet.replicas} == {"slave"}
        before = fleet.epoch
        fleet.failover()
        assert fleet.epoch > before
    assert all(is_gone(pid) for pid in pids)
