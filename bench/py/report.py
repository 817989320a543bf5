"""report - rows of figures as a table, as JSON, as RESULT lines and as a picture."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Promise:
    """What the project said a row would reach, and what it reached; without a SIGN a
    figure to be told that nothing was said about."""

    name: str
    value: float
    unit: str
    sign: str = ""
    """`<=` or `>=`"""
    limit: float = 0.0

    @property
    def ok(self) -> bool:
        above = self.value >= self.limit
        return not self.sign or (
            above if self.sign == ">=" else self.value <= self.limit
        )

    @property
    def verdict(self) -> str:
        if not self.sign:
            return ""
        return f"{self.sign} {self.limit:g}: {'ok' if self.ok else 'MISS'}"


@dataclass
class Row:
    case: str
    subject: str
    value: float
    unit: str
    ratio: float | None = None
    """To the baseline of the case; None where the case has none."""
    promises: list[Promise] = field(default_factory=list)
    samples: list[float] = field(default_factory=list, repr=False)
    """One per round, where rounds of several rows were interleaved."""

    def against(self, other: "Row") -> float:
        """How many times the other this is: the median of the rounds' ratios."""
        pairs = zip(self.samples, other.samples, strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


def median_row(case: str, subject: str, samples: list[float], unit: str) -> Row:
    return Row(case, subject, statistics.median(samples), unit, samples=samples)


HEAD = ("case", "subject", "median", "unit", "ratio", "promised")


def cells(row: Row) -> tuple[str, ...]:
    digits = 2 if row.value < 10 else 1 if row.value < 1000 else 0
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    value = f"{row.value:,.{digits}f}"
    promised = "; ".join(
        f"{p.value:.2f} {p.unit} {p.verdict}".rstrip() for p in row.promises
    )
    return (row.case, row.subject, value, row.unit, ratio, promised)


def print_table(rows: Sequence[Row], title: str) -> None:
    """A rich table; plain columns where rich is not installed."""
    try:
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table
    except ImportError:
        print(title)
        for row in rows:
            print("  ".join(f"{cell:<22}" for cell in cells(row)))
        return
    table = Table(*HEAD, title=title)
    last = ""
    for row in rows:
        if last not in ("", row.case):
            table.add_section()
        missed = any(not promise.ok for promise in row.promises)
        style = "red" if missed else "bold" if "pinyon" in row.subject else None
        table.add_row(*map(escape, cells(row)), style=style)
        last = row.case
    Console(width=110).print(table)


def print_results(rows: Sequence[Row]) -> None:
    """One line for each promise, in the form of the C benches, for bench/run."""
    for row in rows:
        for p in row.promises:
            verdict = f" ({p.verdict})" if p.verdict else ""
            print(f"RESULT {p.name} {p.value:.6g} {p.unit}{verdict}")


def markdown(rows: Sequence[Row]) -> str:
    lines = ["| " + " | ".join(HEAD) + " |", "|---|---|---:|---|---:|---|"]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def write_json(path: Path, rows: Sequence[Row], about: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {**about, "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def label(value: float) -> str:
    return f" {value:,.0f}" if value >= 10 or value == 0 else f" {value:.2f}"


def draw_bars(path: Path, rows: Sequence[Row], title: str) -> None:
    """A panel per case, a bar per subject; on a logarithmic scale where they differ by
    more than a power of ten. Says so and draws nothing where matplotlib is missing."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt
        from matplotlib.ticker import NullFormatter
    except ImportError:
        print("no picture: matplotlib is not installed (make setup-bench)")
        return
    cases = list(dict.fromkeys(row.case for row in rows))
    figure, axes = plt.subplots(
        (len(cases) + 1) // 2,
        2,
        figsize=(12, 2.6 * ((len(cases) + 1) // 2) + 0.6),
        layout="constrained",
    )
    for axis in axes.flat[len(cases) :]:
        axis.set_visible(False)
    for axis, case in zip(axes.flat, cases, strict=False):
        mine = [row for row in rows if row.case == case][::-1]
        colors = ["#2a7f5e" if "pinyon" in row.subject else "#b9b4a8" for row in mine]
        bars = axis.barh(
            [r.subject for r in mine], [r.value for r in mine], color=colors
        )
        axis.bar_label(bars, [label(row.value) for row in mine], fontsize=8)
        axis.margins(x=0.15)
        least, most = (f(row.value for row in mine) for f in (min, max))
        if 0 < least < most / 10:
            axis.set_xscale("log")
            axis.xaxis.set_minor_formatter(NullFormatter())
            axis.set_xlim(left=least / 3)
        better = "more" if "/s" in mine[0].unit else "less"
        unit = f", {mine[0].unit}" if mine[0].unit else ""
        axis.set_title(f"{case}{unit} ({better} is better)", fontsize=9)
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, fontsize=11)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
