"""memcached, and twemproxy (nutcracker) in front of several."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from .certificates import Certificates
from .link import Link
from .process import HOST, Server, program


class Memcached(Server):
    """One memcached.

    MEMORY and ITEM_MAX are what its -m and -I take ("1m"); MORE are further arguments.
    With TLS everything speaks it, and with UNIX it listens at `socket` only.
    """

    name = "memcached"
    ending = (
        signal.SIGKILL
    )  # it looks for SIGTERM once a second, and has nothing to save

    def __init__(
        self,
        *,
        memory: int = 64,
        item_max: str = "1m",
        tls: Certificates | None = None,
        unix: bool = False,
        more: Sequence[str] = (),
        folder: Path | None = None,
    ) -> None:
        super().__init__(folder)
        self._memory = memory
        self._item_max = item_max
        self._tls = tls
        self._is_unix = unix
        self._more = list(more)

    @property
    def socket(self) -> str:
        return str(self.folder / "socket")

    @property
    def address(self) -> str:
        return self.socket if self._is_unix else super().address

    def command(self) -> list[str]:
        where = ["-l", HOST, "-p", str(self.port)]
        if self._is_unix:
            where = ["-s", self.socket]
        command = [program("memcached"), *where, "-U", "0", "-t", "2"]
        command += ["-m", str(self._memory), "-I", self._item_max]
        if os.geteuid() == 0:
            command += ["-u", "root"]  # a change of user would undo the death signal
        if self._tls is not None:
            names = ("ssl_chain_cert", "ssl_key", "ssl_ca_cert")
            files = (self._tls.server, self._tls.server_key, self._tls.ca)
            options = [f"{n}={f}" for n, f in zip(names, files, strict=True)]
            command += ["-Z", "-o", ",".join(options)]
        return command + self._more

    def is_ready(self) -> bool:
        return self.stats()["pid"] == str(self.pid)

    # ---- asked by the tests' own connection

    def link(self) -> Link:
        tls = None if self._tls is None else self._tls.context()
        return Link(self.socket if self._is_unix else HOST, self.port, tls=tls)

    def stats(self, *what: str) -> dict[str, str]:
        with self.link() as link:
            link.send(" ".join(("stats", *what)).encode() + b"\r\n")
            found: dict[str, str] = {}
            while (line := link.line()) != b"END":
                _, name, value = line.decode().split(" ", 2)
                found[name] = value
            return found

    def get(self, key: bytes) -> bytes | None:
        with self.link() as link:
            link.send(b"get %s\r\n" % key)
            line = link.line()
            if line == b"END":
                return None
            return link.exactly(int(line.split()[3]) + 2)[:-2]

    def set(self, key: bytes, value: bytes, ttl: int = 0) -> bytes:
        """Returns what the server says: b"STORED", or an error of its."""
        with self.link() as link:
            link.send(b"set %s 0 %d %d\r\n%s\r\n" % (key, ttl, len(value), value))
            return link.line()

    def delete(self, key: bytes) -> bytes:
        with self.link() as link:
            link.send(b"delete %s\r\n" % key)
            return link.line()

    def clear(self) -> None:
        with self.link() as link:
            link.send(b"flush_all\r\n")
            assert link.line() == b"OK"


CONFIGURATION = """\
pool:
  listen: {listen}
  hash: {hash}
  distribution: {distribution}
  redis: {redis}
  auto_eject_hosts: false
  timeout: 2000
{tag}  servers:
{servers}
"""


class Nutcracker(Server):
    """twemproxy in front of SERVERS: "host:port" or "host:port:weight name"."""

    name = "nutcracker"
    port_count = 2  # the second answers with its statistics
    ending = signal.SIGKILL

    def __init__(
        self,
        servers: Sequence[str],
        *,
        hash: str = "fnv1a_64",
        distribution: str = "ketama",
        hash_tag: str | None = None,
        redis: bool = False,
        folder: Path | None = None,
    ) -> None:
        super().__init__(folder)
        self._servers = list(servers)
        self._hash = hash
        self._distribution = distribution
        self._hash_tag = hash_tag
        self._is_redis = redis

    def configure(self) -> None:
        lines = []
        for server in self._servers:
            address, _, name = server.partition(" ")
            weighted = address if address.count(":") == 2 else f"{address}:1"
            lines.append(f"   - {weighted} {name}".rstrip())
        tag = f'  hash_tag: "{self._hash_tag}"\n' if self._hash_tag else ""
        text = CONFIGURATION.format(
            listen=self.address,
            hash=self._hash,
            distribution=self._distribution,
            redis="true" if self._is_redis else "false",
            tag=tag,
            servers="\n".join(lines),
        )
        (self.folder / "nutcracker.yml").write_text(text)

    def command(self) -> list[str]:
        command = [program("nutcracker"), "-c", str(self.folder / "nutcracker.yml")]
        return [*command, "-a", HOST, "-s", str(self._ports[1].number)]

    def is_ready(self) -> bool:
        with self.link(), Link(HOST, self._ports[1].number) as statistics:
            return b"nutcracker" in statistics.exactly(40)

    def link(self) -> Link:
        return Link(HOST, self.port)
