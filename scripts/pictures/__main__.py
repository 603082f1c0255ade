"""Command line: pictures of running services for the documentation."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import typer

from scripts.command import Program, UnreachableError
from scripts.pictures.chromium import photograph
from scripts.pictures.drawing import draw
from scripts.pictures.load import Load
from scripts.pictures.prometheus import running_prometheus

_INTERVAL = "1s"
_WINDOW = "10s"
_FOLDER = Path(__file__).parents[2] / "docs" / "pictures"

app = Program()


@app.command()
def take_pictures(
    embed_url: Annotated[str, typer.Option(help="Where embed-service listens.")] = "http://localhost:5555",
    rerank_url: Annotated[str, typer.Option(help="Where rerank-service listens.")] = "http://localhost:5556",
    seconds: Annotated[int, typer.Option(min=20, help="How long to load the services for the dashboard.")] = 120,
    folder: Annotated[Path, typer.Option(help="Where the pictures are written.")] = _FOLDER,
) -> None:
    """Take pictures of both services' pages, and of the dashboard while the services have a little load.

    The services must run without keys. Exit codes: 0 done, 2 Chromium or Prometheus is missing, 3 a service does not
    answer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    urls = {"embed-service": embed_url.rstrip("/"), "rerank-service": rerank_url.rstrip("/")}
    try:
        for name, url in urls.items():
            httpx.get(f"{url}/ready", trust_env=False).raise_for_status()
            photograph(url, folder / f"page-{name.removesuffix('-service')}.png")
        with TemporaryDirectory() as work:
            addresses = {name: urlsplit(url).netloc for name, url in urls.items()}
            with running_prometheus(addresses, Path(work), interval=_INTERVAL) as prometheus:
                Load(urls["embed-service"], urls["rerank-service"]).send_for(seconds)
                draw(prometheus, folder / "dashboard.png", seconds=seconds, window=_WINDOW)
    except httpx.HTTPError as error:
        raise UnreachableError(f"{name} at {url} does not answer as it should: {error}") from None
    for picture in sorted(folder.glob("*.png")):
        typer.echo(f"{picture}  {picture.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    app(prog_name="python -m scripts.pictures")
