"""Goodput against offered load, before and after, a panel for each model."""

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_COLOURS = {"before": "#8fa3ad", "after": "#0b6e4f"}
_IDEAL = "#d5dde1"
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "duobento",
    "text.color": "#22313a",
    "axes.labelcolor": "#22313a",
    "font.family": "sans-serif",
    "font.size": 9,
}
_PANEL = (4.6, 3.2)
_OFFERED, _GOODPUT = "offered, of the saturated rate", "goodput, of the saturated rate"


def draw(figures: dict[str, Any], file: Path) -> None:
    """Write the picture in the format of the file's ending; an SVG keeps its text as text."""
    models = {
        name: found for name, found in figures.items() if any("sweep" in found.get(side, {}) for side in _COLOURS)
    }
    with rc_context(_STYLE):
        figure = Figure((_PANEL[0] * len(models), _PANEL[1]), layout="constrained", facecolor="white")
        axes = figure.subplots(1, len(models), squeeze=False, sharey=True).flatten()
        for panel, (name, found) in zip(axes, models.items(), strict=True):
            _panel(panel, name, found)
        axes[0].set_ylabel("goodput, of the saturated rate")
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None, dpi=150)


def _panel(axes: Axes, name: str, found: dict[str, Any]) -> None:
    largest = 1.0
    for side, colour in _COLOURS.items():
        steps = sorted(found.get(side, {}).get("sweep", []), key=lambda step: step[_OFFERED])
        if not steps:
            continue
        loads, goodputs = [step[_OFFERED] for step in steps], [step[_GOODPUT] for step in steps]
        axes.plot(loads, goodputs, color=colour, marker="o", markersize=4, linewidth=1.8)
        axes.annotate(side, (loads[-1], goodputs[-1]), (4, 0), textcoords="offset points", color=colour, va="center")
        largest = max(largest, *loads)
    axes.plot([0, 1, largest], [0, 1, 1], color=_IDEAL, linewidth=1, zorder=0)
    axes.set_title(name, fontsize=9, loc="left", fontweight="bold")
    axes.set_xlabel("offered load, of the saturated rate")
    axes.set_xlim(0, largest * 1.15)
    axes.set_ylim(0, 1.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2)
