"""The command `verify`: `verification/compare.py` compares, this writes the report and says what was found."""

import typer

from scripts.migrate.client.embed_client import EmbedClient
from scripts.migrate.context import Prepared
from scripts.migrate.settings import MigrateSettings
from scripts.migrate.verification.compare import NEIGHBOURS, verify
from scripts.migrate.wording import counted


async def check(settings: MigrateSettings, prepared: Prepared, embedder: EmbedClient) -> None:
    """Compare the new collection with its source.

    Raises:
        typer.Exit: with code 1 when something is wrong with it.
    """
    from scripts.migrate.verification.report import write_report

    found = await verify(settings, prepared, embedder)
    path = settings.folder / f"{prepared.target.name}.html"
    write_report(found, prepared.migration, path)
    typer.echo(
        f"{counted(found.points[0], 'point')} in {prepared.source.name}, "
        f"{found.points[1]} in {prepared.target.name}; {path}"
    )
    if found.overlaps:
        typer.echo(
            f"Old and new have {sum(found.overlaps) / len(found.overlaps):.0%} of {NEIGHBOURS} nearest neighbours in "
            "common on average; two models never agree on all."
        )
    for problem in found.problems:
        typer.echo(problem, err=True)
    if found.problems:
        raise typer.Exit(1)
    but = f", but for {counted(found.failed, 'point')} that failed: {prepared.failures.path}" if found.failed else ""
    typer.echo(f"The new collection is right{but}.")
