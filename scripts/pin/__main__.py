"""Command line: pins everything that the project names by a tag, or nothing."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import httpx
import typer

from scripts.command import Program
from scripts.pin.actions import commit_of
from scripts.pin.references import pinned
from scripts.pin.registry import digest_of

_SECONDS = 30.0

app = Program()


@app.command()
def pin(folder: Annotated[Path, typer.Option(help="Root of the project.")] = Path()) -> None:
    """Write the digest behind the tag of each image, and the commit in place of the tag of each of GitHub's actions.

    What is pinned already is pinned anew, to what its tag names now. Nothing is written unless all can be resolved.

    Exit codes: 0 done, 2 a registry has no such tag or GitHub no such version, 3 one of them does not answer.
    """
    with httpx.Client(timeout=_SECONDS, follow_redirects=True) as client:

        @cache
        def resolve(kind: Literal["image", "action"], name: str, tag: str) -> str:
            found = digest_of(client, f"{name}:{tag}") if kind == "image" else commit_of(name, tag)
            typer.echo(f"{name} {tag}: {found}")
            return found

        files = list(pinned(folder, resolve))
    for file, text in files:
        if text != file.read_text():
            file.write_text(text)
            typer.echo(f"Wrote {file}")


if __name__ == "__main__":
    app(prog_name="python -m scripts.pin")
