"""Settings of the migration: each is an environment variable and a flag."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from scripts.deployment import ServiceURL


class MigrateSettings(BaseSettings):
    """Where points come from, where they go, and how."""

    model_config = SettingsConfigDict(
        env_prefix="MIGRATE_", frozen=True, env_ignore_empty=True, populate_by_name=True, extra="forbid"
    )

    qdrant_url: str = Field(
        "http://localhost:6333",
        validation_alias=AliasChoices("QDRANT_URL"),
        description="Qdrant's URL, or the folder of its embedded engine",
    )
    qdrant_api_key: SecretStr = Field(
        SecretStr(""), validation_alias=AliasChoices("QDRANT_API_KEY"), description="Qdrant's API key"
    )
    embed_service_url: ServiceURL = Field(
        "http://localhost:5555",
        validation_alias=AliasChoices("EMBED_SERVICE_URL"),
        description="embed-service's URL",
    )
    service_api_key: SecretStr = Field(
        SecretStr(""),
        validation_alias=AliasChoices("SERVICE_API_KEY"),
        description="One of the service's `API_KEYS`, if it has any",
    )
    alias: str = Field("contacts", min_length=1, description="Alias under which the application searches")
    source: str = Field(
        "",
        description="A `.jsonl` or `.parquet` file, or `firestore:COLLECTION`; unset, the collection behind the alias",
    )
    target: str = Field("", description="Collection that gets the new vectors; unset, the alias and the model's name")
    template: str = Field(
        "{name} {title} at {company}", min_length=1, description="Text of a point; fields of its payload in braces"
    )
    vector: str = Field("", description="Name of the vector to replace; unset, the only one")
    target_vector: str = Field("", description="Name of the new vector in the new collection; unset, that of the old")
    datatype: Literal["auto", "float32", "float16"] = Field(
        "auto",
        description="Type of the new vector's values; `auto`, as the old one's, but float32 where those are uint8",
    )
    user_field: str = Field("userId", min_length=1, description="Payload field that `--user-id` is compared with")
    id_field: str = Field("id", min_length=1, description="Field of a file's row that becomes the point's id")
    user_id: str = Field("", description="Migrate only this user's points")
    batch_size: int = Field(100, ge=1, le=2048, description="Texts in one request to the service")
    concurrency: int = Field(
        8, ge=1, le=256, description="Maximum number of requests in flight; fewer while the service answers 429"
    )
    limit: int = Field(0, ge=0, description="Stop after about this many points, to continue later; 0 is all")
    dry_run: bool = Field(False, description="Show the plan, change nothing")
    retry_failed: bool = Field(False, description="Retry the points of the file of failures, and only those")
    allow_failed: bool = Field(False, description="Let `switch` leave the points of the file of failures behind")
    discard_new: bool = Field(
        False, description="Overwrite or delete what was written to the new collection after a switch"
    )
    in_place: bool = Field(False, description="Replace vectors in the collection itself; only the backup can undo it")
    backup: bool = Field(True, description="Snapshot of the source first (embedded engine: a copy of its files)")
    folder: Path = Field(Path("migration"), description="Folder for the file of failures and the report")
    sample: int = Field(500, ge=10, le=100_000, description="Number of points that plan and verification look at")
    patience_seconds: float = Field(300.0, gt=0, description="How long to retry while a server is down")
    price_per_million_tokens: float = Field(
        0.10, ge=0, description="What the vendor charges, in dollars; Embed v3 in price lists of November 2026"
    )
    engine: Literal["local", "ray"] = Field("local", description="`ray` spreads the work over a Ray cluster")
    shards: int = Field(64, ge=1, le=65_536, description="Ranges of ids into which `ray` divides the points")
    ray_address: str = Field("local", description="Address of the Ray cluster; `local` starts one here")

    @property
    def only(self) -> tuple[str, str] | None:
        """Payload field and its value in the points of one user; None for all points."""
        return (self.user_field, self.user_id) if self.user_id else None

    @property
    def scope(self) -> str:
        """Which points are migrated, as the checkpoint names it."""
        return f"user {self.user_id}" if self.user_id else "all"
