"""The same figures as a picture: six panels, three colours, one for each act."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draws without a display

from matplotlib import pyplot
from matplotlib.axes import Axes

from .data import FLIGHTS
from .results import MB, ActResult, Results, duration, machine, per_thousand

COLOURS = ("#9aa5b1", "#e0a030", "#0f8b6d")
INK, FAINT = "#1f2933", "#d9dee4"


def draw(results: Results, path: Path) -> Path:
    """Writes a PNG and returns its path."""
    acts = results.acts
    asked = acts[0].absent
    rounds = asked.requests // asked.keys
    with matplotlib.rc_context():
        _style()
        figure, axes = pyplot.subplots(2, 3, figsize=(16, 9), dpi=120)
        figure.suptitle(
            "A flight board: one cache for all workers of a host",
            x=0.03,
            y=0.975,
            ha="left",
            size=22,
            weight="bold",
        )
        figure.text(
            0.03,
            0.895,
            f"{FLIGHTS:,} flights, three look-ups for each, replayed by "
            f"{results.workers} worker processes in front of SQLite; {machine()}",
            size=13,
        )
        _bars(axes[0, 0], acts, "Requests a second", lambda a: a.replay.rate())
        _bars(
            axes[0, 1],
            acts,
            "Database queries for 1,000 requests",
            lambda a: per_thousand(a.replay),
            "{:,.1f}",
        )
        _tail(axes[0, 2], acts)
        _bars(
            axes[1, 0],
            acts,
            "Memory that the cache takes, MB",
            lambda a: max(0.0, a.replay.kept() / MB),
            "{:,.1f}",
        )
        _bars(
            axes[1, 1],
            acts,
            f"{acts[0].herd.callers} callers, one expired key: queries",
            lambda a: a.herd.queries,
        )
        _bars(
            axes[1, 2],
            acts,
            f"{asked.keys:,} absent keys, {rounds} times: queries",
            lambda a: a.absent.queries,
        )
        figure.subplots_adjust(0.04, 0.07, 0.97, 0.80, wspace=0.25, hspace=0.42)
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


def _bars(
    axes: Axes,
    acts: Sequence[ActResult],
    title: str,
    value: Callable[[ActResult], float],
    form: str = "{:,.0f}",
) -> None:
    """One bar for each act with its number on it, which needs no axis beside it."""
    heights = [value(act) for act in acts]
    names = [textwrap.fill(act.title, 11) for act in acts]
    bars = axes.bar(names, heights, color=COLOURS, width=0.62)
    axes.bar_label(
        bars, [form.format(h) for h in heights], padding=4, size=15, weight="bold"
    )
    axes.set_title(title, loc="left", pad=14, size=13.5, weight="bold")
    axes.set_ylim(0, max(heights) * 1.15 or 1)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.set_yticks([])


def _tail(axes: Axes, acts: Sequence[ActResult]) -> None:
    """Which share of the requests is slower than so much: both scales by powers."""
    for act, colour in zip(acts, COLOURS, strict=True):
        times, shares = act.replay.latencies.tail()
        p99 = act.replay.latencies.quantile(0.99)
        label = f"{act.title}: p99 {duration(p99)}"
        axes.plot([ns / 1e3 for ns in times], shares, color=colour, lw=2.5, label=label)
        axes.plot(p99 / 1e3, 0.01, "o", color=colour, ms=8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(1e-4, 1.2)
    axes.set_yticks([1, 0.1, 0.01, 0.001, 0.0001])
    axes.set_yticklabels(["100 %", "10 %", "1 %", "0.1 %", "0.01 %"])
    axes.set_xticks([0.1, 1, 10, 100, 1000, 10000])
    axes.set_xticklabels(["0.1 µs", "1 µs", "10 µs", "0.1 ms", "1 ms", "10 ms"])
    axes.minorticks_off()
    axes.legend(loc="lower left", fontsize=11, frameon=False, borderaxespad=0)
    axes.grid(color=FAINT)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(
        "Share of requests slower than",
        loc="left",
        pad=14,
        size=13.5,
        weight="bold",
    )
