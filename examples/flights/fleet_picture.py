"""The second act as a picture: for each fleet the hit ratio and the queries over time,
with what befell it, and beside them what it comes to."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draws without a display

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from .fleets import FleetResults, after_promotion
from .outage import Outage
from .picture import COLOURS, FAINT, INK, head, style
from .results import duration, machine
from .timeline import STEP, Dip, Timeline

QUERIES, HITS = COLOURS[1:]
BAD = "#c0392b"
TOP, BOTTOM = 0.81, 0.07
REFILL = (
    "What a memcached held is lost with it, and lost once more when its keys go home: "
    "each value costs one query when\nit is next asked for, and seldom used ones come "
    "for a long while yet, so that the hit ratio goes on rising. A replica has its "
    "primary's values."
)


def draw(results: FleetResults, path: Path) -> Path:
    """Writes a PNG and returns its path."""
    with matplotlib.rc_context():
        style()
        figure = pyplot.figure(figsize=(16, 9), dpi=100)
        pace = results.outages[0].pace
        about = (
            f"{results.workers} worker processes serve {pace:,.0f} look-ups a second "
            f"in front of SQLite, each point is {STEP:g} s; {machine()}"
        )
        what = "fleets: a node dies" if results.has_dips else "your fleet"
        head(figure, f"The same flight board over {what}", about)
        rows = len(results.outages)
        grid = GridSpec(
            3 * rows,
            1,
            figure,
            left=0.06,
            right=0.7,
            top=TOP,
            bottom=BOTTOM,
            height_ratios=[2.2, 1, 0.55] * rows,
            hspace=0.12,
        )
        for row, one in enumerate(results.outages):
            ratio = figure.add_subplot(grid[3 * row])
            queries = figure.add_subplot(grid[3 * row + 1], sharex=ratio)
            _ratio(ratio, one)
            _queries(queries, one.timeline)
            _numbers(figure, ratio, one)
        if results.has_dips:
            figure.text(0.03, 0.02, REFILL, size=13, linespacing=1.5)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
        pyplot.close(figure)
    return path


def _ratio(axes: Axes, one: Outage) -> None:
    bins = one.timeline.bins
    # A step in which nothing was answered has no ratio: the line has a gap there.
    ratios = [float("nan") if b.hit_ratio is None else b.hit_ratio for b in bins]
    axes.plot([b.middle for b in bins], ratios, color=HITS, lw=2.5)
    axes.set_ylim(0, 1.05)
    axes.set_yticks([0, 0.5, 1])
    axes.set_yticklabels(["0 %", "50 %", "100 %"])
    axes.set_xlim(0, one.timeline.end)
    _plain(axes)
    axes.tick_params(labelbottom=False)
    for line, mark in enumerate(one.timeline.marks):
        axes.axvline(mark.at, color=BAD if mark.harms else HITS, lw=1.5, ls="--")
        height = 0.06 if line % 2 else 0.18  # two that are near stand over each other
        axes.text(mark.at + 0.06, height, mark.what, size=11.5, color=INK)
    for dip in one.timeline.dips():
        if dip.seconds is not None:
            axes.axvspan(dip.at, dip.at + dip.seconds, color=FAINT, alpha=0.5, lw=0)
    title = f"{one.fleet.title}: hit ratio"
    axes.set_title(title, loc="left", pad=8, size=15, weight="bold")


def _queries(axes: Axes, timeline: Timeline) -> None:
    rates = [b.queries / STEP for b in timeline.bins]
    middles = [b.middle for b in timeline.bins]
    axes.bar(middles, rates, width=0.8 * STEP, color=QUERIES)
    for mark in timeline.marks:
        axes.axvline(mark.at, color=BAD if mark.harms else HITS, lw=1.5, ls="--")
    axes.set_ylim(0, max(1.0, *rates) * 1.15)
    axes.locator_params(axis="y", nbins=3)
    axes.set_ylabel("queries/s", size=12.5)
    axes.xaxis.set_major_formatter("{x:g} s")
    axes.tick_params(axis="x", pad=8)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.grid(color=FAINT)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=12.5, length=0)


def _numbers(figure: Figure, beside: Axes, one: Outage) -> None:
    """What it comes to: a number in bold, and in words what it is."""
    facts = [
        (f"{one.exceptions}", f"exceptions in {one.requests:,} requests"),
        *_of_dips(one),
        (duration(one.longest * 1e9), "the longest call"),
    ]
    top = beside.get_position().y1
    for line, (number, words) in enumerate(facts):
        y = top - 0.02 - 0.041 * line
        figure.text(0.805, y, number, size=16.5, weight="bold", ha="right")
        figure.text(0.813, y, words, size=13)


def _of_dips(one: Outage) -> list[tuple[str, str]]:
    dips = one.timeline.dips()
    if not dips:
        return []
    first = dips[0]
    facts = [
        (f"{first.before:.1%}", "hit ratio before"),
        (f"{first.lowest:.1%}", "at its lowest after the kill"),
        (_until(first), "from the kill until it is as before"),
    ]
    promotion = after_promotion(one)
    if promotion is not None:
        facts.append((f"{promotion:.1f} s", "of these after the promotion"))
    for dip in dips[1:]:
        facts.append((f"{dip.lowest:.1%}", "at its lowest after the return"))
        facts.append((_until(dip), "until it is as before"))
    return [*facts, (f"{one.timeline.at_the_end():.1%}", "hit ratio at the end")]


def _until(dip: Dip) -> str:
    return "not yet" if dip.seconds is None else f"{dip.seconds:.1f} s"
