"""Command line that runs both services."""

import asyncio
import subprocess
import sys
from typing import Annotated, Literal

import typer

from bentos.common.settings import ServerSettings
from scripts.command import Program, UsageError
from scripts.deployment import read
from scripts.models.conversion.precision import Wanted
from scripts.models.present import preset_is_installed
from scripts.models.presets import PRESETS
from scripts.models.store_errors import store_errors
from scripts.serve.services import embed_service, rerank_service
from scripts.serve.supervisor import run

SERVED = {name: models for name, models in PRESETS.items() if len(models) == 2}
STOP_MARGIN_SECONDS = 10  # between the services' own grace and the kill

app = Program()


@app.command()
def serve(
    models: Annotated[str, typer.Option(help=f"Preset to serve: {' or '.join(SERVED)}.")] = "small",
    precision: Annotated[
        Literal[Wanted, "none"],
        typer.Option(help="auto is the fastest that is faithful here; none is the originals, by PyTorch."),
    ] = "auto",
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is every interface.")] = "127.0.0.1",
    embed_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of embed-service.")] = 5555,
    rerank_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of rerank-service.")] = 5556,
    ready_seconds: Annotated[float, typer.Option(help="How long a service may take to become ready.")] = 600,
    grace_seconds: Annotated[
        int, typer.Option(help="How long the servers wait for requests at the end; more than DRAIN_TIMEOUT_SECONDS.")
    ] = 35,
) -> None:
    """Run embed-service and rerank-service with a preset of models until Ctrl-C, installing what is not there.

    Exit codes: 0 stopped, 1 a model is not faithful enough, 2 a port is taken, or an option or a model is wrong, 3 the
    hub does not answer, or a service does not become ready.
    """
    if models not in SERVED:
        raise UsageError(f"{models!r} is not a preset that can be served: choose {' or '.join(SERVED)}.")
    if embed_port == rerank_port:
        raise UsageError(f"Both services cannot listen on port {embed_port}: change --embed-port or --rerank-port.")
    drain_seconds = read(ServerSettings).drain_timeout_seconds
    if grace_seconds <= drain_seconds:
        raise UsageError(
            f"--grace-seconds {grace_seconds} would cut off requests that DRAIN_TIMEOUT_SECONDS lets finish: "
            f"it must be more than that, {drain_seconds:g}."
        )
    with store_errors():
        installed = preset_is_installed(models, None if precision == "none" else precision)
    if not installed:
        _install(models, precision)
    encoder, cross_encoder = SERVED[models]
    services = [
        embed_service(encoder, host, embed_port, grace_seconds, precision),
        rerank_service(cross_encoder, host, rerank_port, grace_seconds, precision),
    ]
    asyncio.run(
        run(services, ready_seconds=ready_seconds, grace_seconds=grace_seconds + STOP_MARGIN_SECONDS, write=typer.echo)
    )


def _install(models: str, precision: str) -> None:
    """In a process of its own, which takes its memory along when it is done."""
    command = [sys.executable, "-m", "scripts.models", "install", models, "--precision", precision]
    if failed := subprocess.run(command, check=False).returncode:
        raise typer.Exit(failed)
