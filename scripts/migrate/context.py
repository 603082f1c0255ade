"""Everything that one migration reads, writes and remembers, opened and checked before anything is changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from qdrant_client import models

from scripts.migrate.checks import (
    check_fields,
    check_target,
    layout_of_target,
    name_of_target,
    refuse_large_batches,
    refuse_shards_by_key,
    source_collection,
)
from scripts.migrate.client.embed_client import EmbedClient
from scripts.migrate.client.service_info import ServiceInfo
from scripts.migrate.copy.dead_letters import Failures
from scripts.migrate.copy.template import Template
from scripts.migrate.qdrant.checkpoint import Checkpoint, Migration
from scripts.migrate.qdrant.collection import Target
from scripts.migrate.qdrant.connection import Storage
from scripts.migrate.qdrant.layout import Layout, layout_of
from scripts.migrate.qdrant.names import refuse_bad_names
from scripts.migrate.settings import MigrateSettings
from scripts.migrate.sources.interface import Source
from scripts.migrate.sources.opening import open_source
from scripts.migrate.sources.qdrant import QdrantSource


@dataclass(frozen=True)
class MigrationContext:
    """A migration that may start.

    Attributes:
        service: the model that the embedder asks.
        collection: source collection; None when a file or Firestore is the source.
        migration: what the checkpoint holds or will hold.
        resumed: whether it was started before.
    """

    settings: MigrateSettings
    storage: Storage
    embedder: EmbedClient
    service: ServiceInfo
    source: Source
    collection: models.CollectionInfo | None
    target: Target
    template: Template
    migration: Migration
    checkpoint: Checkpoint
    failures: Failures
    resumed: bool

    @property
    def copies(self) -> QdrantSource:
        """The target, read as the source is."""
        return QdrantSource(
            self.storage.client, self.target.name, vectors=self.target.layout.others, only=self.settings.only
        )


@asynccontextmanager
async def open_context(settings: MigrateSettings, storage: Storage) -> AsyncIterator[MigrationContext]:
    """A block with a migration's context.

    Raises:
        UsageError: the first thing that is unsafe, in one sentence.
        UnreachableError: embed-service does not answer.
    """
    embedder = EmbedClient(
        settings.embed_service_url,
        settings.service_api_key.get_secret_value(),
        settings.concurrency,
        settings.patience_seconds,
    )
    try:
        yield await _prepare(settings, storage, embedder)
    finally:
        await embedder.close()


async def _prepare(settings: MigrateSettings, storage: Storage, embedder: EmbedClient) -> MigrationContext:
    template = Template(settings.template)
    service = await embedder.info()
    refuse_large_batches(settings.batch_size, service)
    name = source_collection(settings, storage)
    info = None if name is None else storage.client.get_collection(name)
    old = Layout(settings.vector, settings.vector, service.dimension, models.Distance.COSINE)
    if info is not None:
        old = layout_of(info, settings.vector)
        if not settings.in_place:
            refuse_shards_by_key(name or "", info)
    source = open_source(settings, storage.client, name or "", old.others)
    check_fields(template, source, settings.sample)
    target_name = name_of_target(settings, source.name, service)
    layout = layout_of_target(settings, source.name, old, service)
    if not settings.in_place:
        refuse_bad_names(storage, target_name, layout)
    target = Target(storage, target_name, layout, model=service.model, in_place=settings.in_place)
    checkpoint = Checkpoint(storage.client, target_name)
    migration = Migration(
        alias=settings.alias,
        source=source.name,
        target=target_name,
        template=settings.template,
        vector=layout.vector,
        new_vector=layout.new_vector,
        model=service.model,
        revision=service.revision,
        in_place=settings.in_place,
    )
    started = check_target(storage, target, checkpoint, migration)
    return MigrationContext(
        settings=settings,
        storage=storage,
        embedder=embedder,
        service=service,
        source=source,
        collection=info,
        target=target,
        template=template,
        migration=started or migration,
        checkpoint=checkpoint,
        failures=Failures.of(settings.folder, target_name),
        resumed=started is not None,
    )
