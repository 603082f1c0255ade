"""Tables for the terminal."""

from rich.console import Console
from rich.table import Table

from scripts.bench.client import Outcome
from scripts.bench.closed_loop import Samples
from scripts.bench.open_loop import Load
from scripts.bench.report.content import Report, Server
from scripts.bench.saturation import Saturation
from scripts.bench.search import SearchTimes
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
    if report.search:
        console.print(_search(report.search))
    if report.compared:
        console.print(_compared(report))
    if report.load:
        console.print(_load(report.load))
        console.print(generator(report.load))
    if report.saturation:
        console.print(_saturation(report.saturation))
        console.print(capacity(report.saturation), style="bold")
    console.print(report.conclusion, style="bold green" if report.fast_enough else "bold red")


def hits(samples: Samples, measure: Measure) -> str:
    """How many requests the cache answered, in words."""
    found, requests = samples.hits.get(measure), len(samples.milliseconds[measure])
    if found is None:
        return "the server does not say"
    return f"{found} of {requests}" if found else "0: the service has no cache"


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


def generator(load: Load) -> str:
    """How far the load generator itself can be trusted, in one sentence."""
    late = f"The load generator itself was late by {load.lateness_ms:.1f} ms (p99)"
    if load.trustworthy:
        return f"{late}: the figures can be trusted."
    return f"{late}: too late for an SLO of {load.slo_ms:g} ms; the figures say more about it than about the service."


def capacity(saturation: Saturation) -> str:
    """What the search has found, in one sentence."""
    if saturation.best is None:
        return "None of the rates was sustained."
    found = f"{saturation.best.service} sustains {saturation.best.rate:.3g} requests/s"
    if saturation.limited_by_generator:
        return f"{found} or more: the load generator could not send faster in time."
    return f"{found}: 95% of them answered within {saturation.best.slo_ms:g} ms."


def shown(milliseconds: float | None) -> str:
    """A latency, or a dash."""
    return "-" if milliseconds is None else f"{milliseconds:.1f}"


def about(search: SearchTimes) -> str:
    """What was searched, and the engine that searched it."""
    return f"{search.points} points of {search.collection} in {search.engine}, the first {search.top} reranked"


def _search(search: SearchTimes) -> Table:
    table = _table(f"A whole search: {about(search)}", "stage", "p50 ms", "p95 ms", "share")
    for stage in search.milliseconds:
        figures = (shown(search.percentile(percent, stage)) for percent in (50, 95))
        table.add_row(stage.value, *figures, f"{search.share(stage):.0%}")
    table.add_row("all", *(shown(search.percentile(percent)) for percent in (50, 95)), "100%")
    return table


def _compared(report: Report) -> Table:
    table = _table("Beside the other server", "figure", "p50 ms", "p95 ms", "its p50 ms", "its p95 ms", "it takes")
    for row in report.compared:
        figures = (f"{value:.1f}" for value in (row.p50, row.p95, row.other_p50, row.other_p95))
        table.add_row(row.measure.value.capitalize(), *figures, f"{row.ratio:.2f} times as long")
    return table


def _load(load: Load) -> Table:
    title = f"{load.service}, {load.rate:g} requests/s for {load.duration:g} s, whether or not answers come"
    table = _table(title, "figure", "value")
    table.add_row("sent", str(len(load.requests)))
    for outcome in Outcome:
        table.add_row(outcome.value, str(load.count(outcome)))
    table.add_row(f"goodput (answers within {load.slo_ms:g} ms, per second)", f"{load.goodput:.1f}")
    for percent in (50, 95, 99):
        table.add_row(f"p{percent} ms, from when it was due", shown(load.percentile(percent)))
    return table


def _saturation(saturation: Saturation) -> Table:
    columns = ("requests/s", "goodput", "p50 ms", "p95 ms", "p99 ms", "rejected", "generator late ms", "sustained")
    table = _table("Search for the highest rate", *columns)
    for step in sorted(saturation.steps, key=lambda step: step.rate):
        percentiles = (shown(step.percentile(percent)) for percent in (50, 95, 99))
        rejected, late = str(step.count(Outcome.REJECTED)), f"{step.lateness_ms:.1f}"
        verdict = "[green]yes[/]" if step.holds else "[red]no[/]"
        table.add_row(f"{step.rate:.3g}", f"{step.goodput:.1f}", *percentiles, rejected, late, verdict)
    return table
