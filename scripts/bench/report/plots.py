"""The report's plots as SVG that takes the page's colours and font, so that it is readable on dark and on light."""

import re
from collections.abc import Sequence
from io import StringIO
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.bench.closed_loop import Samples
from scripts.bench.open_loop import Load
from scripts.bench.saturation import Saturation
from scripts.bench.targets import Measure

_TEXT = "#010203"  # stands for the page's text colour
_BLUE, _ORANGE, _GREEN, _RED = "#3987e5", "#d95926", "#199e70", "#e34948"  # readable on white and on black
_SHOWN = {
    Measure.EMBED: ("embedding", _BLUE, "-"),
    Measure.EMBED_CACHED: ("embedding, cached", _BLUE, ":"),
    Measure.RERANK: ("rerank", _ORANGE, "-"),
    Measure.RERANK_CACHED: ("rerank, cached", _ORANGE, ":"),
}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 11,
    "axes.edgecolor": _TEXT,
    "axes.labelcolor": _TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.15,
    "grid.color": _TEXT,
    "xtick.color": _TEXT,
    "ytick.color": _TEXT,
    "text.color": _TEXT,
    "legend.frameon": False,
    "lines.linewidth": 2,
}


def distribution(samples: Samples, name: str) -> str:
    """Share of requests answered within a time, cached and uncached."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure("milliseconds", "share of requests, %")
        for measure, (label, colour, line) in _SHOWN.items():
            if measure in samples.milliseconds:
                times = np.sort(samples.milliseconds[measure])
                share = np.arange(1, len(times) + 1) / len(times) * 100
                axes.step(np.r_[times[0], times], np.r_[0, share], line, where="post", color=colour, label=label)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        _legend_above(axes)
        return _svg(figure, name)


def over_time(load: Load, name: str) -> str:
    """Percentiles of the answers, by the time at which the requests were due."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure("seconds since the start", "milliseconds")
        windows = load.windows()
        length = load.duration / len(windows)
        middles = [window.start + length / 2 for window in windows]
        for percent, colour in ((50, _GREEN), (95, _BLUE), (99, _ORANGE)):
            values = np.array([getattr(window, f"p{percent}") for window in windows], float)  # None becomes NaN: a gap
            axes.plot(middles, values, "o-", color=colour, markersize=4, label=f"p{percent}")
        axes.axhline(load.slo_ms, color=_RED, linestyle="--", label=f"SLO, {load.slo_ms:g} ms")
        axes.set_ylim(bottom=0)
        axes.set_xlim(0, load.duration)
        _legend_above(axes)
        return _svg(figure, name)


def throughput(saturation: Saturation, name: str) -> str:
    """Useful answers per second, and the 95th percentile, against the rate of requests."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure("requests sent per second", "answers within the SLO, per second")
        steps = sorted(saturation.steps, key=lambda step: step.rate)
        rates = [step.sent_rate for step in steps]
        axes.plot([0, rates[-1]], [0, rates[-1]], ":", color=_TEXT, linewidth=1, alpha=0.5, label="all of them in time")
        axes.plot(rates, [step.goodput for step in steps], color=_BLUE, alpha=0.5)
        for holds, colour, label in ((True, _GREEN, "sustained"), (False, _RED, "not sustained")):
            points = [(step.sent_rate, step.goodput) for step in steps if step.holds is holds]
            if points:
                axes.plot(*zip(*points, strict=True), "o", color=colour, markersize=7, label=label)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        _legend_above(axes)
        return _svg(figure, name)


def _figure(x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return figure, axes


def _legend_above(axes: Axes) -> None:
    axes.legend(loc="lower left", ncols=4, bbox_to_anchor=(-0.01, 1), borderaxespad=0.2)


def _svg(figure: Figure, name: str) -> str:
    """The figure as an element of a page; `name` keeps its ids apart from those of other plots."""
    output = StringIO()
    figure.savefig(output, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = output.getvalue()
    svg = svg[svg.index("<svg") :].replace(_TEXT, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"font: ([0-9.]+px) [^;\"]*", r"font-size: \1", svg)
    return re.sub(r'<svg [^>]*viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', svg, count=1)


def shown_measures(samples: Samples) -> Sequence[Measure]:
    """The measures that `distribution` draws."""
    return [measure for measure in _SHOWN if measure in samples.milliseconds]
