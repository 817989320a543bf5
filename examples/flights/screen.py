"""What is seen while it runs: moving bars in a terminal, lines in a log."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from .crash import Watch as Killing
from .crew import Watch
from .data import FLIGHTS
from .data import Progress as Progressing
from .outage import Watch as Watching
from .servers import Fleet
from .tally import Count, Tally
from .timeline import Mark

LOG_EVERY = 2.0  # seconds between two lines of progress where there is no terminal
REPLAYED = (Count.FLIGHTS, Count.REQUESTS, Count.QUERIES)


class Screen:
    def __init__(self) -> None:
        # A log has no width: rich would take 80 columns and fold the table.
        width = None if os.isatty(1) else 110
        self.console = Console(highlight=False, width=width)

    def say(self, text: str = "", markup: bool = True) -> None:
        # The terminal folds long lines; rich would fold paths beyond copying.
        self.console.print(text, soft_wrap=True, markup=markup)

    def tell(self, text: str) -> None:
        """Sentences, folded between words at the terminal's width."""
        self.console.print(text)

    @contextmanager
    def building(self) -> Iterator[Progressing]:
        with Bars(self.console, ["flights"], [FLIGHTS]) as bars:
            yield lambda done, _: bars.show(0, done)

    @contextmanager
    def watching(self, title: str, tally: Tally) -> Iterator[Watch]:
        """Shows the workers' replay; call what it yields again and again."""
        self.say(f"\n[bold]{title}[/]")
        workers = range(tally.workers)
        names = [*(f"worker {number}" for number in workers), "all"]
        totals = [*(FLIGHTS // tally.workers for _ in workers), FLIGHTS]
        begun = time.monotonic()
        with Bars(self.console, names, totals) as bars:

            def watch() -> None:
                nonlocal begun
                if not tally.total(Count.REQUESTS):
                    begun = time.monotonic()
                seconds = max(time.monotonic() - begun, 0.01)
                for worker in workers:
                    row = [tally.of(worker, what) for what in REPLAYED]
                    bars.show(worker, row[0], _pace(row, seconds))
                row = [tally.total(what) for what in REPLAYED]
                bars.show(len(workers), row[0], _pace(row, seconds))

            yield watch

    @contextmanager
    def killing(self) -> Iterator[Killing]:
        self.say("\n[bold]killing writers in mid-write[/]")
        with self.console.status("") as status:
            yield lambda kills, inside: status.update(
                f"{kills} killed, {inside} of them inside a write"
            )

    @contextmanager
    def warming(self, tally: Tally, flights: int) -> Iterator[Watch]:
        with Bars(self.console, ["warming"], [flights]) as bars:

            def watch() -> None:
                done = tally.total(Count.FLIGHTS)
                bars.show(0, done, f"{tally.total(Count.QUERIES):,} queries")

            yield watch

    @contextmanager
    def outage(self, fleet: Fleet) -> Iterator[Watching]:
        """Shows a fleet while its nodes die: the hit ratio of late, and every mark."""
        with Bars(self.console, ["serving"], [fleet.seconds]) as bars:

            def watch(
                now: float, requests: float, queries: float, mark: Mark | None
            ) -> None:
                if mark is not None:
                    self.console.print(f"  {mark.at:4.1f} s  {mark.what}")
                text = f"{requests:7,.0f} requests/s {queries:7,.0f} queries/s"
                if requests:
                    text += f" {1 - min(1, queries / requests):7.1%} hits"
                bars.show(0, min(now, fleet.seconds), text)

            yield watch

    def table(
        self, titles: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]
    ) -> None:
        table = Table(box=SIMPLE_HEAD, header_style="bold")
        table.add_column("")
        for title in titles:
            table.add_column(title, justify="right")
        for label, cells in rows:
            table.add_row(label, *cells)
        self.console.print(table)


def _pace(row: list[int], seconds: float) -> str:
    _, requests, queries = row
    text = f"{requests / seconds:9,.0f} requests/s"
    if requests:
        text += f" {1 - min(1, queries / requests):7.1%} hits"
    return text


class Bars:
    """A bar for each name, full at its total. In a log: the last one, as a line now
    and then."""

    def __init__(
        self, console: Console, names: list[str], totals: Sequence[float]
    ) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=40),
            TextColumn("{task.percentage:4.0f} %  {task.fields[text]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._totals = totals
        self._tasks: list[TaskID] = [
            self._progress.add_task(name, total=total, text="")
            for name, total in zip(names, totals, strict=True)
        ]
        self._logged = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, bar: int, done: float, text: str = "") -> None:
        self._progress.update(self._tasks[bar], completed=done, text=text)
        now = time.monotonic()
        last = bar == len(self._tasks) - 1
        if last and not self._console.is_terminal and now - self._logged > LOG_EVERY:
            self._logged = now
            self._console.print(f"  {done / self._totals[bar]:4.0%} {text}")
