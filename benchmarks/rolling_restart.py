"""Whether clients notice that one replica of two behind the gateway is restarted, many times under load.

python -m benchmarks.rolling_restart [--restarts 20] [--clients 8]; needs nginx. Exits with 1 if a request failed.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from tests.gateway.replicas import replicas_behind_gateway, steady_clients
from tests.http.server import wait_for_stopped
from tests.http.services import EMBED


def main(
    restarts: Annotated[int, typer.Option(min=1, help="Restarts, of both replicas in turn.")] = 20,
    clients: Annotated[int, typer.Option(min=1, help="Clients that send one request after another.")] = 8,
) -> None:
    """Print how many requests ended with which status; `sent again` counts those whose connection failed once."""
    home = Path(os.environ.get("BENTOML_HOME", Path.home() / "bentoml"))
    with (
        TemporaryDirectory(prefix="duobento-replicas-") as folder,
        replicas_behind_gateway(Path(folder), home) as (replicas, gateway),
        steady_clients(gateway.url, clients) as seen,
    ):
        for number in range(restarts):
            replicas.restart(number % 2)
            typer.echo(f"{number + 1} restarts of {EMBED.name}: {dict(seen)}")
    wait_for_stopped()
    if not seen.keys() <= {"200", "sent again"}:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
