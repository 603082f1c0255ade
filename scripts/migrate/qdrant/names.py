"""Names that Qdrant accepts for new collections and vectors; old ones may have others."""

import re

from scripts.command import UsageError
from scripts.migrate.qdrant.checkpoint import SUFFIX
from scripts.migrate.qdrant.connection import Storage
from scripts.migrate.qdrant.layout import Layout

_REFUSED = '<>:"/\\|?*\0\x1f'
_MAX_COLLECTION_BYTES = 255 - len(SUFFIX)  # names become file names, and the checkpoint's is longer
_MAX_VECTOR_BYTES = 200
_STRICT_VERSION = (1, 18)  # of the server, since when a vector's name is checked as well


def refuse_bad_names(storage: Storage, collection: str, layout: Layout) -> None:
    """Refuse a new collection that Qdrant would not make; one that was made by an older server may be gone on with.

    Raises:
        UsageError: its name, or that of a vector in it, has a character that Qdrant does not take, or is too long.
    """
    if wrong := _wrong(collection, _MAX_COLLECTION_BYTES):
        raise UsageError(f"Qdrant makes no collection {collection!r}: {wrong}. Name another one with --target.")
    if storage.client.collection_exists(collection) or _version(storage) < _STRICT_VERSION:
        return
    if wrong := _wrong(layout.new_vector, _MAX_VECTOR_BYTES):
        raise UsageError(
            f"Qdrant makes no new vector {layout.new_vector!r}: since version 1.18 {wrong}. Give it "
            "another name with --target-vector, and have the application search with that after the switch."
        )
    for name in layout.others:
        if wrong := _wrong(name, _MAX_VECTOR_BYTES):
            raise UsageError(
                f"Qdrant makes no new vector {name!r}: since version 1.18 {wrong}. A new collection cannot hold "
                "it: use --in-place, or delete that vector if nothing searches with it."
            )


def _wrong(name: str, max_bytes: int) -> str:
    """What is wrong with a name; empty if nothing is."""
    bad = next((character for character in _REFUSED if character in name), None)
    if bad:
        return f"a name must not hold {bad!r}"
    if name in (".", ".."):
        return "it is the name of a directory"
    if len(name.encode(errors="replace")) > max_bytes:
        return f"a name must not have more than {max_bytes} bytes"
    return ""


def _version(storage: Storage) -> tuple[int, int]:
    found = re.match(r"v?(\d+)\.(\d+)", storage.client.info().version)
    return (int(found[1]), int(found[2])) if found else _STRICT_VERSION
