"""What sources of rows have in common: ids for points, one user's rows."""

import base64
import math
import uuid
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from pydantic_core import to_jsonable_python

from scripts.command import UsageError
from scripts.migrate.sources.interface import PointId, Record

_IDS = 2**64
NAMESPACE = uuid.UUID("5f0c2f6e-6a39-5b1c-9d5c-3b1f0a4f6c11")
"""Namespace of the UUIDs that replace ids which Qdrant does not take; never change it, or points would be doubled."""


def record(row: Mapping[str, Any], id_field: str, location: str) -> Record:
    """A row as a record.

    Raises:
        UsageError: it has no id.
    """
    value = row.get(id_field)
    if value is None or value == "" or value != value:  # NaN, as tables have it for a missing value
        raise UsageError(f"{location} has no {id_field!r}: name the field of ids with --id-field.")
    return Record(point_id(value), dict(row))


def point_id(value: Any) -> PointId:
    """Whole numbers and UUIDs stay as they are; of anything else a UUID is made, always the same.

    A whole number may be a float or a decimal, as tables have it whose column of ids has gaps.
    """
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        try:
            number = int(value)
        except (ValueError, OverflowError):  # NaN, infinity
            number = -1
        if number == value and 0 <= number < _IDS:
            return number
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        name = str(value).encode(errors="backslashreplace").decode()  # half of a surrogate pair has no UTF-8
        return str(uuid.uuid5(NAMESPACE, name))


def plain(value: Any) -> Any:
    """A value in the types of JSON, at any depth.

    Times and durations in ISO 8601; decimals, and whole numbers of more than 64 bits, as floats; NaN and infinity as
    null; bytes as base64; Firestore's coordinates as Qdrant's `lat` and `lon`, references as paths; the rest as text.
    """
    match value:
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case int() | float() | Decimal():
            return _number(value)
        case None | str():
            return value
        case bytes():
            return base64.b64encode(value).decode()
        case date() | time() | timedelta():
            return to_jsonable_python(value) if isinstance(value, timedelta) else value.isoformat()
    if hasattr(value, "latitude"):
        return {"lat": value.latitude, "lon": value.longitude}
    return value.path if hasattr(value, "path") else str(value)


def _number(value: float | Decimal) -> float | str | None:
    if isinstance(value, bool) or (isinstance(value, int) and -_IDS // 2 <= value < _IDS):
        return value
    try:
        number = float(value)
    except OverflowError:
        return str(value)
    return number if math.isfinite(number) else None


def matches(row: Mapping[str, Any], only: tuple[str, str] | None) -> bool:
    """Whether the row belongs to the user."""
    return only is None or str(row.get(only[0])) == only[1]
