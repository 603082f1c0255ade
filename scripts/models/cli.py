"""Command line of the model store."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from bentos.common.models.store import list_installed
from scripts.command import ExitCode, Program, UsageError
from scripts.models.conversion.precision import Precision, Wanted
from scripts.models.install import Wishes, describe, install
from scripts.models.lock import only_install
from scripts.models.presets import PRESETS, sources_of
from scripts.models.rollback import left_as_it_was
from scripts.models.store_errors import store_errors

app = Program(
    """Install models into BentoML's model store, list and verify them.

    Exit codes: 0 done, 1 a model is corrupt or not faithful enough, 2 a flag or a model is wrong or missing, 3 the hub
    does not answer.
    """,
    no_args_is_help=True,
)


@app.callback()
def before_all_commands() -> None:
    """For all commands."""
    # BentoML reports every stored model to its makers unless told not to.
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")


@app.command("install")
def install_command(
    name: Annotated[str, typer.Argument(help=f"A preset ({', '.join(PRESETS)}), a model id, or a model's folder.")],
    revision: Annotated[str | None, typer.Option(help="Commit, tag or branch on the hub.")] = None,
    kind: Annotated[
        Literal["encoder", "cross-encoder"] | None,
        typer.Option(help="Default: found from the model's files."),
    ] = None,
    model_id: Annotated[
        str | None, typer.Option("--id", help="Name to install a folder under; default: local/FOLDER.")
    ] = None,
    query_prompt: Annotated[str | None, typer.Option(help="Text put before queries; default: the model's own.")] = None,
    passage_prompt: Annotated[
        str | None, typer.Option(help="Text put before passages; default: the model's own.")
    ] = None,
    dimensions: Annotated[
        str | None,
        typer.Option(help="Lengths that vectors may be cut to, such as 256,512; default: as the model was trained."),
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Window in tokens, shorter than the model's own, special tokens included.")
    ] = None,
    precision: Annotated[
        Literal[Wanted, "none"],
        typer.Option(help="Convert it to OpenVINO as well: auto is the fastest precision that is faithful here."),
    ] = "none",
    force: Annotated[bool, typer.Option("--force", help="Replace an installed artefact.")] = False,
) -> None:
    """Install a model, trying it once before it is stored. What is installed already is left alone."""
    wishes = Wishes(kind, query_prompt, passage_prompt, _numbers(dimensions), max_tokens, force)
    with store_errors(), only_install(typer.echo):
        for source in sources_of(name, revision, model_id, typer.echo):
            with left_as_it_was():
                original = install(source, wishes, typer.echo, revision=revision)
                if precision != "none":
                    from scripts.models.conversion.artefact import install_precision

                    install_precision(original, precision, typer.echo, force=force)


def _numbers(text: str | None) -> list[int] | None:
    """The numbers of a flag, separated by commas."""
    if text is None:
        return None
    try:
        return [int(number) for number in text.split(",") if number.strip()]
    except ValueError:
        raise UsageError(f"--dimensions {text}: name whole numbers separated by commas, such as 256,512.") from None


@app.command("verify")
def verify_command(
    name: Annotated[str, typer.Argument(help=f"A preset ({', '.join(PRESETS)}) or the id of an installed model.")],
    precision: Annotated[Precision | None, typer.Option(help="Default: every conversion that is installed.")] = None,
) -> None:
    """Measure how faithful installed conversions are to their original; exit code 1 if one is beyond its limits."""
    with store_errors():
        from scripts.models.verify import verify

        faithful = [verify(model_id, precision, typer.echo) for model_id in PRESETS.get(name, (name,))]
    if not all(faithful):
        raise typer.Exit(ExitCode.NEGATIVE)


@app.command("list")
def list_command() -> None:
    """List the installed models, and what is wrong with those that cannot be used."""
    with store_errors():
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
        raise typer.Exit(ExitCode.NEGATIVE)
