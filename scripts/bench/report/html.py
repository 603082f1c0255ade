"""The report as one self-contained page."""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scripts.bench.client import Outcome
from scripts.bench.report import plots
from scripts.bench.report.content import Report
from scripts.bench.report.terminal import about, capacity, generator, hits, shown
from scripts.bench.targets import Measure


@dataclass(frozen=True)
class Plot:
    """A picture with what it shows in words, for readers who cannot see it."""

    title: str
    description: str
    svg: Markup


def write(report: Report, file: Path) -> None:
    """Write the page."""
    file.write_text(render(report), encoding="utf-8")


def render(report: Report) -> str:
    """The page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        report=report,
        cached=[measure for measure in (Measure.EMBED_CACHED, Measure.RERANK_CACHED) if measure in report.samples.hits],
        hits=hits,
        shown=shown,
        outcomes=list(Outcome),
        distribution=_distribution(report),
        over_time=_over_time(report),
        throughput=_throughput(report),
        generator=generator,
        capacity=capacity,
        about=about,
    )


def _distribution(report: Report) -> Plot:
    medians = ", ".join(
        f"{measure.value} {report.samples.percentile(measure, 50):.1f} ms"
        for measure in plots.shown_measures(report.samples)
    )
    return Plot(
        "Latency, one request at a time",
        f"Share of requests that were answered within a time, on a logarithmic scale. Medians: {medians}.",
        Markup(plots.distribution(report.samples, "distribution")),
    )


def _over_time(report: Report) -> Plot | None:
    if report.load is None:
        return None
    figures = ", ".join(f"p{percent} {shown(report.load.percentile(percent))} ms" for percent in (50, 95, 99))
    return Plot(
        "Latency over time, under load",
        f"Percentiles by the second at which requests were due, and the SLO as a line. Overall: {figures}.",
        Markup(plots.over_time(report.load, "over-time")),
    )


def _throughput(report: Report) -> Plot | None:
    if report.saturation is None:
        return None
    return Plot(
        "Throughput against load",
        f"Answers within the SLO per second, for each rate that was tried. {capacity(report.saturation)}",
        Markup(plots.throughput(report.saturation, "throughput")),
    )
