"""Chooses the source that the settings name."""

from collections.abc import Sequence
from pathlib import Path

from qdrant_client import QdrantClient

from scripts.command import UsageError
from scripts.migrate.settings import MigrateSettings
from scripts.migrate.sources.interface import Source
from scripts.migrate.sources.qdrant import QdrantSource


def open_source(
    settings: MigrateSettings, client: QdrantClient, collection: str, other_vectors: Sequence[str]
) -> Source:
    """The source; `collection` and its vectors are used when the settings name none."""
    only = settings.only
    if not settings.source:
        return QdrantSource(client, collection, vectors=other_vectors, only=only)
    if settings.source.startswith("firestore:"):
        from scripts.migrate.sources.firestore import FirestoreSource

        return FirestoreSource.connect(settings.source.removeprefix("firestore:"), settings.id_field, only)
    path = Path(settings.source)
    if not path.is_file():
        raise UsageError(f"{path} is not a file: --source takes a .jsonl or .parquet file, or firestore:COLLECTION.")
    if path.suffix == ".jsonl":
        from scripts.migrate.sources.jsonl import JsonLinesSource

        return JsonLinesSource(path, settings.id_field, only)
    if path.suffix == ".parquet":
        from scripts.migrate.sources.parquet import ParquetSource

        return ParquetSource(path, settings.id_field, only)
    raise UsageError(f"{path} is neither .jsonl nor .parquet.")
