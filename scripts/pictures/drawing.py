"""Draws the dashboard's panels with matplotlib, as Grafana cannot be run everywhere."""

import math
import re
import time
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from scripts.pictures.dashboard import COLUMNS, Panel, panels
from scripts.pictures.png import shrink
from scripts.pictures.prometheus import Prometheus

_STYLE: Any = {"font.family": "sans-serif", "font.size": 7, "axes.titlesize": 8, "axes.spines.top": False}
_STYLE |= {"axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25, "text.color": "#231f1c"}
_UNIT_INCHES = (0.6, 0.24)
_DOTS_PER_INCH = 110
_POINTS = 120
_MAX_LEGENDS = 6
_LEGEND_HEADROOM = 1.6


def draw(prometheus: Prometheus, file: Path, *, seconds: float, window: str) -> None:
    """Write a picture of all panels, each at its position.

    Args:
        prometheus: has the data.
        file: a PNG.
        seconds: how far back the panels look.
        window: over which rates are taken.
    """
    drawn = panels(window=window)
    height = max(panel.y + panel.height for panel in drawn)
    size = (COLUMNS * _UNIT_INCHES[0], height * _UNIT_INCHES[1])
    with rc_context(_STYLE):
        figure = Figure(figsize=size, dpi=_DOTS_PER_INCH, facecolor="white")
        for panel in drawn:
            left, bottom = panel.x / COLUMNS, 1 - (panel.y + panel.height) / height
            width, tall = panel.width / COLUMNS, panel.height / height
            axes = figure.add_axes((left + 0.035, bottom + 0.18 * tall, width - 0.045, tall * 0.62))
            axes.set_title(panel.title, loc="left", fontweight="bold")
            if panel.kind == "timeseries":
                _lines(axes, panel, prometheus, seconds)
            else:
                _numbers(axes, panel, prometheus)
        figure.savefig(file)
    shrink(file)


def _lines(axes: Axes, panel: Panel, prometheus: Prometheus, seconds: float) -> None:
    end = time.time()
    for query in panel.queries:
        for series in prometheus.query_range(query.expression, end - seconds, end, seconds / _POINTS):
            points = [(float(moment) - end, float(value)) for moment, value in series["values"]]
            if any(math.isfinite(value) for _, value in points):
                axes.plot(*zip(*points, strict=True), linewidth=1, label=_legend(query.legend, series["metric"]))
    axes.set_xlim(-seconds, 0)
    axes.set_ylim(0, axes.get_ylim()[1] * _LEGEND_HEADROOM)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f} s"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _amount(value, panel.unit)))
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[:_MAX_LEGENDS], labels[:_MAX_LEGENDS], fontsize=5.5, loc="upper left", ncols=2, frameon=False)


def _numbers(axes: Axes, panel: Panel, prometheus: Prometheus) -> None:
    """The last value of each series, in large letters."""
    axes.axis("off")
    [query] = panel.queries
    found = [series for series in prometheus.query(query.expression) if math.isfinite(float(series["value"][1]))]
    for line, series in enumerate(sorted(found, key=lambda series: str(series["metric"]))):
        height = 0.95 - line * 0.5
        axes.text(0, height, _amount(float(series["value"][1]), panel.unit), fontsize=15, va="top", color="#7a2230")
        axes.text(0, height - 0.26, series["metric"].get("job", ""), fontsize=6.5, va="top")


def _legend(template: str, labels: dict[str, str]) -> str:
    # The addresses of this run say nothing to a reader.
    shown = labels | {"instance": ""}
    return " ".join(re.sub(r"\{\{(\w+)\}\}", lambda found: shown.get(found[1], ""), template).split())


def _amount(value: float, unit: str) -> str:
    match unit:
        case "percentunit":
            return f"{value * 100:.3g} %"
        case "s":
            return f"{value:.3g} s" if value >= 1 else f"{value * 1000:.3g} ms"
        case "bytes":
            return f"{value / 2**30:.2g} GiB" if value >= 2**30 else f"{value / 2**20:.3g} MiB"
        case "reqps" | "cps":
            return f"{value:.3g} /s"
        case _:
            return f"{value:,.4g}"
