"""Command line: pictures of running services for the documentation."""

from pathlib import Path
from typing import Annotated

import httpx
import typer

from scripts.command import Program, UnreachableError
from scripts.pictures.chromium import photograph

_FOLDER = Path(__file__).parents[2] / "docs" / "pictures"

app = Program()


@app.command()
def take_pictures(
    embed_url: Annotated[str, typer.Option(help="Where embed-service listens.")] = "http://localhost:5555",
    rerank_url: Annotated[str, typer.Option(help="Where rerank-service listens.")] = "http://localhost:5556",
    folder: Annotated[Path, typer.Option(help="Where the pictures are written.")] = _FOLDER,
) -> None:
    """Take pictures of both services' pages.

    The services must run without keys.

    Exit codes: 0 done, 2 Chromium is missing, 3 a service does not answer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    urls = {"embed-service": embed_url.rstrip("/"), "rerank-service": rerank_url.rstrip("/")}
    try:
        for name, url in urls.items():
            httpx.get(f"{url}/ready", trust_env=False).raise_for_status()
            photograph(url, folder / f"page-{name.removesuffix('-service')}.png")
    except httpx.HTTPError as error:
        raise UnreachableError(f"{name} at {url} does not answer as it should: {error}") from None
    for picture in sorted(folder.glob("*.png")):
        typer.echo(f"{picture}  {picture.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    app(prog_name="python -m scripts.pictures")
