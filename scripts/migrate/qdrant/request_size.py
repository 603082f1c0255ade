"""How large a request to Qdrant will be, and whether it was too large."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from qdrant_client.http.exceptions import UnexpectedResponse

REQUEST_BYTES = 8 * 2**20
"""Estimated size of the points in a request: a quarter of what a server accepts (`service.max_request_size_mb`)."""
_BYTES_PER_VALUE = 22  # a float32 that Python writes as JSON: sign, 17 digits, point, exponent, comma
_BAD_REQUEST = 400
_TOO_LARGE = 413


def json_bytes(payload: Mapping[str, Any], vectors: Iterable[Any]) -> int:
    """Estimated bytes of a point as JSON, rather too many than too few.

    Args:
        vectors: dense, of several rows, or sparse.
    """
    return len(json.dumps(payload, default=str)) + _BYTES_PER_VALUE * sum(map(_numbers, vectors))


def is_too_large(error: Exception) -> bool:
    """Whether the server, or a proxy before it, refused a request for its size."""
    if not isinstance(error, UnexpectedResponse):
        return False
    return error.status_code == _TOO_LARGE or (
        error.status_code == _BAD_REQUEST and b"larger than allowed" in (error.content or b"")
    )


def _numbers(vector: Any) -> int:
    if hasattr(vector, "indices"):
        return 2 * len(vector.indices)
    return sum(len(part) if isinstance(part, list) else 1 for part in vector[:1]) * len(vector)
