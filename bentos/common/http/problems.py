"""The one table from errors to HTTP: which status, which code, which headers. Each dialect gives it its own shape."""

import logging
import math
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException

from bentos.common.errors import (
    BodyTooLarge,
    DeadlineExceeded,
    DomainError,
    HeadersTooLarge,
    InvalidInput,
    MalformedBody,
    MalformedRequest,
    NotReady,
    Overloaded,
    RequestTimeout,
    TooManyConnections,
    TooManyItems,
    TooManyTokens,
    Unavailable,
    UnknownModel,
    UnknownTransferEncoding,
    UnsupportedBody,
)

_log = logging.getLogger(__name__)

_TABLE: dict[type[DomainError], tuple[int, str]] = {
    MalformedRequest: (400, "malformed_request"),
    UnknownTransferEncoding: (501, "unknown_transfer_encoding"),
    HeadersTooLarge: (431, "headers_too_large"),
    MalformedBody: (400, "malformed_body"),
    UnsupportedBody: (415, "unsupported_media_type"),
    BodyTooLarge: (413, "body_too_large"),
    TooManyItems: (413, "too_many_items"),
    TooManyTokens: (413, "too_many_tokens"),
    UnknownModel: (404, "model_not_found"),
    InvalidInput: (422, "invalid_request"),
    Overloaded: (429, "overloaded"),
    TooManyConnections: (503, "too_many_connections"),
    NotReady: (503, "not_ready"),
    RequestTimeout: (408, "request_timeout"),
    DeadlineExceeded: (504, "deadline_exceeded"),
    DomainError: (500, "internal_error"),
}
CLIENT_CLOSED_REQUEST = 499
"""Status under which a request is counted whose client left (nginx's number; nobody receives it)."""
_HTTP_CODES = {401: "unauthorized", 404: "not_found", 405: "method_not_allowed"}


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as HTTP sees it, not yet in any dialect's shape.

    Attributes:
        kind: class of the domain error, for dialects that tell more of them apart than `code` does.
    """

    status: int
    code: str
    message: str
    param: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    kind: type[DomainError] | None = None

    @property
    def sentence(self) -> str:
        """The message with the place in front, for dialects that have no field for it."""
        if self.param is None or self.message.startswith(self.param):
            return self.message
        return f"{self.param}: {self.message}"


def problem_of(error: Exception) -> Problem:
    """Describe any exception that a route let out; an unknown one is logged and hidden behind a 500."""
    match error:
        case DomainError():
            status, code = next(_TABLE[kind] for kind in type(error).__mro__ if kind in _TABLE)
            headers = {"Retry-After": str(math.ceil(error.retry_after))} if isinstance(error, Unavailable) else {}
            return Problem(status, code, error.message, error.param, headers, type(error))
        case HTTPException():
            code = _HTTP_CODES.get(error.status_code, "http_error")
            return Problem(error.status_code, code, error.detail, headers=dict(error.headers or {}))
        case _:
            _log.error("Unexpected error", exc_info=error)
            return Problem(
                500,
                "internal_error",
                "The service failed to answer. Its log has details under the request id.",
            )
