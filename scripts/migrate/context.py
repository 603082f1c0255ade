"""Opens everything a migration needs and refuses what would go wrong, before anything is changed."""

import re
from dataclasses import dataclass, replace

from qdrant_client import models

from scripts.migrate.client.embed_client import EmbedClient, ServiceInfo
from scripts.migrate.copy.dead_letters import Failures
from scripts.migrate.copy.template import Template
from scripts.migrate.errors import MigrateError
from scripts.migrate.qdrant.checkpoint import Checkpoint, Migration
from scripts.migrate.qdrant.collection import Target
from scripts.migrate.qdrant.connection import Storage
from scripts.migrate.qdrant.layout import Layout, layout_of
from scripts.migrate.qdrant.names import refuse_bad_names
from scripts.migrate.settings import MigrateSettings
from scripts.migrate.sources.interface import Source
from scripts.migrate.sources.opening import open_source
from scripts.migrate.wording import counted


@dataclass(frozen=True)
class Prepared:
    """A migration that may start.

    Attributes:
        collection: source collection; None when a file or Firestore is the source.
        migration: what the checkpoint holds or will hold.
        resumed: whether it was started before.
    """

    storage: Storage
    source: Source
    collection: models.CollectionInfo | None
    target: Target
    template: Template
    service: ServiceInfo
    migration: Migration
    checkpoint: Checkpoint
    failures: Failures
    resumed: bool


async def prepare(settings: MigrateSettings, storage: Storage, embedder: EmbedClient) -> Prepared:
    """Open source, target and checkpoint.

    Raises:
        MigrateError: the first thing that is unsafe, in one sentence.
    """
    template = Template(settings.template)
    service = await embedder.info()
    if settings.batch_size > service.max_texts:
        raise MigrateError(
            f"The service takes {counted(service.max_texts, 'text')} a request: set --batch-size to that or less."
        )
    behind = _collection_behind(settings, storage)
    info = None if behind is None else storage.client.get_collection(behind)
    old = Layout(settings.vector, settings.vector, service.dimension, models.Distance.COSINE)
    if info is not None:
        old = layout_of(info, settings.vector)
    source = open_source(settings, storage.client, behind or "", old.others)
    sample = source.sample(settings.sample)
    unknown = template.unknown_fields([record.payload for record in sample])
    if sample and unknown:
        known = sorted({field for record in sample for field in record.payload})
        raise MigrateError(
            f"No point of {source.name} has {', '.join(map(repr, unknown))}, which the template names; "
            f"it has {', '.join(known) or 'no payload'}."
        )
    name = _target_name(settings, source.name, service)
    layout = _new_layout(settings, source.name, old, service)
    if not settings.in_place:
        refuse_bad_names(storage, name, layout)
    target = Target(storage, name, layout, model=service.model, in_place=settings.in_place)
    checkpoint = Checkpoint(storage.client, name)
    migration = Migration(
        alias=settings.alias,
        source=source.name,
        target=name,
        template=settings.template,
        vector=layout.vector,
        new_vector=layout.new_vector,
        model=service.model,
        revision=service.revision,
        in_place=settings.in_place,
    )
    started = _check_target(storage, target, checkpoint, migration)
    return Prepared(
        storage,
        source,
        info,
        target,
        template,
        service,
        started or migration,
        checkpoint,
        Failures.of(settings.folder, name),
        resumed=started is not None,
    )


def _collection_behind(settings: MigrateSettings, storage: Storage) -> str | None:
    """Source collection; None when the points come from elsewhere."""
    if settings.source:
        if settings.in_place:
            raise MigrateError("--in-place replaces vectors of a collection; with --source there is none.")
        return None
    behind = storage.resolve(settings.alias)
    if behind is not None:
        return behind
    if not storage.client.collection_exists(settings.alias):
        raise MigrateError(f"Qdrant has neither an alias nor a collection {settings.alias}: name yours with --alias.")
    if settings.in_place:
        return settings.alias
    raise MigrateError(
        f"{settings.alias} is a collection, not an alias, so nothing could be switched without downtime. Make an alias "
        f"(python -m scripts.migrate --alias NAME alias {settings.alias}), have the application use it, and migrate "
        "that; or use --in-place."
    )


def _target_name(settings: MigrateSettings, source: str, service: ServiceInfo) -> str:
    if settings.in_place:
        return source
    name = settings.target or f"{settings.alias}-{re.sub('[^A-Za-z0-9._-]+', '-', service.model.rpartition('/')[2])}"
    if name in (source, settings.alias):
        raise MigrateError(f"Source and target are both {name}: name another one with --target, or use --in-place.")
    return name


def _new_layout(settings: MigrateSettings, source: str, old: Layout, service: ServiceInfo) -> Layout:
    """The layout of the new collection; in place, of the only one."""
    if settings.in_place:
        _refuse_in_place(settings, source, old, service)
        return old
    new_vector = settings.target_vector or old.vector
    if new_vector in old.others:
        raise MigrateError(f"{source} has another vector {new_vector!r}: give the new one a name of its own.")
    datatype = None if old.datatype == models.Datatype.UINT8 else old.datatype
    return replace(
        old,
        new_vector=new_vector,
        size=service.dimension,
        datatype=datatype if settings.datatype == "auto" else models.Datatype(settings.datatype),
    )


def _refuse_in_place(settings: MigrateSettings, source: str, old: Layout, service: ServiceInfo) -> None:
    if settings.target_vector or settings.datatype != "auto":
        raise MigrateError("--target-vector and --datatype are for a new collection; with --in-place there is none.")
    if old.size != service.dimension:
        raise MigrateError(
            f"{source} has vectors of {old.size} numbers and {service.model} makes {service.dimension}: "
            "they cannot be replaced in place; leave --in-place out."
        )
    if old.datatype == models.Datatype.UINT8:
        raise MigrateError(
            f"{source} keeps its vectors as uint8, whole numbers from 0 to 255, and would make zeros of the service's: "
            "leave --in-place out, and the new collection has float32."
        )


def _check_target(storage: Storage, target: Target, checkpoint: Checkpoint, migration: Migration) -> Migration | None:
    """What was started before, if it is the same."""
    started = checkpoint.migration()
    exists = storage.client.collection_exists(target.name)
    if started is None:
        if exists and not migration.in_place:
            raise MigrateError(f"{target.name} exists and is not from a migration: name another --target or delete it.")
        return None
    for field in ("source", "template", "vector", "new_vector", "model", "revision", "in_place", "alias"):
        before, now = getattr(started, field), getattr(migration, field)
        if before != now:
            raise MigrateError(
                f"{target.name} was started with {field} {before!r}, not {now!r}: go on with that, "
                "or name another --target."
            )
    if exists:
        found, wanted = layout_of(storage.client.get_collection(target.name), target.layout.new_vector), target.layout
        if _kind(found) != _kind(wanted):
            raise MigrateError(
                f"{target.name} has vectors of {' '.join(_kind(found))}, not of {' '.join(_kind(wanted))}: go on "
                "with the flags it was started with, or name another --target."
            )
    return started


def _kind(layout: Layout) -> tuple[str, str, str]:
    datatype = layout.datatype or models.Datatype.FLOAT32
    return f"{layout.size} numbers", layout.distance.value, datatype.value
