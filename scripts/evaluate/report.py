"""The evaluation for people, as a table and as a page with pictures, and for programs."""

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
from rich.table import Table

from scripts.evaluate.metrics import Estimate
from scripts.evaluate.run import Evaluation
from scripts.evaluate.verdict import comparisons
from scripts.search.stages import Stage
from scripts.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TEMPLATE = Path(__file__).with_name("report.html.j2")
_COLOURS = ("#8a8f98", "#3987e5", "#d95926", "#199e70", "#9a6dd7")
_CHANGES = 10
PERCENTILES = (50, 95)


def table(found: Evaluation) -> Table:
    """Figures of all systems, with their confidence intervals."""
    names = list(found.figures)
    shown = Table(
        title=f"{counted(len(found.queries), 'query', 'queries')}, the first {found.top} results", title_justify="left"
    )
    shown.add_column("figure")
    for name in names:
        shown.add_column(name, justify="right")
    for metric in found.figures[names[0]]:
        cells = (found.estimate(name, metric) for name in names)
        shown.add_row(metric, *map(with_interval, cells))
    for stage in Stage:
        shown.add_row(f"{stage.value}: p50, p95 ms", *(latency(found, name, stage) for name in names))
    return shown


def with_interval(found: Estimate) -> str:
    """Without the interval where there is none, as one query says nothing of others."""
    interval = f" ({found.low:.3f} to {found.high:.3f})" if np.isfinite(found.low) else ""
    return f"{found.mean:.3f}{interval}"


def latency(found: Evaluation, name: str, stage: Stage) -> str:
    """Percentiles of a stage; a dash where the system does not have it."""
    times = found.measured[name].milliseconds.get(stage)
    return ", ".join(f"{np.percentile(times, percent):.1f}" for percent in PERCENTILES) if times else "-"


def as_dict(found: Evaluation) -> dict[str, Any]:
    """Everything that was measured, query by query."""
    return {
        "conclusion": comparisons(found),
        "notes": list(found.notes),
        "top": found.top,
        "figures": {
            name: {metric: _numbers(found.estimate(name, metric)) for metric in metrics}
            for name, metrics in found.figures.items()
        },
        "milliseconds": {name: one.milliseconds for name, one in found.measured.items()},
        "queries": [
            {
                "query": query.text,
                "relevant": sorted(query.relevant, key=str),
                "found": {name: one.rankings[number] for name, one in found.measured.items()},
                "ndcg@10": {name: _number(metrics["ndcg@10"][number]) for name, metrics in found.figures.items()},
            }
            for number, query in enumerate(found.queries)
        ],
    }


def write_json(found: Evaluation, path: Path) -> None:
    """Write the figures for programs."""
    path.write_text(json.dumps(as_dict(found), indent=1, allow_nan=False, default=str))


def write_html(found: Evaluation, path: Path) -> None:
    """Write the page: figures, differences query by query, latency."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_TEMPLATE.read_text())
    path.write_text(
        template.render(
            found=found,
            conclusion=comparisons(found),
            stages=list(Stage),
            latency=latency,
            with_interval=with_interval,
            counted=counted,
            changes=_changes(found),
            picture=_picture(found),
        )
    )


def _changes(found: Evaluation) -> list[dict[str, Any]]:
    """Queries whose nDCG@10 changed most from the first system to the second, with the first relevant rank."""
    if len(found.figures) < 2:
        return []
    first, second = list(found.figures)[:2]
    differences = np.nan_to_num(found.difference(second, first, "ndcg@10"))
    order = np.argsort(differences, kind="stable")
    worst = [index for index in order[:_CHANGES] if differences[index] < 0]
    best = [index for index in order[::-1][:_CHANGES] if differences[index] > 0]
    return [
        {
            "query": found.queries[index].text,
            "difference": float(differences[index]),
            "ranks": [_rank(found, name, int(index)) for name in found.measured],
        }
        for index in [*best, *worst]
    ]


def _rank(found: Evaluation, name: str, index: int) -> str:
    ranking, relevant = found.measured[name].rankings[index], found.queries[index].relevant
    if ranking is None:
        return "not asked"
    return next((str(rank) for rank, one in enumerate(ranking, start=1) if one in relevant), f"over {found.top}")


def _picture(found: Evaluation) -> str:
    """Figures with their intervals, differences query by query, and the stages' medians, as SVG."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.6), layout="constrained")
    FigureCanvasSVG(figure)
    figures, differences, stages = figure.subplots(1, 3, width_ratios=(4, 3, 3))
    _figures(figures, found)
    _differences(differences, found)
    _stages(stages, found)
    output = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "evaluation"}):
        figure.savefig(output, format="svg", metadata={"Date": None})
    return output.getvalue().partition("?>")[2]


def _figures(axes: "Axes", found: Evaluation) -> None:
    metrics = list(next(iter(found.figures.values())))
    width = 0.8 / len(found.figures)
    for number, name in enumerate(found.figures):
        estimates = [found.estimate(name, metric) for metric in metrics]
        means = np.array([one.mean for one in estimates])
        bounds = np.clip(np.array([[one.low for one in estimates], [one.high for one in estimates]]), 0, 1)
        positions = np.arange(len(metrics)) + (number - (len(found.figures) - 1) / 2) * width
        colour = _COLOURS[number % len(_COLOURS)]
        axes.bar(positions, means, width * 0.9, color=colour, label=name)
        axes.errorbar(positions, means, np.abs(bounds - means), fmt="none", ecolor="black", elinewidth=1, capsize=2)
    axes.set_xticks(range(len(metrics)), metrics)
    axes.set(ylim=(0, 1), title="figures, with 95 % intervals")
    axes.legend(frameon=False, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, -0.4), ncols=2)


def _differences(axes: "Axes", found: Evaluation) -> None:
    first, *others = found.figures
    for number, name in enumerate(others, start=1):
        values = found.difference(name, first, "ndcg@10")
        values = np.sort(values[~np.isnan(values)])
        axes.plot(np.arange(len(values)), values, color=_COLOURS[number % len(_COLOURS)], label=name)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set(ylim=(-1, 1), xlabel="queries, sorted", title=f"nDCG@10 less that of {first}, by query")


def _stages(axes: "Axes", found: Evaluation) -> None:
    left = np.zeros(len(found.measured))
    for stage, colour in zip(Stage, _COLOURS[1:], strict=False):
        medians = np.array(
            [np.median(one.milliseconds[stage]) if stage in one.milliseconds else 0 for one in found.measured.values()]
        )
        axes.barh(np.arange(len(left)), medians, left=left, color=colour, label=stage.value)
        left += medians
    axes.set_yticks(range(len(left)), list(found.measured))
    axes.invert_yaxis()
    axes.set(xlabel="milliseconds", title="median of each stage")
    axes.legend(frameon=False, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, -0.4), ncols=3)


def _numbers(figure: Estimate) -> dict[str, float | None]:
    return {name: _number(value) for name, value in figure._asdict().items()}


def _number(value: float) -> float | None:
    """A number as JSON has it, which knows no infinity; None for others."""
    return float(value) if np.isfinite(value) else None
