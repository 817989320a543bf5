"""One server process: its ports and folder, its start, its death.

A server cannot outlive whoever started it. The kernel kills it when the *thread* that
started it ends (PR_SET_PDEATHSIG, set by setpriv before the program runs), so a test
run that is killed leaves nothing behind. Servers are therefore started by the main
thread, or, asked for on another one, by a thread that lives as long as this process.
"""

from __future__ import annotations

import functools
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
SECONDS = 20.0  # for anything that should take less than one
# Milliseconds until one is believed dead, of fleets that nobody harms: a machine that
# stops for a second is to be no reason for an election.
CALM = 15_000
PLACES = "/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin"


class ServerError(Exception):
    """A server is not there, did not come up, or does not do what was asked of it."""


def program(name: str) -> str:
    """The path of a server's program, looked for where Debian and we install them."""
    here = str(Path(sys.executable).parent)
    path = shutil.which(name, path=f"{here}:{PLACES}")
    if path is None:
        raise ServerError(f"{name} is not installed: run `tools/setup servers`")
    return path


def until(condition: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
    """Returns when CONDITION holds; ServerError naming WHAT when it never does. A
    condition that cannot be asked just now (OSError) does not hold yet."""
    end = time.monotonic() + seconds
    pause = 0.002
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        if time.monotonic() > end:
            raise ServerError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


class Port:
    """A port of loopback that no other test takes, until close().

    Not one the kernel hands out by itself: such a port may become the near end of
    anybody's connection while its server is down, even of a connection to itself. The
    reservation is a socket in the abstract name space: it ends with its process and
    leaves no file. A stranger may still take the port, so a start may have to be
    repeated with another.
    """

    number: int

    def __init__(self) -> None:
        self._mark = socket.socket(socket.AF_UNIX)
        limits = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
        candidates = range(10_000, int(limits[0]))
        for number in random.sample(candidates, k=500):
            try:
                self._mark.bind(f"\0pinyon-test-port-{number}")
            except OSError:
                continue
            if _is_free(number):
                self.number = number
                return
            self._mark.close()
            self._mark = socket.socket(socket.AF_UNIX)
        self._mark.close()
        raise ServerError("500 ports in a row are taken")

    def close(self) -> None:
        self._mark.close()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


@functools.cache
def _starter(pid: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix=f"servers-of-{pid}")


def _spawn(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    def start() -> subprocess.Popen[bytes]:
        with (folder / "log").open("ab") as log:
            # What is loaded into a test's interpreter (a sanitizer) is not for them.
            clean = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *command],
                cwd=folder,
                env=clean,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which stop servers
            )

    if threading.current_thread() is threading.main_thread():
        return start()
    return _starter(os.getpid()).submit(start).result()


class Server:
    """A process that listens on loopback. Subclasses say which, and how it is asked.

        with Redis() as server:
            server.address              # "127.0.0.1:23456"
            server.kill()               # SIGKILL; its port stays reserved
            server.restart()            # comes back there, empty
            server.pause()              # SIGSTOP: accepts connections, says nothing
            server.resume()

    FOLDER is where it lives; without one it has a temporary folder that stop() removes.
    Threads: one at a time.
    """

    name = "server"
    port_count = 1
    ending = signal.SIGTERM  # how it is asked to end

    def __init__(self, folder: Path | None = None) -> None:
        self._given = folder
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ports: list[Port] = []
        self._is_paused = False

    # ---- what a subclass says

    def command(self) -> list[str]:
        """Program and arguments."""
        raise NotImplementedError

    def configure(self) -> None:
        """Writes the files the program reads. Once for each choice of ports."""

    def is_ready(self) -> bool:
        """Does *this* process answer? OSError: not yet."""
        raise NotImplementedError

    # ---- where it is

    @property
    def port(self) -> int:
        return self._ports[0].number

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def folder(self) -> Path:
        if self._given is not None:
            return self._given
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="pinyon-")
        return Path(self._temporary.name)

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self!r} was never started"
        return self._process.pid

    def __repr__(self) -> str:
        where = self.address if self._ports else "not started"
        return f"<{type(self).__name__} {self.name} {where}>"

    # ---- its life

    def launch(self) -> None:
        """Starts the process and does not wait for it: several can come up at once."""
        if not self._ports:
            self._ports = [Port() for _ in range(self.port_count)]
            self.folder.mkdir(parents=True, exist_ok=True)
            self.configure()
        self._process = _spawn(self.command(), self.folder)
        self._is_paused = False

    def wait(self, seconds: float = SECONDS) -> None:
        """Returns when it answers. When a stranger was faster, on other ports."""
        end = time.monotonic() + seconds

        def settled() -> bool:
            return not self.is_running() or self.is_ready()

        while True:
            try:
                until(settled, "an answer", end - time.monotonic())
            except ServerError:
                self.kill()
                raise self._failed(f"did not answer in {seconds:.0f} s") from None
            if self.is_running():
                return
            if "Address already in use" not in self.log():
                raise self._failed(f"ended with status {self.status()}")
            self._forget_ports()
            (self.folder / "log").unlink()
            self.launch()

    def start(self) -> Self:
        try:
            self.launch()
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Ends it and gives back its ports and its folder. Again is fine."""
        self.terminate()
        self.down()
        self._forget_ports()
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    def terminate(self) -> None:
        """Asks it to end and does not wait: several can end at once."""
        if self.is_running():
            self.resume()
            self.signal(self.ending)

    def down(self, seconds: float = 5.0) -> None:
        """Returns when it is gone; one that does not go is killed."""
        if self._process is not None:
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # ---- what may happen to it

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def is_answering(self) -> bool:
        """Running, and not paused."""
        return self.is_running() and not self._is_paused

    def status(self) -> int | None:
        """What it ended with; minus the signal's number when it was killed."""
        return None if self._process is None else self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None, f"{self!r} was never started"
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and the process is gone when this returns; ports and folder stay."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """SIGSTOP: its kernel still accepts connections and takes bytes for it. All its
        threads stand still when this returns."""
        self.signal(signal.SIGSTOP)
        self._is_paused = True
        until(self._is_still, f"{self!r} to stand still")

    def _is_still(self) -> bool:
        threads = Path(f"/proc/{self.pid}/task").glob("*/stat")
        return all(t.read_text().rpartition(")")[2].split()[0] == "T" for t in threads)

    def resume(self) -> None:
        if self._is_paused:
            self.signal(signal.SIGCONT)
            self._is_paused = False

    def restart(self) -> None:
        """Up again at the same address. What it had only in memory is gone."""
        self.kill()
        self.launch()
        self.wait()

    # ---- its log

    def log(self) -> str:
        """What it wrote to standard output and error."""
        try:
            return (self.folder / "log").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def _failed(self, what: str) -> ServerError:
        tail = "\n  ".join(self.log().splitlines()[-20:])
        return ServerError(f"{self!r} {what}; its log ends:\n  {tail}")

    def _forget_ports(self) -> None:
        for port in self._ports:
            port.close()
        self._ports = []


def start_all(servers: Sequence[Server]) -> None:
    """All of them, at once; none of them when one does not come up."""
    try:
        for server in servers:
            server.launch()
        for server in servers:
            server.wait()
    except BaseException:
        stop_all(servers)
        raise


def stop_all(servers: Sequence[Server]) -> None:
    for server in servers:
        server.terminate()
    for server in servers:
        server.stop()
