"""Where a deployment's Qdrant is, and the client of a server: the command-line tools reach it in the same way."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from qdrant_client import QdrantClient

LOCAL_URL = "http://localhost:6333"
"""Where a server listens that was started without options."""

QdrantURL: TypeAlias = Annotated[
    str | None, typer.Option(help="Qdrant's URL, or the folder of its embedded engine; default: QDRANT_URL.")
]


class QdrantSettings(BaseSettings):
    """Read from the variables that an application of this deployment has set too."""

    model_config = SettingsConfigDict(env_prefix="QDRANT_", frozen=True, env_ignore_empty=True)

    url: str | None = Field(None, description="Qdrant's URL, or the folder of its embedded engine")
    api_key: SecretStr | None = Field(None, description="Qdrant's API key")

    @property
    def key(self) -> str | None:
        """The key in clear."""
        return self.api_key.get_secret_value() if self.api_key else None


def folder_of(url: str) -> Path | None:
    """The embedded engine's folder; None if it is the URL of a server."""
    return None if "://" in url else Path(url)


def server_client(url: str, api_key: str | None, timeout: int | None = None) -> QdrantClient:
    """Client of a server.

    Args:
        url: without a port, https is port 443, as behind a proxy, and http Qdrant's own 6333.
        timeout: seconds that it may take to answer; None is the client's default.
    """
    port = None if url.startswith("https://") else 6333
    return QdrantClient(url=url, port=port, api_key=api_key or None, timeout=timeout, check_compatibility=False)
