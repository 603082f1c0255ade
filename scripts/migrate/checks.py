"""What a migration refuses before anything is changed."""

import re
from dataclasses import replace

from qdrant_client import models

from scripts.command import UsageError
from scripts.migrate.client.service_info import ServiceInfo
from scripts.migrate.copy.template import Template
from scripts.migrate.qdrant.checkpoint import Checkpoint, Migration
from scripts.migrate.qdrant.collection import Target
from scripts.migrate.qdrant.connection import Storage
from scripts.migrate.qdrant.layout import Layout, layout_of
from scripts.migrate.settings import MigrateSettings
from scripts.migrate.sources.interface import Source
from scripts.wording import counted


def refuse_large_batches(batch_size: int, service: ServiceInfo) -> None:
    """Refuse requests of more texts than the service takes.

    Raises:
        UsageError: there would be such requests.
    """
    if batch_size > service.max_texts:
        raise UsageError(
            f"The service takes {counted(service.max_texts, 'text')} per request: set --batch-size to that or less."
        )


def source_collection(settings: MigrateSettings, storage: Storage) -> str | None:
    """Name of the source collection; None when the points come from elsewhere.

    Raises:
        UsageError: there is none, or nothing could be switched afterwards.
    """
    if settings.source:
        if settings.in_place:
            raise UsageError("--in-place replaces vectors of a collection; with --source there is none.")
        return None
    behind = storage.resolve(settings.alias)
    if behind is not None:
        return behind
    if not storage.client.collection_exists(settings.alias):
        raise UsageError(f"Qdrant has neither an alias nor a collection {settings.alias}: name yours with --alias.")
    if settings.in_place:
        return settings.alias
    raise UsageError(
        f"{settings.alias} is a collection, not an alias, so nothing could be switched without downtime. Make an alias "
        f"(python -m scripts.migrate --alias NAME alias {settings.alias}), have the application use it, and migrate "
        "that; or use --in-place."
    )


def check_fields(template: Template, source: Source, sample: int) -> None:
    """Look whether the source has what the template names.

    Args:
        sample: number of points that are looked at.

    Raises:
        UsageError: none of them has a field of it.
    """
    records = source.sample(sample)
    unknown = template.unknown_fields([record.payload for record in records])
    if records and unknown:
        known = sorted({field for record in records for field in record.payload})
        raise UsageError(
            f"No point of {source.name} has {', '.join(map(repr, unknown))}, which the template names; "
            f"it has {', '.join(known) or 'no payload'}."
        )


def name_of_target(settings: MigrateSettings, source: str, service: ServiceInfo) -> str:
    """Name of the collection that gets the new vectors.

    Raises:
        UsageError: it is that of the source or of the alias.
    """
    if settings.in_place:
        return source
    name = settings.target or f"{settings.alias}-{re.sub('[^A-Za-z0-9._-]+', '-', service.model.rpartition('/')[2])}"
    if name in (source, settings.alias):
        raise UsageError(f"Source and target are both {name}: name another one with --target, or use --in-place.")
    return name


def refuse_shards_by_key(source: str, info: models.CollectionInfo) -> None:
    """Refuse a collection whose points lie in the shards that the application names.

    Raises:
        UsageError: they do, and searches that name a shard would fail in the new collection.
    """
    if info.config.params.sharding_method == models.ShardingMethod.CUSTOM:
        raise UsageError(
            f"{source} has shards by key (sharding_method custom), which a new collection would not have, so that "
            "searches with a shard key would fail: have the application index it again, or use --in-place where the "
            "dimension stays."
        )


def layout_of_target(settings: MigrateSettings, source: str, old: Layout, service: ServiceInfo) -> Layout:
    """The layout of the new collection; in place, of the only one.

    Raises:
        UsageError: it cannot hold the service's vectors.
    """
    if settings.in_place:
        _refuse_in_place(settings, source, old, service)
        return old
    new_vector = settings.target_vector or old.vector
    if new_vector in old.others:
        raise UsageError(f"{source} has another vector {new_vector!r}: give the new one a name of its own.")
    datatype = None if old.datatype == models.Datatype.UINT8 else old.datatype
    return replace(
        old,
        new_vector=new_vector,
        size=service.dimension,
        datatype=datatype if settings.datatype == "auto" else models.Datatype(settings.datatype),
    )


def _refuse_in_place(settings: MigrateSettings, source: str, old: Layout, service: ServiceInfo) -> None:
    if settings.target_vector or settings.datatype != "auto":
        raise UsageError("--target-vector and --datatype are for a new collection; with --in-place there is none.")
    if old.size != service.dimension:
        raise UsageError(
            f"{source} has vectors of {old.size} dimensions and {service.model} makes {service.dimension}: "
            "they cannot be replaced in place; leave --in-place out."
        )
    if old.datatype == models.Datatype.UINT8:
        raise UsageError(
            f"{source} stores its vectors as uint8, whole numbers from 0 to 255, and would store the service's as "
            "zeros: leave --in-place out, and the new collection has float32."
        )


def check_target(storage: Storage, target: Target, checkpoint: Checkpoint, migration: Migration) -> Migration | None:
    """What was started before, if it is the same.

    Raises:
        UsageError: the target is not from this migration.
    """
    started = checkpoint.migration()
    exists = storage.client.collection_exists(target.name)
    if started is None:
        if exists and not migration.in_place:
            raise UsageError(f"{target.name} exists and is not from a migration: name another --target or delete it.")
        return None
    for field in ("source", "template", "vector", "new_vector", "model", "revision", "in_place", "alias"):
        before, now = getattr(started, field), getattr(migration, field)
        if before != now:
            raise UsageError(
                f"{target.name} was started with {field} {before!r}, not {now!r}: go on with that, "
                "or name another --target."
            )
    if exists:
        found, wanted = layout_of(storage.client.get_collection(target.name), target.layout.new_vector), target.layout
        if _kind(found) != _kind(wanted):
            raise UsageError(
                f"{target.name} has vectors of {', '.join(_kind(found))}, not of {', '.join(_kind(wanted))}: go on "
                "with the flags it was started with, or name another --target."
            )
    return started


def _kind(layout: Layout) -> tuple[str, str, str]:
    datatype = layout.datatype or models.Datatype.FLOAT32
    return f"{layout.size} dimensions", layout.distance.value, datatype.value
