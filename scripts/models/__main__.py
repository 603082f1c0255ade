"""Command line of the model store."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from bentos.common.model_store import ModelCorrupt, list_installed
from scripts.models.install import Wishes, describe, install
from scripts.models.presets import PRESETS, sources_of
from scripts.models.source import InstallError

app = typer.Typer(help="Install models into BentoML's model store and list them.", no_args_is_help=True)


@app.command("install")
def install_command(
    name: Annotated[str, typer.Argument(help=f"A preset ({', '.join(PRESETS)}), a model id, or a model's folder.")],
    revision: Annotated[str | None, typer.Option(help="Commit, tag or branch on the hub.")] = None,
    kind: Annotated[
        Literal["encoder", "cross-encoder"] | None,
        typer.Option(help="Default: found from the model's files."),
    ] = None,
    model_id: Annotated[
        str | None, typer.Option("--id", help="Name to install a folder under; default local/FOLDER.")
    ] = None,
    query_prompt: Annotated[
        str | None, typer.Option(help="Text put before queries; default as the model says.")
    ] = None,
    passage_prompt: Annotated[
        str | None, typer.Option(help="Text put before passages; default as the model says.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an installed artefact.")] = False,
) -> None:
    """Install a model, trying it once before it is stored. What is there already is left alone."""
    wishes = Wishes(kind, query_prompt, passage_prompt, force)
    try:
        for source in sources_of(name, revision, model_id, typer.echo):
            install(source, wishes, typer.echo, revision=revision)
    except (InstallError, ModelCorrupt) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from error


@app.command("list")
def list_command() -> None:
    """List the installed models, and what is wrong with those that cannot be used."""
    usable, corrupt = list_installed()
    for model in usable:
        megabytes = sum(file.stat().st_size for file in Path(model.path).rglob("*") if file.is_file()) / 1e6
        profile = model.profile
        typer.echo(f"{profile.model_id}  {model.tag.partition(':')[2]}  {megabytes:.0f} MB")
        typer.echo(f"  {profile.backend} {profile.precision}, {describe(profile)}")
    for error in corrupt:
        typer.echo(str(error))
    if not usable and not corrupt:
        typer.echo("No models are installed: run `python -m scripts.models install small`.")
    if corrupt:
        raise typer.Exit(1)


if __name__ == "__main__":
    # BentoML reports every stored model to its makers unless told not to.
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    app(prog_name="python -m scripts.models")
