"""Tables for the terminal."""

from rich.console import Console
from rich.table import Table

from scripts.bench.closed_loop import Samples
from scripts.bench.report.content import Report, Server
from scripts.bench.targets import Measure, Verdict

_STYLES = {Verdict.TARGET: "green", Verdict.ACCEPTABLE: "yellow", Verdict.TOO_SLOW: "bold red"}


def show(report: Report, console: Console) -> None:
    """Print everything that was measured."""
    for server in report.servers:
        console.print(f"[bold]{server.name}[/] {_about(server)}", highlight=False)
    console.print(_targets(report))
    cached = _cached(report.samples)
    if cached.row_count:
        console.print(cached)
    console.print(report.conclusion, style="bold red" if report.too_slow else "bold green")


def hits(samples: Samples, measure: Measure) -> str:
    """How many requests the cache answered, in words."""
    found, requests = samples.hits.get(measure), len(samples.milliseconds[measure])
    if found is None:
        return "the server does not say"
    return f"{found} of {requests}" if found else "none: the service has no cache"


def _about(server: Server) -> str:
    parts = (server.url, server.model, server.backend, server.version)
    return " · ".join(part for part in parts if part)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def _targets(report: Report) -> Table:
    table = _table("Uncached, one request at a time", "figure", "ms", "target", "acceptable", "requests", "verdict")
    for row in report.rows:
        style = _STYLES[row.verdict]
        table.add_row(
            _named(row.target.title, row.target.measure, report),
            f"{row.milliseconds:.1f}",
            f"< {row.target.target_ms:g}",
            f"< {row.target.acceptable_ms:g}",
            str(row.requests),
            f"[{style}]{row.verdict.value}[/]",
        )
    return table


def _named(title: str, measure: Measure, report: Report) -> str:
    if measure is Measure.RERANK:
        return f"{title} ({report.plan.documents} documents)"
    return f"{title} (batches of {report.plan.batch_size})" if measure is Measure.BATCH else title


def _cached(samples: Samples) -> Table:
    table = _table("The same request again", "figure", "p50 ms", "p95 ms", "from the cache")
    for measure in (Measure.EMBED_CACHED, Measure.RERANK_CACHED):
        if measure in samples.milliseconds:
            p50, p95 = (f"{samples.percentile(measure, percent):.1f}" for percent in (50, 95))
            table.add_row(measure.value.capitalize(), p50, p95, hits(samples, measure))
    return table
