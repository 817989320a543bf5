"""Counters in memory that all workers share, one row for each worker.

Only its own worker writes a row, so nothing is locked between processes and what a
killed worker had counted stays.
"""

import ctypes
from enum import IntEnum
from multiprocessing.context import BaseContext


class Count(IntEnum):
    FLIGHTS = 0
    REQUESTS = 1
    QUERIES = 2
    ANSWERS = 3  # of crash.py: values read
    WRONG = 4  # of crash.py: values that nobody had written
    PAUSE_US = 5  # of crash.py: the longest that one call took
    WRITES = 6  # of crash.py: by the one that will be killed


class Tally:
    def __init__(self, context: BaseContext, workers: int) -> None:
        self.workers = workers
        self._cells = context.RawArray(ctypes.c_uint64, workers * len(Count))
        self._called_off = context.RawValue(ctypes.c_bool, False)

    def add(self, worker: int, what: Count, amount: int = 1) -> None:
        self._cells[worker * len(Count) + what] += amount

    def put(self, worker: int, what: Count, value: int) -> None:
        self._cells[worker * len(Count) + what] = value

    def of(self, worker: int, what: Count) -> int:
        return int(self._cells[worker * len(Count) + what])

    def total(self, what: Count) -> int:
        return sum(self.of(worker, what) for worker in range(self.workers))

    def call_off(self) -> None:
        """The parent's word that a job with no end of its own is over."""
        self._called_off.value = True

    def is_called_off(self) -> bool:
        return bool(self._called_off.value)
