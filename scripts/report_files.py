"""Flags that name the files of a report; a file that could not be written is refused before anything is measured."""

import os
from pathlib import Path
from typing import Annotated, TypeAlias

import typer


def _can_be_written(file: Path | None) -> Path | None:
    if file and not (file.parent.is_dir() and os.access(file.parent, os.W_OK)):
        raise typer.BadParameter(f"{file.parent} is not a directory that can be written to.")
    return file


JSONFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--json", help="File to write all figures to.", dir_okay=False, writable=True, callback=_can_be_written
    ),
]
HTMLFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--html", help="File to write a page with plots to.", dir_okay=False, writable=True, callback=_can_be_written
    ),
]
