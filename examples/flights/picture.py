"""The same figures as a picture: six panels, three colours, one for each act."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draws without a display

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .data import FLIGHTS
from .results import MB, ActResult, Results, duration, machine, per_thousand

COLOURS = ("#9aa5b1", "#e0a030", "#0f8b6d")
INK, FAINT = "#1f2933", "#d9dee4"
Label = Callable[[ActResult], str]


def draw(results: Results, path: Path) -> Path:
    """Writes a PNG and returns its path."""
    with matplotlib.rc_context():
        _style()
        figure, axes = pyplot.subplots(2, 3, figsize=(16, 9), dpi=100)
        _head(figure, results)
        _panels(axes, results.acts)
        _foot(figure, results)
        figure.subplots_adjust(0.04, 0.14, 0.97, 0.81, wspace=0.25, hspace=0.45)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
        pyplot.close(figure)
    return path


def _style() -> None:
    matplotlib.rc("font", size=12, family="DejaVu Sans")
    matplotlib.rc("text", color=INK)
    matplotlib.rc("axes", edgecolor=FAINT, labelcolor=INK)
    matplotlib.rc("xtick", color=INK)
    matplotlib.rc("ytick", color=INK)


def _head(figure: Figure, results: Results) -> None:
    title = "A flight board: one cache for all workers of a host"
    figure.text(0.03, 0.935, title, size=22, weight="bold")
    about = (
        f"{FLIGHTS:,} flights, three look-ups for each, replayed by "
        f"{results.workers} worker processes in front of SQLite; {machine()}"
    )
    figure.text(0.03, 0.89, about, size=13)


def _foot(figure: Figure, results: Results) -> None:
    """What the bars do not say: how far each act came, and that nothing broke."""
    replayed = ", ".join(
        f"{act.title} {act.replay.flights:,} in {act.replay.seconds:.1f} s"
        for act in results.acts
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


def _panels(axes: Sequence[Sequence[Axes]], acts: Sequence[ActResult]) -> None:
    (rate, queries, tail), (memory, herd, absent) = axes
    _bars(rate, acts, "Requests a second", lambda act: act.replay.rate())
    _bars(
        queries,
        acts,
        "Database queries for 1,000 requests",
        lambda act: per_thousand(act.replay),
        lambda act: f"{per_thousand(act.replay):,.1f}",
        lambda act: f"{act.replay.hit_ratio():.1%} hits",
    )
    _tail(tail, acts)
    _bars(
        memory,
        acts,
        "Memory that the cache takes, MB",
        lambda act: max(0.0, act.replay.kept() / MB),
        lambda act: f"{max(0.0, act.replay.kept() / MB):,.1f}",
    )
    callers = acts[0].herd.callers
    title = f"{callers} callers, one expired key: queries"
    _bars(herd, acts, title, lambda act: act.herd.queries)
    asked = acts[0].absent
    title = f"{asked.keys:,} absent keys, {asked.requests // asked.keys} times: queries"
    _bars(absent, acts, title, lambda act: act.absent.queries)


def _bars(
    axes: Axes,
    acts: Sequence[ActResult],
    title: str,
    value: Callable[[ActResult], float],
    label: Label | None = None,
    note: Label | None = None,
) -> None:
    """One bar for each act with its number on it, which needs no axis beside it."""
    heights = [value(act) for act in acts]
    names = [textwrap.fill(act.title, 11) for act in acts]
    bars = axes.bar(names, heights, color=COLOURS, width=0.62)
    labels = [label(act) if label else f"{value(act):,.0f}" for act in acts]
    axes.bar_label(bars, labels, padding=20 if note else 4, size=15, weight="bold")
    if note:
        axes.bar_label(bars, [note(act) for act in acts], padding=4, size=11)
    _title(axes, title)
    axes.set_ylim(0, max(heights) * (1.3 if note else 1.15) or 1)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.set_yticks([])


def _tail(axes: Axes, acts: Sequence[ActResult]) -> None:
    """Which share of the requests is slower than so much: both scales by powers."""
    for act, colour in zip(acts, COLOURS, strict=True):
        latencies = act.replay.latencies
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
