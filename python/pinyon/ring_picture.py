"""Pictures of fleets: who owns how much, and what a change moves."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from ._core import ConfigError

__all__ = ["draw_moves", "draw_shares"]

_BAR, _MEAN = "#3b6ea5", "#c0504d"


def _figure(path: str, rows: int) -> tuple[Any, Any]:
    """A figure and its axes, on a canvas that needs no display."""
    try:
        figures = importlib.import_module("matplotlib.figure")
    except ImportError:
        raise ConfigError(
            "a picture wants matplotlib: pip install matplotlib"
        ) from None
    figure = figures.Figure(figsize=(8, 1.4 + 0.32 * rows), layout="constrained")
    known = figure.canvas.get_supported_filetypes()
    if path.rpartition(".")[2] not in known:
        raise ConfigError(
            f"picture {path!r}: its name ends in one of {', '.join(sorted(known))}"
        )
    return figure, figure.subplots()


def _bars(axes: Any, parts: Mapping[str, float]) -> None:
    bars = axes.barh(list(parts), [100 * part for part in parts.values()], color=_BAR)
    axes.bar_label(bars, fmt="%.2f %%", padding=3, fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.14)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("% of all keys")


def _save(figure: Any, path: str) -> None:
    try:
        figure.savefig(path)
    except OSError as error:
        raise ConfigError(f"picture {path!r}: {error.strerror}") from None


def draw_shares(path: str, title: str, shares: Mapping[str, float]) -> None:
    """The share of each node, beside the mean."""
    figure, axes = _figure(path, len(shares))
    _bars(axes, shares)
    axes.axvline(100 / len(shares), color=_MEAN, linestyle="--", label="mean")
    axes.legend(loc="lower right", fontsize=8)
    axes.set_title(title)
    _save(figure, path)


def draw_moves(path: str, title: str, moves: Mapping[tuple[str, str], float]) -> None:
    """What goes from which node to which, the largest first."""
    parts = {f"{old} → {new}": part for (old, new), part in moves.items()}
    figure, axes = _figure(path, max(1, len(parts)))
    _bars(axes, parts)
    axes.set_title(title)
    _save(figure, path)
