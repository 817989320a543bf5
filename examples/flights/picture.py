"""The same figures as a picture: six panels, three colours, one for each way."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draws without a display

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .data import FLIGHTS
from .results import MB, Results, WayResult, duration, machine, per_thousand

COLOURS = ("#9aa5b1", "#e0a030", "#0f8b6d")
INK, FAINT = "#1f2933", "#d9dee4"
Label = Callable[[WayResult], str]


def draw(results: Results, path: Path) -> Path:
    """Writes a PNG and returns its path."""
    with matplotlib.rc_context():
        style()
        figure, axes = pyplot.subplots(2, 3, figsize=(16, 9), dpi=100)
        title = "A flight board: one cache for all workers of a host"
        about = (
            f"{FLIGHTS:,} flights, three look-ups for each, replayed by "
            f"{results.workers} worker processes in front of SQLite; {machine()}"
        )
        head(figure, title, about)
        _panels(axes, results.ways)
        _foot(figure, results)
        figure.subplots_adjust(0.04, 0.14, 0.97, 0.81, wspace=0.25, hspace=0.45)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
        pyplot.close(figure)
    return path


def style() -> None:
    matplotlib.rc("font", size=12, family="DejaVu Sans")
    matplotlib.rc("text", color=INK)
    matplotlib.rc("axes", edgecolor=FAINT, labelcolor=INK)
    matplotlib.rc("xtick", color=INK)
    matplotlib.rc("ytick", color=INK)


def head(figure: Figure, title: str, about: str) -> None:
    figure.text(0.03, 0.935, title, size=22, weight="bold")
    figure.text(0.03, 0.89, about, size=13)


def _foot(figure: Figure, results: Results) -> None:
    """What the bars do not say: how far each way came, and that nothing broke."""
    replayed = ", ".join(
        f"{way.title} {way.replay.flights:,} in {way.replay.seconds:.1f} s"
        for way in results.ways
    )
    killed = results.crash
    figure.text(0.03, 0.055, f"Flights replayed: {replayed}.", size=12)
    figure.text(
        0.03,
        0.025,
        f"Afterwards {killed.kills} writers were killed, {killed.recoveries} of them "
        f"inside a write; meanwhile the others read {killed.answers:,} values, "
        f"{killed.wrong} of them wrong. Check of the region: "
        f"{'damaged' if killed.damage else 'sound'}.",
        size=12,
    )


def _panels(axes: Sequence[Sequence[Axes]], ways: Sequence[WayResult]) -> None:
    (rate, queries, tail), (memory, herd, absent) = axes
    _bars(rate, ways, "Requests a second", lambda way: way.replay.rate())
    _bars(
        queries,
        ways,
        "Database queries for 1,000 requests",
        lambda way: per_thousand(way.replay),
        lambda way: f"{per_thousand(way.replay):,.1f}",
        lambda way: f"{way.replay.hit_ratio():.1%} hits",
    )
    _tail(tail, ways)
    _bars(
        memory,
        ways,
        "Memory that the cache takes, MB",
        lambda way: max(0.0, way.replay.kept() / MB),
        lambda way: f"{max(0.0, way.replay.kept() / MB):,.1f}",
    )
    callers = ways[0].herd.callers
    title = f"{callers} callers, one expired key: queries"
    _bars(herd, ways, title, lambda way: way.herd.queries)
    asked = ways[0].absent
    title = f"{asked.keys:,} absent keys, {asked.requests // asked.keys} times: queries"
    _bars(absent, ways, title, lambda way: way.absent.queries)


def _bars(
    axes: Axes,
    ways: Sequence[WayResult],
    title: str,
    value: Callable[[WayResult], float],
    label: Label | None = None,
    note: Label | None = None,
) -> None:
    """One bar for each way with its number on it, which needs no axis beside it."""
    heights = [value(way) for way in ways]
    names = [textwrap.fill(way.title, 11) for way in ways]
    bars = axes.bar(names, heights, color=COLOURS, width=0.62)
    labels = [label(way) if label else f"{value(way):,.0f}" for way in ways]
    axes.bar_label(bars, labels, padding=20 if note else 4, size=15, weight="bold")
    if note:
        axes.bar_label(bars, [note(way) for way in ways], padding=4, size=11)
    _title(axes, title)
    axes.set_ylim(0, max(heights) * (1.3 if note else 1.15) or 1)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.set_yticks([])


def _tail(axes: Axes, ways: Sequence[WayResult]) -> None:
    """Which share of the requests is slower than so much: both scales by powers."""
    for way, colour in zip(ways, COLOURS, strict=True):
        latencies = way.replay.latencies
        times, shares = latencies.tail()
        median, p99 = latencies.quantile(0.5), latencies.quantile(0.99)
        label = f"p50 {duration(median)}, p99 {duration(p99)}"
        axes.plot([ns / 1e3 for ns in times], shares, color=colour, lw=2.5, label=label)
        axes.plot([median / 1e3, p99 / 1e3], [0.5, 0.01], "o", color=colour, ms=7)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(0.01, 2e5)
    axes.set_ylim(1e-4, 1.2)
    axes.set_yticks([1, 0.1, 0.01, 0.001, 0.0001])
    axes.set_yticklabels(["100 %", "10 %", "1 %", "0.1 %", "0.01 %"])
    axes.set_xticks([0.1, 1, 10, 100, 1000, 10000])
    axes.set_xticklabels(["0.1 µs", "1 µs", "10 µs", "0.1 ms", "1 ms", "10 ms"])
    axes.tick_params(labelsize=10.5)
    axes.minorticks_off()
    axes.legend(
        loc="lower left",
        fontsize=10.5,
        handlelength=1.2,
        facecolor="white",
        edgecolor="white",
        framealpha=1,
    )
    axes.grid(color=FAINT)
    axes.spines[["top", "right"]].set_visible(False)
    _title(axes, "Share of requests slower than")


def _title(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", pad=14, size=13.5, weight="bold")
