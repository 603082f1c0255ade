"""A run as one picture: horizontal bars, a panel for each load and one for memory."""

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.peers.catalogue import OURS
from benchmarks.peers.references import BARE, SENTENCE_TRANSFORMERS
from benchmarks.peers.results import LATENCY_LOADS, Results

_OURS, _PEER, _REFERENCE = "#0b6e4f", "#8fa3ad", "#d5dde1"
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "duobento",
    "text.color": "#22313a",
    "ytick.labelcolor": "#22313a",
    "font.family": "sans-serif",
    "font.size": 9,
}
_COLUMNS = 2
_WIDTH, _BAR_HEIGHT, _MARGIN = 5.6, 0.28, 0.4
_TITLES = {
    "query": "one query of 16 tokens, p50",
    "mixed": "32 clients",
    "bulk": "96 short texts a request",
    "rerank 20": "rerank 20 documents, p50",
    "rerank 100": "rerank 100 documents, p50",
}

Bars = list[tuple[str, float]]


def draw(results: Results, file: Path) -> None:
    """Write the picture in the format of the file's ending; an SVG keeps its text as text."""
    panels = _panels(results)
    rows = -(-len(panels) // _COLUMNS)
    height = max(len(bars) for _, bars in panels) * _BAR_HEIGHT + _MARGIN
    with rc_context(_STYLE):
        figure = Figure((_WIDTH * _COLUMNS, height * rows + 0.6), layout="constrained", facecolor="white")
        axes = figure.subplots(rows, _COLUMNS, squeeze=False).flatten()
        for panel, (title, bars) in zip(axes, panels, strict=False):
            _panel(panel, title, bars)
        for unused in axes[len(panels) :]:
            unused.remove()
        models = " and ".join(results.models.values())
        figure.suptitle(f"{models}\n{results.machine['processor']}, {results.machine['threads']} threads", fontsize=10)
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None, dpi=150)


def _panels(results: Results) -> list[tuple[str, Bars]]:
    panels: dict[str, Bars] = {}
    for found in results.figures():
        latency = found.load in LATENCY_LOADS
        unit = "ms, less is better" if latency else "tokens/s, more is better"
        value = found.p50_ms if latency else found.tokens_per_second
        if value is not None:
            panels.setdefault(f"{_TITLES.get(found.load, found.load)}: {unit}", []).append((found.contestant, value))
    memory = [(name, kinds["encoder"]) for name, kinds in results.memory_mib.items() if "encoder" in kinds]
    return [*panels.items(), ("memory with the encoder: MiB, less is better", memory)]


def _panel(axes: Axes, title: str, bars: Bars) -> None:
    names, values = [name for name, _ in bars], [value for _, value in bars]
    drawn = axes.barh(names, values, color=[_colour(name) for name in names], height=0.7)
    axes.bar_label(
        drawn, [f"{value:,.0f}" if value >= 10 else f"{value:.1f}" for value in values], padding=3, fontsize=8
    )
    axes.set_title(title, fontsize=9, loc="left", fontweight="bold")
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xticks([])


def _colour(name: str) -> str:
    if name == OURS:
        return _OURS
    return _REFERENCE if name in (BARE, SENTENCE_TRANSFORMERS) else _PEER
