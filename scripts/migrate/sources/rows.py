"""What sources of rows have in common: ids for points, one user's rows."""

import base64
import math
import uuid
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

from scripts.migrate.errors import MigrateError
from scripts.migrate.sources.interface import PointId, Record

NAMESPACE = uuid.UUID("5f0c2f6e-6a39-5b1c-9d5c-3b1f0a4f6c11")
"""Of the UUIDs that stand for ids which Qdrant does not take; never change it, or points would be doubled."""


def record(row: Mapping[str, Any], id_field: str, place: str) -> Record:
    """A row as a record.

    Raises:
        MigrateError: it has no id.
    """
    value = row.get(id_field)
    if value is None or value == "":
        raise MigrateError(f"{place} has no {id_field!r}: name the field of ids with --id-field.")
    return Record(point_id(value), dict(row))


def point_id(value: object) -> PointId:
    """Numbers and UUIDs stay as they are; of anything else a UUID is made, always the same."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64:
        return value
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        name = str(value).encode(errors="backslashreplace").decode()  # half of a surrogate pair has no UTF-8
        return str(uuid.uuid5(NAMESPACE, name))


def plain(value: Any) -> Any:
    """As JSON has it, at any depth.

    Times in ISO 8601, decimals as numbers, what is no number as null, bytes as base64, Firestore's places as Qdrant's
    `lat` and `lon` and its references as paths.
    """
    match value:
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case date() | time():
            return value.isoformat()
        case Decimal():
            return plain(float(value))
        case float():
            return value if math.isfinite(value) else None
        case bytes():
            return base64.b64encode(value).decode()
    if hasattr(value, "latitude"):
        return {"lat": value.latitude, "lon": value.longitude}
    return value.path if hasattr(value, "path") else value


def matches(row: Mapping[str, Any], only: tuple[str, str] | None) -> bool:
    """Whether the row is of the user."""
    return only is None or str(row.get(only[0])) == only[1]
