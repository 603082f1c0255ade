"""Command line of the model store."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from bentos.common.models.store import ModelCorrupt, ModelNotInstalled, list_installed
from scripts.models.conversion.precision import Precision, Wanted
from scripts.models.install import Wishes, describe, install
from scripts.models.presets import PRESETS, sources_of
from scripts.models.source import InstallError

app = typer.Typer(help="Install models into BentoML's model store, list and verify them.", no_args_is_help=True)


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
    precision: Annotated[
        Literal[Wanted, "none"],
        typer.Option(help="Convert it to OpenVINO, too: auto is the fastest precision that is faithful here."),
    ] = "none",
    force: Annotated[bool, typer.Option("--force", help="Replace an installed artefact.")] = False,
) -> None:
    """Install a model, trying it once before it is stored. What is there already is left alone."""
    wishes = Wishes(kind, query_prompt, passage_prompt, force)
    with _one_sentence_errors():
        for source in sources_of(name, revision, model_id, typer.echo):
            original = install(source, wishes, typer.echo, revision=revision)
            if precision != "none":
                from scripts.models.conversion.artefact import install_precision

                install_precision(original, precision, typer.echo, force=force)


@app.command("verify")
def verify_command(
    name: Annotated[str, typer.Argument(help=f"A preset ({', '.join(PRESETS)}) or the id of an installed model.")],
    precision: Annotated[Precision | None, typer.Option(help="Default: every conversion that is installed.")] = None,
) -> None:
    """Measure how faithful installed conversions are to their original; exit code 1 if one is beyond its limits."""
    with _one_sentence_errors():
        from scripts.models.verify import verify

        faithful = [verify(model_id, precision, typer.echo) for model_id in PRESETS.get(name, (name,))]
    if not all(faithful):
        raise typer.Exit(1)


@app.command("list")
def list_command() -> None:
    """List the installed models, and what is wrong with those that cannot be used."""
    usable, corrupt = list_installed()
    for model in usable:
        megabytes = sum(file.stat().st_size for file in Path(model.path).rglob("*") if file.is_file()) / 1e6
        profile = model.profile
        typer.echo(f"{profile.model_id}  {model.tag.partition(':')[2]}  {megabytes:.0f} MB")
        typer.echo(f"  {profile.backend} {profile.precision}, {describe(profile)}")
        if profile.fidelity:
            typer.echo("  against its original: " + ", ".join(f"{n} {v:.4f}" for n, v in profile.fidelity.items()))
    for error in corrupt:
        typer.echo(str(error))
    if not usable and not corrupt:
        typer.echo("No models are installed: run `python -m scripts.models install small`.")
    if corrupt:
        raise typer.Exit(1)


@contextmanager
def _one_sentence_errors() -> Iterator[None]:
    try:
        yield
    except (InstallError, ModelCorrupt, ModelNotInstalled) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    # BentoML reports every stored model to its makers unless told not to.
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    app(prog_name="python -m scripts.models")
