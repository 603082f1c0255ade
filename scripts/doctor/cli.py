"""Command line of the checklist."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape

from scripts.command import ExitCode, Program, UsageError
from scripts.deployment import DeploymentSettings, EmbedURL, Key, RerankURL, Timeout, read
from scripts.doctor.checklist import Line, checklist, run
from scripts.doctor.checks.collection import Qdrant
from scripts.doctor.finding import Status
from scripts.doctor.service import Service
from scripts.qdrant import QdrantSettings, QdrantURL

_STYLES = {
    Status.OK: "green",
    Status.WARNING: "yellow",
    Status.FAILURE: "bold red",
    Status.NOT_CHECKED: "dim",
}

app = Program()


@app.command()
def doctor(
    embed_url: EmbedURL = None,
    rerank_url: RerankURL = None,
    key: Key = None,
    timeout: Timeout = 10,
    qdrant_url: QdrantURL = None,
    qdrant_path: Annotated[Path | None, typer.Option(help="Folder of Qdrant's embedded engine instead.")] = None,
    collection: Annotated[str | None, typer.Option(help="Collection that holds the vectors.")] = None,
    embed_container: Annotated[str, typer.Option(help="Name of embed-service's container.")] = "embed-service",
    rerank_container: Annotated[str, typer.Option(help="Name of rerank-service's container.")] = "rerank-service",
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Check that a running deployment is set up right, point by point.

    Exit codes: 0 no failure, 1 at least one failure, 2 an option or a variable is wrong.
    """
    if qdrant_path and qdrant_url:
        raise UsageError("--qdrant-path and --qdrant-url name two Qdrants: leave one of them out.")
    deployment = read(DeploymentSettings)
    key = key or deployment.key
    embed = Service("embed-service", embed_url or deployment.embed_service_url, key, timeout)
    rerank = Service("rerank-service", rerank_url or deployment.rerank_service_url, key, timeout)
    vectors = read(QdrantSettings)
    url = str(qdrant_path) if qdrant_path else qdrant_url or vectors.url
    qdrant = Qdrant(collection, url, vectors.key)
    lines = []
    console = Console(soft_wrap=True, highlight=False)
    for line in run(checklist(embed, rerank, qdrant, embed_container, rerank_container)):
        lines.append(line)
        if not json_output:
            _show(line, console)
    counts = Counter(line.finding.status for line in lines)
    if json_output:
        typer.echo(_as_json(lines, counts))
    else:
        console.print("\n" + ", ".join(f"{counts[status]} {status.value}" for status in Status))
    raise typer.Exit(ExitCode.NEGATIVE if counts[Status.FAILURE] else ExitCode.DONE)


def _show(line: Line, console: Console) -> None:
    status = line.finding.status
    console.print(
        f"[{_STYLES[status]}]{status.value:<12}[/]{line.subject:<15} {line.check:<15} {escape(line.finding.message)}"
    )
    if line.finding.advice:
        console.print(f"{'':<12}{'':<31} {escape(line.finding.advice)}", style="italic")


def _as_json(lines: list[Line], counts: Counter[Status]) -> str:
    content = {
        "counts": {status.value: counts[status] for status in Status},
        "lines": [
            {
                "subject": line.subject,
                "check": line.check,
                "status": line.finding.status.value,
                "message": line.finding.message,
                "advice": line.finding.advice,
            }
            for line in lines
        ],
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
