"""Moves the alias from the old collection to the new one and back; deletes the one that is not used."""

from qdrant_client import models

from scripts.command import UsageError
from scripts.migrate.qdrant.checkpoint import SUFFIX, Checkpoint, Migration
from scripts.migrate.qdrant.connection import Storage


def point_alias(storage: Storage, alias: str, collection: str) -> None:
    """Make the alias name this collection, in one step: a search always finds the old or the new one.

    Raises:
        UsageError: there is no such collection, or the alias is a collection's name.
    """
    names = {found.name for found in storage.client.get_collections().collections}
    if collection not in names:
        raise UsageError(f"There is no collection {collection}.")
    if alias in names:
        raise UsageError(f"{alias} is a collection; an alias needs a name of its own.")
    create = models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=collection, alias_name=alias))
    delete = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
    known = storage.resolve(alias) is not None
    storage.client.update_collection_aliases([delete, create] if known else [create])


def switch(storage: Storage, checkpoint: Checkpoint, migration: Migration) -> None:
    """Point the alias at the target, and remember what it pointed at."""
    if migration.in_place:
        raise UsageError("This migration was in place: the alias points at the new vectors already.")
    now = storage.resolve(migration.alias) or ""
    if now == migration.target:
        raise UsageError(f"{migration.alias} points at {migration.target} already.")
    checkpoint.update(previous=now)
    point_alias(storage, migration.alias, migration.target)


def roll_back(storage: Storage, migration: Migration) -> str:
    """Point the alias at what it pointed at before the switch, and give that collection's name."""
    if storage.resolve(migration.alias) != migration.target:
        raise UsageError(f"{migration.alias} does not point at {migration.target}: there is nothing to roll back.")
    if not migration.previous:
        raise UsageError(f"{migration.alias} did not exist before the switch: there is nothing to go back to.")
    point_alias(storage, migration.alias, migration.previous)
    return migration.previous


def find_migration(storage: Storage, alias: str, target: str) -> tuple[Checkpoint, Migration]:
    """The migration of an alias; `target` chooses among several, an empty one takes any.

    Raises:
        UsageError: there is no migration, or there are several.
    """
    found = []
    for collection in storage.client.get_collections().collections:
        name = collection.name.removesuffix(SUFFIX)
        checkpoint = Checkpoint(storage.client, name)
        if name == collection.name or (migration := checkpoint.migration()) is None:
            continue
        if migration.alias == alias and target in ("", name):
            found.append((checkpoint, migration))
    if not found:
        raise UsageError(f"There is no migration of {alias}: start one, or name yours with --alias and --target.")
    if len(found) > 1:
        names = ", ".join(migration.target for _, migration in found)
        raise UsageError(f"{alias} has several migrations: choose one of {names} with --target.")
    return found[0]


def unused(storage: Storage, migration: Migration, *, abandon: bool) -> str | None:
    """The collection that `cleanup` deletes; None if there is nothing to delete, as after a migration in place.

    Args:
        abandon: delete the new collection, not the old one.

    Raises:
        UsageError: the alias still points at it.
    """
    if migration.in_place:
        return None
    switched = storage.resolve(migration.alias) == migration.target
    if abandon and switched:
        raise UsageError(f"{migration.alias} points at {migration.target}: roll back first.")
    if not abandon and not switched:
        raise UsageError(
            f"{migration.alias} does not point at {migration.target} yet: switch first, or give the new one up "
            "with --abandon."
        )
    return migration.target if abandon else migration.previous or None


def clean_up(storage: Storage, checkpoint: Checkpoint, collection: str | None) -> None:
    """Delete the unused collection and the checkpoint."""
    if collection is not None and storage.client.collection_exists(collection):
        storage.client.delete_collection(collection)
    checkpoint.remove()
