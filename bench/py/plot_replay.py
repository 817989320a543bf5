"""plot_replay - the store's hit ratios beside the yardstick's, as a picture.

Reads the Markdown table that `replay` prints, so that the picture shows exactly the
figures of the table.

    build/bench/micro/replay | python bench/py/plot_replay.py bench/charts/replay.png
"""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cell:
    trace: str
    size: str
    model: float
    store: float

    @property
    def difference(self) -> float:
        return self.store - self.model


def parse(lines: Iterable[str]) -> list[Cell]:
    """The cells of a replay table; other lines are passed over."""
    cells: list[Cell] = []
    columns: list[str] = []
    for line in lines:
        fields = [field.strip() for field in line.strip().strip("|").split("|")]
        if fields[0] == "trace":
            columns = fields
        elif len(fields) == len(columns) and not fields[0].startswith("---"):
            row = dict(zip(columns, fields, strict=True))
            model, store = float(row["S3-FIFO %"]), float(row["store %"])
            cells.append(Cell(row["trace"], row["size"], model, store))
    return cells


def draw(cells: list[Cell], path: Path, allowance: float = 0.5) -> None:
    """Bars of both hit ratios, and below them the difference with what is allowed."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    at = range(len(cells))
    figure, (ratio, difference) = plt.subplots(
        2, 1, figsize=(12, 6.5), sharex=True, height_ratios=(2, 1)
    )
    ratio.bar([x - 0.2 for x in at], [c.model for c in cells], 0.4, color="#b9b4a8")
    ratio.bar([x + 0.2 for x in at], [c.store for c in cells], 0.4, color="#2a7f5e")
    ratio.legend(["S3-FIFO by object (model)", "the real store"], frameon=False)
    ratio.set_ylabel("hit ratio, %")
    ratio.set_title("Traces replayed through the store, by cache size in % of the keys")
    colors = ["#2a7f5e" if c.difference >= -allowance else "#c0392b" for c in cells]
    bars = difference.bar(at, [c.difference for c in cells], 0.5, color=colors)
    difference.bar_label(bars, [f"{c.difference:+.2f}" for c in cells], fontsize=8)
    difference.axhline(-allowance, color="#c0392b", linewidth=1, linestyle="--")
    difference.axhline(0, color="black", linewidth=0.6)
    difference.margins(y=0.25)
    difference.set_ylabel("difference, points")
    labels = [f"{c.trace}\n{c.size}" for c in cells]
    difference.set_xticks(list(at), labels, rotation=60, ha="right", fontsize=8)
    for axis in (ratio, difference):
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("table", type=argparse.FileType(), nargs="?", default=sys.stdin)
    args = parser.parse_args()
    cells = parse(args.table)
    if not cells:
        sys.exit("plot_replay: no table of replay in the input")
    draw(cells, args.picture)
    print(f"written: {args.picture}")


if __name__ == "__main__":
    main()
