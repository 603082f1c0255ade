"""Domain errors: what can go wrong with a request, without any HTTP in it.

HTTP (`bentos.common.http`) map each class to a status in one table.

    DomainError
    ├── InvalidInput          the caller must change the request
    │   ├── MalformedRequest  not HTTP, or HTTP that cannot be trusted
    │   ├── UnknownTransferEncoding  another than chunked
    │   ├── HeadersTooLarge   more headers, or bytes of them, than the limit
    │   ├── MalformedBody     not JSON, or JSON that cannot be trusted
    │   ├── UnsupportedBody   not declared as JSON, or in an unknown encoding
    │   ├── BodyTooLarge      more bytes than the limit
    │   ├── TooManyItems      more texts, documents, fields or values than the limit
    │   ├── NoItems           a list without any
    │   ├── TooManyTokens     more tokens in all texts together than the dialect allows
    │   ├── UnknownModel      a model that is not the served one
    │   └── TextTooLong       over the model's window with truncation refused
    ├── Unavailable           the caller should come back later
    │   ├── Overloaded        it would not be answered in time, or the memory for bodies is full
    │   ├── TooManyConnections  more than the limit
    │   └── NotReady          the model is loading, or the service ends
    ├── RequestTimeout        the request took too long to arrive
    ├── DeadlineExceeded      the request's time has passed
    └── InferenceFailed       the model failed on this item
"""

from typing import TypeAlias

Location: TypeAlias = tuple[str | int, ...]
"""Where a value is in a request: names of fields and indexes of items, from the outside in."""


class DomainError(Exception):
    """Base of all errors that a request can meet.

    Args:
        message: one sentence for the caller; never contains the caller's texts.
        loc: where the offending value is in the request, such as `("texts", 3)`.

    Attributes:
        loc: as the domain says it, until a route puts it into its dialect's words.
    """

    def __init__(self, message: str, *, loc: Location = ()) -> None:
        super().__init__(message)
        self.message = message
        self.loc = loc

    @property
    def param(self) -> str | None:
        """The location in one word, such as `texts.3`; none if the error is of the whole request."""
        return ".".join(map(str, self.loc)) or None

    def rename(self, *, indexed: bool = True, **names: str) -> None:
        """Say where the error is in a dialect's words.

        Args:
            indexed: whether what is renamed is a list in the dialect, too; one value has no index.
            names: of fields, as the dialect calls them, by the domain's own.
        """
        if self.loc and (name := names.get(str(self.loc[0]))):
            self.loc = (name, *self.loc[1 if indexed else 2 :])


class InvalidInput(DomainError):
    """The request has to be changed before it can succeed."""


class MalformedRequest(InvalidInput):
    """The request is not HTTP, or is ambiguous."""


class UnknownTransferEncoding(InvalidInput):
    """The body is transferred in an encoding other than chunked."""


class HeadersTooLarge(InvalidInput):
    """There are more headers, or bytes of them, than the service accepts."""


class MalformedBody(InvalidInput):
    """The body is not JSON, or is ambiguous (duplicate keys, NaN, broken Unicode).

    Args:
        message: one sentence for the caller.
        loc: where the error is.
        fields: names in it that are followed by a colon, as those of fields are: they tell whose client sent it.
    """

    def __init__(self, message: str, *, loc: Location = (), fields: frozenset[str] = frozenset()) -> None:
        super().__init__(message, loc=loc)
        self.fields = fields


class UnsupportedBody(InvalidInput):
    """The content type is not JSON, or the content encoding is unknown."""


class BodyTooLarge(InvalidInput):
    """The body has more bytes than the service accepts."""


class TooManyItems(InvalidInput):
    """A list, an object or the whole body holds more than the service accepts.

    Args:
        message: one sentence for the caller.
        loc: where the error is.
        fields: of a body that was not parsed, as in `MalformedBody`.
    """

    def __init__(self, message: str, *, loc: Location = (), fields: frozenset[str] = frozenset()) -> None:
        super().__init__(message, loc=loc)
        self.fields = fields


class NoItems(InvalidInput):
    """A list that needs items has none."""


class TooManyTokens(InvalidInput):
    """All texts together have more tokens than the dialect allows."""


class UnknownModel(InvalidInput):
    """The request asks for a model that this service does not serve."""


class TextTooLong(InvalidInput):
    """A text has more tokens than the model's window and truncation was refused."""


class Unavailable(DomainError):
    """The request is fine but cannot be served now.

    Args:
        message: one sentence for the caller.
        retry_after: seconds after which a retry is likely to succeed.
    """

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(Unavailable):
    """The request would not be answered in time, or requests in flight hold as many bytes as they may."""


class TooManyConnections(Unavailable):
    """The service has as many connections as it may."""


class NotReady(Unavailable):
    """The model is not loaded yet, or the service ends."""


class RequestTimeout(DomainError):
    """The request's headers or body took too long to arrive."""


class DeadlineExceeded(DomainError):
    """The request's deadline passed before its answer was complete."""


class InferenceFailed(DomainError):
    """The model raised or returned non-finite numbers for an item, also when it was computed alone.

    Args:
        message: one sentence for the caller.
        item: number of the row among those that were to be computed.
    """

    def __init__(self, message: str, *, item: int) -> None:
        super().__init__(message)
        self.item = item


def shortened(words: str, most: int = 64) -> str:
    """A caller's own words as an error may repeat them: whole, or as many characters as fit before an ellipsis."""
    return words if len(words) <= most else words[: most - 1] + "…"
