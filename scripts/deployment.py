"""Where a deployment's services are, and the clients that the command-line tools reach them with."""

from typing import Annotated, TypeAlias

import httpx
import typer
from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from bentos.common import environment
from bentos.common.environment import AnySettings
from scripts.command import UsageError


def _reachable(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{url} is not a URL: {error}") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError(f"{url} is not a service's URL, such as http://localhost:5555")
    return url


ServiceURL: TypeAlias = Annotated[str, AfterValidator(_reachable)]
"""URL of a service, in settings; refused if no client could be made for it."""


def service_url(option: str | None) -> str | None:
    """Callback of an option that takes a service's URL.

    Raises:
        typer.BadParameter: no client could be made for it.
    """
    try:
        return option and _reachable(option)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


EmbedURL: TypeAlias = Annotated[
    str | None, typer.Option(help="URL of embed-service; default: EMBED_SERVICE_URL.", callback=service_url)
]
RerankURL: TypeAlias = Annotated[
    str | None, typer.Option(help="URL of rerank-service; default: RERANK_SERVICE_URL.", callback=service_url)
]
Key: TypeAlias = Annotated[str | None, typer.Option(help="Key of the services; default: SERVICE_API_KEY.")]
Timeout: TypeAlias = Annotated[float, typer.Option(min=0.001, help="Seconds that a request may take.")]


class DeploymentSettings(BaseSettings):
    """Read from the variables that an application of this deployment has set too."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    embed_service_url: ServiceURL = Field("http://localhost:5555", description="URL of embed-service")
    rerank_service_url: ServiceURL = Field("http://localhost:5556", description="URL of rerank-service")
    service_api_key: SecretStr | None = Field(None, description="Key that both services are sent")

    @property
    def key(self) -> str | None:
        """The services' key in clear."""
        return self.service_api_key.get_secret_value() if self.service_api_key else None


def read(kind: type[AnySettings]) -> AnySettings:
    """Settings of a command that are read from the environment.

    Raises:
        UsageError: with a line for each that is wrong.
    """
    try:
        return environment.read(kind)
    except environment.WrongSettings as error:
        raise UsageError(str(error)) from None


def authorization(key: str | None) -> dict[str, str]:
    """Header that carries a key, if there is one."""
    return {"Authorization": f"Bearer {key}"} if key else {}
