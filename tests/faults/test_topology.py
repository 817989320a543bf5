"""Several processes of one host that share a topology: one of them asks, whatever
happens to the cluster, to the one that asks, and to the region that they share."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pinyon
import pytest

from tests.servers import HOST, Cluster, Proxy, Redis, slot_of, until

from .load import PATIENT
from .worker import KEYS

slow = pytest.mark.slow
COOLDOWN = 0.2  # seconds between two questions of one host
ROOT = Path(__file__).parents[2]
_numbers = itertools.count()


class Process:
    """A worker.py of its own."""

    def __init__(self, url: str, options: dict[str, Any]) -> None:
        self.number = next(_numbers)
        named = {"client_name": f"worker-{self.number}", **options}
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.faults.worker"),
                *(str(self.number), url, json.dumps(named)),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        self._process.kill()
        self.close()

    def close(self) -> None:
        self._process.communicate(timeout=60)

    def end(self) -> dict[str, Any]:
        """What it says of itself."""
        out, err = self._process.communicate(timeout=60)
        assert (self._process.returncode, err) == (0, ""), err
        said: dict[str, Any] = json.loads(out)
        return said


class Host:
    """COUNT workers that share REGION.

    with Host(cluster, region) as host:
        ...
        host.until_well()
    # leaving says what was wrong; host.said is what they said
    """

    def __init__(
        self, cluster: Cluster, region: str | None, count: int = 8, **options: Any
    ) -> None:
        self._url = f"redis+cluster://{','.join(cluster.addresses[:3])}"
        self._options = {"timeout": 1.0, **options}
        if region is not None:
            self._options["topology"] = f"shm://{region}"
        self._count = count
        self.processes: list[Process] = []
        self.said: list[dict[str, Any]] = []

    def add(self) -> Process:
        self.processes.append(Process(self._url, self._options))
        return self.processes[-1]

    def kill(self, process: Process) -> None:
        self.processes.remove(process)
        process.kill()

    def until_well(self) -> None:
        """Returns when each has got all keys once more."""
        for process in self.processes:
            process.ask()
        assert {process.answer() for process in self.processes} == {"well"}

    def __enter__(self) -> Self:
        for _ in range(self._count):
            self.add()
        self.until_well()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            for process in self.processes:
                process.kill()
            return
        self.said = [process.end() for process in self.processes]
        for said in self.said:
            assert said["wrong"] == []
            assert said["taken"] == 0

    def sum(self, name: str) -> int:
        return sum(int(said[name]) for said in self.said)

    @property
    def errors(self) -> set[str]:
        return set().union(*(said["errors"] for said in self.said))


class Questions:
    """How often the nodes were asked for the map, since now."""

    def __init__(self, nodes: Sequence[Redis]) -> None:
        self._nodes = [node for node in nodes if node.is_running()]
        self._dead = 0
        self._began = time.monotonic()
        for node in self._nodes:
            node.call("CONFIG", "RESETSTAT")

    def forget(self, node: Redis) -> None:
        """It is about to be killed."""
        self._dead += self._of(node)
        self._nodes.remove(node)

    def _of(self, node: Redis) -> int:
        return sum(
            int(stats.partition("calls=")[2].partition(",")[0])
            for name, stats in node.info("commandstats").items()
            if name in ("cmdstat_cluster|slots", "cmdstat_cluster|shards")
        )

    @property
    def count(self) -> int:
        return self._dead + sum(self._of(node) for node in self._nodes)

    @property
    def allowed(self) -> int:
        """At most one in each COOLDOWN, from the first moment to the last."""
        return int((time.monotonic() - self._began) / COOLDOWN) + 2


@pytest.fixture
def region() -> Iterator[str]:
    name = f"pinyon-test-{os.getpid()}-{random.randrange(1 << 40):x}"
    yield name
    with contextlib.suppress(pinyon.RegionAbsent):
        pinyon.destroy(name)


def reshard(cluster: Cluster, rounds: int) -> None:
    """The slots of the keys go to another node, one by one, and come back."""
    source, target = cluster.primaries[:2]
    slots = sorted({slot_of(key) for key in KEYS} & cluster.slots(source))
    for _ in range(rounds):
        cluster.move_slots(slots, source, target)
        source, target = target, source


# ---- The cluster changes ------------------------------------------------------------


def test_resharding(serve: Any, region: str) -> None:
    cluster = serve(Cluster(is_calm=True))
    with Host(cluster, region, timeout=PATIENT) as host:
        questions = Questions(cluster.nodes)
        reshard(cluster, 12)
        host.until_well()
        count, allowed = questions.count, questions.allowed
    assert 0 < count <= allowed
    assert host.sum("moved") > 0
    assert host.sum("adopted") > 0
    assert host.errors == set()


@slow
def test_failover(serve: Any, region: str) -> None:
    cluster = serve(Cluster())
    with Host(cluster, region) as host:
        questions = Questions(cluster.nodes)
        victim = cluster.owner(KEYS[0])
        questions.forget(victim)
        victim.kill()
        cluster.until_covered()
        host.until_well()
        count, allowed = questions.count, questions.allowed
    assert 0 < count <= allowed
    assert host.errors != set()


@slow
def test_everything_at_once(serve: Any, region: str) -> None:
    """Slots move, a primary is killed and comes back, workers die and are born."""
    cluster = serve(Cluster())
    chance = random.Random(2026)
    with Host(cluster, region) as host:
        questions = Questions(cluster.nodes)
        for _ in range(3):
            reshard(cluster, 2)
            victim = chance.choice(cluster.primaries)
            questions.forget(victim)
            victim.kill()
            for _ in range(4):
                host.kill(chance.choice(host.processes))
                host.add()
            cluster.until_covered()
            host.until_well()
            count, allowed = questions.count, questions.allowed
            assert 0 < count <= allowed
            victim.restart()
            cluster.until_settled()  # asks itself
            questions = Questions(cluster.nodes)
            time.sleep(4)  # see Cluster: one failover in four node timeouts


# ---- The one who asks dies ----------------------------------------------------------


def asking(nodes: Sequence[Redis]) -> set[tuple[str, int]]:
    """(name, connection) of the workers whose last command was for the map."""
    found = set()
    for node in nodes:
        listed = node.call("CLIENT", "LIST")
        assert isinstance(listed, bytes)
        for line in listed.decode().splitlines():
            fields = dict(word.partition("=")[::2] for word in line.split())
            if fields["cmd"] == "cluster|slots" and fields["name"]:
                found.add((fields["name"], int(fields["id"])))
    return found


def test_the_one_who_asks_is_killed(serve: Any, region: str) -> None:
    """Answers are held on their way back, so whoever has asked waits; it is killed
    then. Another one asks in its place."""
    cluster = serve(Cluster(3, 0, is_calm=True))
    with contextlib.ExitStack() as stack:
        proxies = [
            stack.enter_context(Proxy(int(address.rpartition(":")[2])))
            for address in cluster.addresses
        ]
        remap = [[(HOST, p.target), (HOST, p.port)] for p in proxies]
        host = Host(cluster, region, 4, address_remap=remap)
        stack.enter_context(host)
        for _ in range(2):
            before = asking(cluster.nodes)
            for proxy in proxies:
                proxy.down.is_held = True
            new: set[tuple[str, int]] = set()

            def begun(before: Any = before, new: Any = new) -> bool:
                new |= asking(cluster.nodes) - before
                return bool(new)

            until(begun, "somebody to ask", 30)
            names = {name for name, _ in new}
            host.kill(next(p for p in host.processes if f"worker-{p.number}" in names))
            questions = Questions(cluster.nodes)
            for proxy in proxies:
                proxy.clear()
            source, target, _ = cluster.nodes
            slots = sorted({slot_of(key) for key in KEYS} & cluster.slots(source))
            cluster.move_slots(slots, source, target)
            until(lambda q=questions: q.count > 0, "another one to ask", 10)
            host.until_well()
            assert questions.count <= questions.allowed
            cluster.move_slots(slots, target, source)
            host.add()
            host.until_well()
    assert host.sum("adopted") > 0


@slow
def test_workers_killed_at_any_moment(serve: Any, region: str) -> None:
    """While slots move, and so while they ask, lock, and write down what they learn.
    Whoever is left, and whoever is new, reads a whole map or none."""
    cluster = serve(Cluster(3, 0, is_calm=True))
    chance = random.Random(2026)
    with Host(cluster, region, 5, timeout=PATIENT) as host:
        questions = Questions(cluster.nodes)
        for _ in range(6):
            host.kill(chance.choice(host.processes))
            host.add()
            reshard(cluster, 1)
            time.sleep(chance.random() / 20)
        host.until_well()
        count, allowed = questions.count, questions.allowed
    assert 0 < count <= allowed
    assert host.errors == set()


# ---- The region goes away -----------------------------------------------------------


@slow
def test_the_region_is_removed(serve: Any, region: str) -> None:
    """Those who have it go on; who comes later makes another one."""
    cluster = serve(Cluster(3, 0, is_calm=True))
    with Host(cluster, region, 3, timeout=PATIENT) as host:
        pinyon.destroy(region)
        reshard(cluster, 1)
        host.until_well()
        for _ in range(3):
            host.add()
        host.until_well()
        reshard(cluster, 1)
        host.until_well()
    assert host.errors == set()
    pinyon.destroy(region)  # the other one is there
