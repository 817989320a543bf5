"""calls - one blocking caller: what a get costs, and a get of 100 keys at once.

Every client takes its turn in each round, and so does the floor: a loop in C that sends
and receives the same bytes and does nothing else (bench_loopback). All by the clock on
the wall, since most of a call is waiting.
"""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import progress
from report import Row
from rounds import Subject, Timer, run_rounds

from fleet import BATCH, peers
from fleet.peers import Peer
from fleet.servers import placed, ports, started

FLOOR = "bare C loop"
ROUND_SECONDS = 0.02
ONE_CPU = "one CPU"
"""How the cases are called in which server and client share one."""


class Floor(Subject):
    """bench_loopback as a subject: it times itself, told how often."""

    def __init__(self, child: "subprocess.Popen[str]") -> None:
        super().__init__(FLOOR, "", {}, 1)
        self._child = child

    @property
    def pid(self) -> int:
        return self._child.pid

    def fresh(self) -> "Floor":
        """The same without its samples."""
        return Floor(self._child)

    def timer(self, clock: object) -> Timer:
        return self

    def timeit(self, number: int) -> float:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(f"{number}\n")
        self._child.stdin.flush()
        return float(self._child.stdout.readline()) / 1e9


@contextmanager
def floor(program: Path, engine: str, at: Sequence[int], count: int) -> Iterator[Floor]:
    """COUNT keys from the servers AT their ports. Raises FileNotFoundError where the C
    benches are not built."""
    command = [str(program), "--coached", "--nodes", str(len(at)), "--keys", str(count)]
    if engine == "memcached":
        command.append("--memcached")
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        child.stdin.write("\n".join(map(str, at)) + "\n")
        yield Floor(child)
        child.stdin.close()


def get_subjects(present: list[Peer]) -> list[Subject]:
    return [
        Subject(
            peer.name,
            "for k in keys: get(k)",
            {"keys": peer.keys(BATCH), "get": peer.get},
            BATCH,
        )
        for peer in present
    ]


def many_subjects(present: list[Peer]) -> list[Subject]:
    return [
        Subject(
            peer.name,
            "get_many(keys)",
            {"keys": peer.keys(BATCH), "get_many": peer.get_many},
            1,
        )
        for peer in present
    ]


def timed(case: str, subjects: Sequence[Subject], rounds: int) -> list[Row]:
    """Ratios are to the first of SUBJECTS."""
    clock = time.perf_counter
    for number in run_rounds(subjects, rounds, clock, ROUND_SECONDS):
        progress.show(f"{case}: round {number + 1} of {rounds}")
    return [row_of(case, s, subjects[0]) for s in subjects]


def row_of(case: str, subject: Subject, base: Subject) -> Row:
    ratio = subject.ratio_to(base)
    us = subject.ns / 1000
    return Row(case, subject.name, us, "us", ratio, samples=subject.samples)


def rows(
    engine: str, program: Path, rounds: int, missing: list[str]
) -> Iterator[list[Row]]:
    """A get and a get of 100 keys from one server: on a CPU of its own, and on the
    client's."""
    factories = peers.REDIS if engine == "redis" else peers.MEMCACHED
    with started(engine) as servers:
        port = ports(servers)[0]
        with (
            peers.connected(factories, [port], BATCH, missing) as present,
            floor(program, engine, [port], 1) as one,
            floor(program, engine, [port], BATCH) as many,
        ):
            children = [one.pid, many.pid]
            for is_apart in (True, False):
                where = "" if is_apart else f", {ONE_CPU}"
                with placed(servers, is_apart, children):
                    gets = [one.fresh(), *get_subjects(present)]
                    yield timed(f"{engine} get{where}", gets, rounds)
                    manys = [many.fresh(), *many_subjects(present)]
                    yield timed(f"{engine} get_many of 100{where}", manys, rounds)


def nodes_case(engine: str, count: int) -> str:
    return f"{engine} get_many of 100 over {count} nodes"


def node_rows(
    engine: str, count: int, program: Path, rounds: int, missing: list[str]
) -> list[Row]:
    """A get of 100 keys spread over COUNT nodes; the ratio of a client is to itself at
    one of them alone."""
    case = nodes_case(engine, count)
    factories = (peers.pinyon_redis,) if engine == "redis" else peers.MEMCACHED_FLEET
    with started(engine, count) as servers:
        all_ports = ports(servers)
        with (
            peers.connected(factories, all_ports[:1], BATCH, missing) as alone,
            peers.connected(factories, all_ports, BATCH, missing) as spread,
            floor(program, engine, all_ports[:1], BATCH) as one,
            floor(program, engine, all_ports, BATCH) as all_,
            placed(servers, True, [one.pid, all_.pid]),
        ):
            ones = [one, *many_subjects(alone)]
            alls = [all_, *many_subjects(spread)]
            timed(case, ones + alls, rounds)
    by_name = {subject.name: subject for subject in ones}
    return [row_of(case, s, by_name[s.name]) for s in alls if s.name in by_name]
