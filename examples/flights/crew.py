"""A crew of worker processes that can be watched, asked and killed.

    with Crew(way, tally, path) as crew:
        answers = crew.run(watch, job, argument)    # one answer from each worker

A job is a module-level function `job(station, ...)`, run by every worker at the same
time; the station is what the worker has: its number, its board, its share of the
flights. Leaving the block ends every worker, whatever it is doing.

Workers are started afresh (spawn), not forked: the parent has threads for the
screen, and nothing of its memory shall count as a worker's.
"""

import ctypes
import multiprocessing
import signal
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from .boards import Board, Way
from .queries import Database
from .tally import Tally

P = ParamSpec("P")
R = TypeVar("R")
Watch = Callable[[], None]

TICK = 0.1  # seconds between two looks at the workers
PATIENCE = 60.0  # seconds a new worker may take to start
PR_SET_PDEATHSIG = 1  # of <linux/prctl.h>
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Flight = tuple[str, str, str, str | None, int]  # origin, dest, carrier, tailnum, hour


class WorkerDied(Exception):
    """A worker ended that nobody had told to; its own words are on stderr."""


@dataclass
class Station:
    """What one worker process has."""

    number: int
    crew: int  # workers in all
    path: Path
    tally: Tally
    board: Board
    share: list[Flight] = field(default_factory=list)
    times: "array[int]" = field(default_factory=lambda: array("Q"))


@dataclass
class Worker:
    process: SpawnProcess
    line: Connection


class Crew:
    def __init__(self, way: Way, tally: Tally, path: Path) -> None:
        self._way = way
        self.tally = tally
        self._path = path
        self._context = multiprocessing.get_context("spawn")
        self.workers: list[Worker] = []

    def __enter__(self) -> Self:
        try:
            for number in range(self.tally.workers):
                self.workers.append(self._start(number))
            for worker in self.workers:
                self._answer(worker, PATIENCE)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def run(
        self,
        watch: Watch,
        job: Callable[Concatenate[Station, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> list[R]:
        """The answers of all workers, in their order; `watch` is called all the
        while."""
        for worker in self.workers:
            self.tell(worker, job, *args, **kwargs)
        return self.collect(watch, self.workers)

    def tell(
        self,
        worker: Worker,
        job: Callable[Concatenate[Station, P], object],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Has one worker begin a job."""
        worker.line.send((job, args, kwargs))

    def collect(self, watch: Watch, workers: Sequence[Worker]) -> list[Any]:
        """Waits for the answers to what these workers were told."""
        answers: dict[Connection, Any] = {}
        while len(answers) < len(workers):
            pending = [w for w in workers if w.line not in answers]
            ready = wait([worker.line for worker in pending], timeout=TICK)
            for worker in pending:
                if worker.line in ready:
                    answers[worker.line] = self._answer(worker, 0)
            watch()
        return [answers[worker.line] for worker in workers]

    def kill(self, worker: Worker) -> None:
        """SIGKILL, at once, whatever it is doing."""
        worker.process.kill()
        worker.process.join()

    def replace(self, worker: Worker) -> Worker:
        """A new worker in the place of a dead one."""
        number = self.workers.index(worker)
        self.workers[number] = fresh = self._start(number)
        worker.line.close()
        worker.process.close()
        self._answer(fresh, PATIENCE)
        return fresh

    def pids(self) -> list[int]:
        return [w.process.pid for w in self.workers if w.process.pid is not None]

    def _start(self, number: int) -> Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_work,
            args=(number, self._way, self._path, self.tally, theirs),
            name=f"{self._way.name}-{number}",
            daemon=True,
        )
        with endings_held():
            process.start()
        theirs.close()  # so that a worker's end is seen as the end of its line
        return Worker(process, ours)

    def _answer(self, worker: Worker, timeout: float) -> Any:
        try:
            if not worker.line.poll(timeout):
                raise WorkerDied(f"{worker.process.name} gave no sign for {timeout} s")
            return worker.line.recv()
        except (EOFError, ConnectionResetError) as error:
            worker.process.join(1)
            code = worker.process.exitcode
            raise WorkerDied(f"{worker.process.name} ended with code {code}") from error

    def _end(self) -> None:
        for worker in self.workers:
            worker.process.kill()  # they hold nothing that needs a farewell
        for worker in self.workers:
            worker.process.join()
            worker.process.close()
            worker.line.close()
        self.workers.clear()


@contextmanager
def endings_held() -> Iterator[None]:
    """The parent acts on a signal to end only after this, so that it knows of every
    worker that it has started. To block the signal would not do: the screen has a
    thread that takes it. A worker started in here never sees Ctrl-C, which reaches
    every process of the terminal (it inherits the mask)."""
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    resource_tracker.ensure_running()  # the first start would, and unblock SIGINT
    handlers = {ending: signal.signal(ending, note) for ending in ENDINGS}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for ending, handler in handlers.items():
            signal.signal(ending, handler)
        if came:
            signal.raise_signal(came[0])


def die_with_parent() -> None:
    """Has the kernel kill this process when its parent dies, however that may be."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _work(number: int, way: Way, path: Path, tally: Tally, line: Connection) -> None:
    """The life of a worker: answer what is asked until the line is closed."""
    die_with_parent()
    board = way.open(Database(path, tally, number), way.url)
    station = Station(number, tally.workers, path, tally, board)
    line.send(None)
    while True:
        try:
            job, args, kwargs = line.recv()
        except EOFError:
            return
        line.send(job(station, *args, **kwargs))
