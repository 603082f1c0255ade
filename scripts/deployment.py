"""Where a deployment's services are, and the clients that the command-line tools reach them with."""

import typer
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from bentos.common import settings
from bentos.common.settings import AnySettings


class DeploymentSettings(BaseSettings):
    """Read from the variables that an application of this deployment has set too."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    embed_service_url: str = Field("http://localhost:5555", pattern="^https?://", description="URL of embed-service")
    rerank_service_url: str = Field("http://localhost:5556", pattern="^https?://", description="URL of rerank-service")
    service_api_key: SecretStr | None = Field(None, description="Key that both services are sent")

    @property
    def key(self) -> str | None:
        """The services' key in clear."""
        return self.service_api_key.get_secret_value() if self.service_api_key else None


def read(kind: type[AnySettings]) -> AnySettings:
    """Settings of a command that are read from the environment.

    Raises:
        typer.BadParameter: with a line for each that is wrong; it ends the command as a wrong option does, with 2.
    """
    try:
        return settings.read(kind)
    except settings.WrongSettings as error:
        raise typer.BadParameter(str(error)) from None


def authorization(key: str | None) -> dict[str, str]:
    """Header that carries a key, if there is one."""
    return {"Authorization": f"Bearer {key}"} if key else {}
