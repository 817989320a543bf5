"""What is seen while it runs: moving bars in a terminal, lines in a log."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from .crew import Watch
from .data import FLIGHTS
from .results import Results
from .tally import Count, Tally

LOG_EVERY = 2.0  # seconds between two lines of progress where there is no terminal


class Screen:
    def __init__(self) -> None:
        # A log has no width: rich would take 80 columns and fold the table.
        width = None if os.isatty(1) else 110
        self.console = Console(highlight=False, width=width)

    def say(self, text: str = "") -> None:
        self.console.print(text)

    @contextmanager
    def building(self) -> Iterator["Bars"]:
        with Bars(self.console, ["flights"], FLIGHTS) as bars:
            yield bars

    @contextmanager
    def watching(self, title: str, tally: Tally) -> Iterator[Watch]:
        """Shows the workers' replay; call what it yields again and again."""
        self.say(f"\n[bold]{title}[/]")
        names = [f"worker {number}" for number in range(tally.workers)]
        begun = time.monotonic()
        with Bars(self.console, names, FLIGHTS // tally.workers) as bars:

            def watch() -> None:
                seconds = max(time.monotonic() - begun, 0.01)
                for worker in range(tally.workers):
                    requests = tally.of(worker, Count.REQUESTS)
                    queries = tally.of(worker, Count.QUERIES)
                    text = f"{requests / seconds:9,.0f} req/s"
                    if requests:
                        text += f"  {1 - min(1, queries / requests):6.1%} hits"
                    bars.show(worker, tally.of(worker, Count.FLIGHTS), text)

            yield watch

    def table(self, results: Results) -> None:
        table = Table(title_justify="left", header_style="bold", pad_edge=False)
        table.add_column("")
        for act in results.acts:
            table.add_column(act.title, justify="right")
        for label, cells in results.rows():
            table.add_row(label, *cells)
        self.console.print(table)


class Bars:
    """One bar for each name. In a log: one line now and then."""

    def __init__(self, console: Console, names: list[str], total: int) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=40),
            TextColumn("{task.percentage:4.0f} %  {task.fields[text]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._names = names
        self._total = total
        self._tasks: list[TaskID] = [
            self._progress.add_task(name, total=total, text="") for name in names
        ]
        self._logged = time.monotonic()

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, bar: int, done: int, text: str = "") -> None:
        self._progress.update(self._tasks[bar], completed=done, text=text)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._logged > LOG_EVERY:
            self._logged = now
            share = f"{done / self._total:4.0%}"
            self._console.print(f"  {self._names[bar]}  {share} {text}")
