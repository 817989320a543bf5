"""The handshake of src/client against real servers, old and new, willing or not."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.servers import HOST, Cluster, Memcached, Nutcracker, Redis, Sentinels
from tests.servers.redis import Version

from .client_peer import encoded, shake

SECRET = 'c0rrect h0rse "battery"'
Serve = Callable[[Any], Any]
VERSIONS = pytest.mark.parametrize("version", ["redis", "valkey"])


def greet(port: int, **options: object) -> str:
    with socket.create_connection((HOST, port)) as link:
        return shake(link, **options)


def ask(link: socket.socket, *words: str) -> str:
    """One command, and the bytes that come until nothing more does."""
    link.sendall(encoded([*words]) + encoded(["ECHO", "the end"]))
    said = b""
    while not said.endswith(b"the end\r\n"):
        more = link.recv(1 << 16)
        assert more, said
        said += more
    return said.decode()


def test_redis(redis: Redis) -> None:
    said = greet(redis.port)
    assert said == "done protocol=3 version=07000f valkey=0 fallback=0"
    assert greet(redis.port, protocol=2).startswith("done protocol=2 version=000000")


def test_valkey(valkey: Redis) -> None:
    said = greet(valkey.port)
    assert said.startswith("done protocol=3 version=09")
    assert said.endswith("valkey=1 fallback=0")


@VERSIONS
def test_what_was_said_holds(serve: Serve, version: Version) -> None:
    server = serve(Redis(version, password=SECRET))
    for protocol in (3, 2):
        with socket.create_connection((HOST, server.port)) as link:
            said = shake(
                link,
                password=SECRET,
                db=3,
                name="me",
                library="1.2",
                role="primary",
                protocol=protocol,
            )
            assert said.startswith(f"done protocol={protocol} ")
            info = ask(link, "CLIENT", "INFO")
            assert " name=me " in info
            assert " db=3 " in info
            assert f" resp={protocol}" in info
            assert ("lib-name=pinyon" in info) == (version == "valkey")


@VERSIONS
@pytest.mark.parametrize("protocol", [3, 2])
def test_refused_password(serve: Serve, version: Version, protocol: int) -> None:
    port = serve(Redis(version, password=SECRET)).port
    said = greet(port, protocol=protocol, password="wr0ngness")
    assert said.startswith("PN_CLIENT_E_AUTH ")
    assert "WRONGPASS" in said
    said = greet(port, protocol=protocol, db=1)
    assert said.startswith("PN_CLIENT_E_AUTH ")
    assert "NOAUTH" in said


def test_password_that_is_not_asked_for(redis: Redis) -> None:
    """The user `default` of HELLO takes any; AUTH alone calls it a mistake."""
    assert greet(redis.port, password="anything").startswith("done")
    said = greet(redis.port, password="anything", protocol=2)
    assert said.startswith("PN_CLIENT_E_AUTH ")
    assert "without any password configured" in said


@VERSIONS
def test_user_of_few_rights(serve: Serve, version: Version) -> None:
    """No CLIENT, and so no SETINFO: of no matter. No ROLE: it cannot be verified."""
    acl = ["alice on >wonderland ~* +@all -client -role", "bob on nopass ~* +@all"]
    port = serve(Redis(version, acl=acl)).port
    alice = {"username": "alice", "password": "wonderland"}
    assert greet(port, **alice, library="1").startswith("done protocol=3")
    assert greet(port, **alice, protocol=2, name="me").startswith("done protocol=2")
    said = greet(port, **alice, role="primary")
    assert said.startswith("PN_CLIENT_E_ROLE ")
    assert "NOPERM" in said
    assert greet(port, username="bob").startswith("done")
    assert "WRONGPASS" in greet(port, username="alice", password="looking-glass")


@VERSIONS
def test_server_without_hello(serve: Serve, version: Version) -> None:
    """As all were before Redis 6, and many proxies are."""
    config = {"rename-command": 'HELLO ""'}
    port = serve(Redis(version, password=SECRET, config=config)).port
    said = greet(port, password=SECRET, db=1, name="me")
    assert said == "done protocol=2 version=000000 valkey=0 fallback=1"
    said = greet(port, password="wr0ngness")
    assert said.startswith("PN_CLIENT_E_AUTH ")
    assert "wr0ng" not in said
    assert greet(port, password=SECRET, name="a b").startswith("PN_CLIENT_E_HELLO ")


@VERSIONS
def test_refused_settings(serve: Serve, version: Version) -> None:
    port = serve(Redis(version)).port
    said = greet(port, db=99)
    assert said == "PN_CLIENT_E_HELLO loading=0 full=0: ERR DB index is out of range"
    said = greet(port, name="a b")
    assert said.startswith("PN_CLIENT_E_HELLO ")
    assert "names cannot contain spaces" in said


def test_readonly(serve: Serve, redis: Redis) -> None:
    said = greet(redis.port, readonly="yes")
    assert "cluster support disabled" in said
    cluster = serve(Cluster(3, 1))
    replica = cluster.replicas[0].port
    assert greet(replica, readonly="yes", role="replica").startswith("done")
    assert "SELECT is not allowed" in greet(replica, db=1)


@VERSIONS
def test_role(serve: Serve, version: Version) -> None:
    primary = serve(Redis(version))
    replica = serve(Redis(version, replica_of=primary))
    replica.until_synced()
    assert greet(primary.port, role="primary").startswith("done")
    assert greet(replica.port, role="replica").startswith("done")
    said = greet(replica.port, role="primary")
    assert said == "PN_CLIENT_E_ROLE loading=0 full=0: ROLE is slave"
    said = greet(primary.port, role="replica", protocol=2)
    assert said == "PN_CLIENT_E_ROLE loading=0 full=0: ROLE is master"


def test_demoted_valkey_redirects(serve: Serve) -> None:
    """What CLIENT CAPA redirect is said for."""
    first = serve(Redis("valkey"))
    second = serve(Redis("valkey"))
    with socket.create_connection((HOST, second.port)) as link:
        assert shake(link, role="primary").startswith("done")
        second.call("REPLICAOF", HOST, first.port)
        assert ask(link, "SET", "k", "v").startswith(
            f"-REDIRECT {HOST}:{first.port}\r\n"
        )


def test_sentinel(serve: Serve) -> None:
    fleet = serve(Sentinels(replicas=1, sentinels=1, sentinel_password=SECRET))
    port = int(fleet.addresses[0].rpartition(":")[2])
    assert greet(port, role="sentinel", password=SECRET).startswith("done protocol=2")
    assert greet(port, role="sentinel").startswith("done")  # nothing was asked
    said = greet(port, role="sentinel", password="wr0ngness")
    assert said.startswith("PN_CLIENT_E_AUTH ")


def test_too_many_clients(serve: Serve) -> None:
    server = serve(Redis(config={"maxclients": 2}))
    with (
        socket.create_connection((HOST, server.port)) as one,
        socket.create_connection((HOST, server.port)) as two,
    ):
        assert shake(one).startswith("done")
        assert shake(two).startswith("done")
        said = greet(server.port)
        assert said == (
            "PN_CLIENT_E_HELLO loading=0 full=1: ERR max number of clients reached"
        )


def test_memcached(memcached: Memcached) -> None:
    said = greet(memcached.port, memcached="yes")
    assert said == "done protocol=0 version=010612 valkey=0 fallback=0"


class Guarded(Memcached):
    """memcached -Y, which says nothing to those who have not said who they are."""

    def is_ready(self) -> bool:
        with self.link() as link:
            link.send(b"version\r\n")
            return b"unauthenticated" in link.line()


def test_memcached_with_users(serve: Serve, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("alice:wonderland\n")
    port = serve(Guarded(more=["-Y", str(users)])).port
    both = {"username": "alice", "password": "wonderland"}
    assert greet(port, memcached="yes", **both).startswith("done protocol=0")
    said = greet(port, memcached="yes", username="alice", password="looking-glass")
    assert said.startswith("PN_CLIENT_E_AUTH ")
    assert greet(port, memcached="yes").startswith("PN_CLIENT_E_AUTH ")


def test_nutcracker(serve: Serve, memcached: Memcached) -> None:
    port = serve(Nutcracker([memcached.address])).port
    assert greet(port, memcached="yes").startswith("done protocol=0")


class _Echo(socketserver.BaseRequestHandler):
    """Takes nothing, and quotes all of it: a server of another kind, or a proxy."""

    word = b"ERR"

    def handle(self) -> None:
        while heard := self.request.recv(1 << 16):
            quoted = heard.replace(b"\r\n", b" ")
            self.request.sendall(b"-%s what is %s\r\n" % (self.word, quoted))


class _Strange(_Echo):
    word = b"STRANGE"


@pytest.mark.parametrize("kind", [_Echo, _Strange])
def test_echo_does_not_tell_the_password(kind: type[_Echo]) -> None:
    """To a plain ERR the handshake is tried once more, in RESP2."""
    with socketserver.TCPServer((HOST, 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            said = greet(int(server.server_address[1]), password=SECRET)
        finally:
            server.shutdown()
            thread.join()
    if kind is _Echo:
        assert said.startswith("PN_CLIENT_E_AUTH ")
        assert "ERR what is *2 $4 AUTH $23 " in said
    else:
        assert said.startswith("PN_CLIENT_E_HELLO ")
        assert "STRANGE what is *5 $5 HELLO $1 3 $4 AUTH $7 default" in said
    pieces = [SECRET[i : i + 4] for i in range(len(SECRET) - 3)]
    assert not any(piece in said for piece in pieces)
