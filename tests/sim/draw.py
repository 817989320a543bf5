#!/usr/bin/env python3
"""draw - what `sim --full --csv DIR` found, as one picture.

    tests/sim/draw.py DIR PICTURE.png

DIR holds summary.csv and a table over time of each run, SCENARIO-POLICY.csv, in rates a
second (tests/sim/main.c). A row for each scenario, four panels in it: queries of the
topology, dials that the busiest node takes, errors that applications see, the time to
recovery. Scales are powers of ten, with zero at the bottom.
"""

import csv
import sys
from collections.abc import Iterable
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draws without a display

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, FAINT, BAD = "#1f2933", "#d9dee4", "#c0392b"
POLICIES = {  # the last is drawn over the others
    "redis-py": "#9aa5b1",
    "go-redis": "#e0a030",
    "valkey-glide": "#4a7fb5",
    "pinyon": "#0f8b6d",
}
# What happens, and when: as tests/sim/script.c says. `redirects` has another size.
SCENARIOS: dict[str, tuple[str, list[float]]] = {
    "start": ("All hosts start within two seconds, knowing three nodes", [0, 2]),
    "death": (
        "1 % of the primaries die at 4 s, are replaced at 11.65 s, return at 19.65 s",
        [4, 11.65, 19.65],
    ),
    "reconnect": ("All connections of 10 % of the primaries end at 4 s", [4]),
    "reshard": ("20 % of the slots move, one by one, from 4 to 14 s", [4, 14]),
    "partition": (
        "10 % of the primaries are cut off at 4 s, for a fifth of the hosts as well; "
        "replaced at 11.65 s, back at 19.65 s",
        [4, 11.65, 19.65],
    ),
    "rolling": ("10 % of the primaries restart, one each 100 ms from 4 s on", [4, 9]),
}
SERIES = {
    "queries": "Topology queries a second",
    "node_dials": "Dials a second, busiest node",
    "errors": "Errors a second",
}
Row = dict[str, str]


def read(path: Path) -> list[Row]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def draw(folder: Path, picture: Path) -> None:
    summary = read(folder / "summary.csv")
    found = {row["scenario"] for row in summary}
    chosen = [name for name in SCENARIOS if name in found]
    if not chosen:
        raise SystemExit(f"draw: {folder}/summary.csv has none of {list(SCENARIOS)}")
    _style()
    height = 1.75 + 2.15 * len(chosen)
    figure, axes = pyplot.subplots(
        len(chosen), 4, figsize=(16, height), dpi=100, squeeze=False
    )
    figure.subplots_adjust(
        left=0.045,
        right=0.975,
        top=1 - 2.05 / height,
        bottom=0.45 / height,
        wspace=0.24,
        hspace=0.95,
    )
    for name, panels in zip(chosen, axes, strict=True):
        runs = {row["policy"]: row for row in summary if row["scenario"] == name}
        _row(figure, panels, name, folder, runs)
    _head(figure, height)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture)
    pyplot.close(figure)


def _style() -> None:
    """That of the pictures of `make demo`."""
    matplotlib.rc("font", size=12, family="DejaVu Sans")
    matplotlib.rc("text", color=INK)
    matplotlib.rc("axes", edgecolor=FAINT, labelcolor=INK)
    matplotlib.rc("xtick", color=INK)
    matplotlib.rc("ytick", color=INK)


def _head(figure: Figure, height: float) -> None:
    """The title and, under it, the legend of all panels."""
    title = "A cluster of 1,000 nodes and its 20,000 clients, simulated"
    about = (
        "500 primaries, a replica each; 10,000 hosts, two processes each; virtual "
        "time. Others: their rules as published, not their code."
    )
    figure.text(0.03, 1 - 0.5 / height, title, size=22, weight="bold")
    figure.text(0.03, 1 - 0.83 / height, about, size=13)
    lines = [
        pyplot.Line2D([], [], color=colour, lw=3, label=name)
        for name, colour in reversed(POLICIES.items())
    ]
    lines.append(
        pyplot.Line2D([], [], color=BAD, lw=1.2, ls="--", label="what happens")
    )
    figure.legend(
        handles=lines,
        loc="upper left",
        bbox_to_anchor=(0.022, 1 - 0.95 / height),
        ncols=len(lines),
        frameon=False,
        fontsize=12.5,
        handlelength=1.6,
    )


def _row(
    figure: Figure,
    panels: Iterable[Axes],
    name: str,
    folder: Path,
    runs: dict[str, Row],
) -> None:
    what, marks = SCENARIOS[name]
    *series, recovery = panels
    tables = {
        policy: read(folder / f"{name}-{policy}.csv")
        for policy in POLICIES
        if policy in runs
    }
    for axes, (column, title) in zip(series, SERIES.items(), strict=True):
        _series(axes, tables, column, marks)
        axes.set_title(title, loc="left", pad=5, size=11)
    _recovery(recovery, runs)
    box = series[0].get_position()
    above = box.y1 + 0.36 / figure.get_figheight()
    label = figure.text(0.03, above, f"{name}:", size=13.5, weight="bold")
    end = label.get_window_extent().x1 / figure.bbox.width
    figure.text(end + 0.006, above, what, size=12.5)


def _series(
    axes: Axes, tables: dict[str, list[Row]], column: str, marks: list[float]
) -> None:
    for at in marks:
        axes.axvline(at, color=BAD, lw=1.2, ls="--")
    for policy, rows in tables.items():
        rows = rows[:-1]  # the end of the run cuts the last sample short
        times = [float(row["s"]) for row in rows]
        rates = [float(row[column]) for row in rows]
        wide = 2.4 if policy == "pinyon" else 1.6
        axes.plot(times, rates, color=POLICIES[policy], lw=wide, drawstyle="steps-post")
        axes.set_xlim(0, times[-1])
    if all(float(row[column]) == 0 for rows in tables.values() for row in rows[:-1]):
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center")
    axes.set_yscale("symlog", linthresh=10, linscale=0.5)
    axes.set_ylim(0, 1e6)
    axes.set_yticks([0, 10, 1e2, 1e3, 1e4, 1e5, 1e6])
    axes.set_yticklabels(["0", "10", "100", "1 k", "10 k", "100 k", "1 M"])
    axes.xaxis.set_major_formatter(lambda at, _: f"{at:g} s")
    axes.minorticks_off()
    axes.tick_params(labelsize=9.5, length=0)
    axes.grid(color=FAINT)
    axes.spines[["top", "right"]].set_visible(False)


def _recovery(axes: Axes, runs: dict[str, Row]) -> None:
    """A bar from the median to the 99th percentile, and both in words."""
    order = [policy for policy in POLICIES if policy in runs]
    axes.set_title("Time to recovery: median to p99", loc="left", pad=5, size=11)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_yticks([])
    axes.set_ylim(-0.6, len(order) - 0.4)
    axes.tick_params(labelsize=9.5, length=0)
    if not any(int(runs[policy]["recoveries"]) for policy in order):
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.text(
            0, 0.5, "no key loses its server", transform=axes.transAxes, va="center"
        )
        return
    axes.set_xscale("log")
    axes.set_xlim(1, 1e6)
    axes.set_xticks([1, 10, 100, 1000, 1e4])
    axes.set_xticklabels(["1 ms", "10 ms", "0.1 s", "1 s", "10 s"])
    axes.minorticks_off()
    axes.grid(color=FAINT, axis="x")
    for at, policy in enumerate(order):
        run, colour = runs[policy], POLICIES[policy]
        median, p99 = (max(1.0, float(run[key])) for key in ("p50_ms", "p99_ms"))
        axes.plot([median, p99], [at, at], color=colour, lw=7, solid_capstyle="butt")
        axes.plot([median], [at], "o", color=colour, ms=9)
        never = int(run["never"])
        words = f"{_ms(median)} to {_ms(p99)}" + (f", {never:,} never" if never else "")
        axes.text(p99 * 1.6, at, words, va="center", size=10)


def _ms(value: float) -> str:
    return f"{value / 1e3:.1f} s" if value >= 1000 else f"{value:.0f} ms"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
