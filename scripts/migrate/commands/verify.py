"""The command `verify`: `verification/compare.py` compares, this writes the report and says what was found."""

import typer

from scripts.command import ExitCode
from scripts.migrate.context import MigrationContext
from scripts.migrate.verification import compare
from scripts.migrate.verification.compare import NEIGHBOURS
from scripts.wording import counted


async def verify(context: MigrationContext) -> None:
    """Compare the new collection with its source.

    Raises:
        typer.Exit: with `ExitCode.NEGATIVE` when something is wrong with it.
    """
    from scripts.migrate.verification.report import write_report

    found = await compare.verify(context)
    path = context.settings.folder / f"{context.target.name}.html"
    write_report(found, context.migration, path)
    typer.echo(
        f"{counted(found.points[0], 'point')} in {context.source.name}, "
        f"{found.points[1]} in {context.target.name}; {path}"
    )
    if found.overlaps:
        typer.echo(
            f"On average old and new have {sum(found.overlaps) / len(found.overlaps):.0%} of the {NEIGHBOURS} nearest "
            "neighbours in common; two models never agree on all."
        )
    for problem in found.problems:
        typer.echo(problem, err=True)
    if found.problems:
        raise typer.Exit(ExitCode.NEGATIVE)
    but = f", except for {counted(found.failed, 'failed point')}: {context.failures.path}" if found.failed else ""
    typer.echo(f"Verification passed{but}.")
