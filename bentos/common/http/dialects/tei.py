"""The dialect of text-embeddings-inference: its errors (its openapi.json, `ErrorResponse`) and its truncation."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import BaseModel
from starlette.responses import Response

from bentos.common.engine.tokenizer import Truncation
from bentos.common.errors import DomainError, NoItems, TextTooLong
from bentos.common.http.problems import Problem
from bentos.common.http.responses import ArrayJSON
from bentos.common.http.route import DialectRoute, ErrorRenderer

_TYPES = {413: "Validation", 422: "Validation", 424: "Backend", 429: "Overloaded", 503: "Unhealthy"}
# An inference that fails is 424 there.
_STATUSES = {500: 424}
_MISTAKES: dict[type[DomainError] | None, tuple[int, str]] = {NoItems: (400, "Empty"), TextTooLong: (413, "Validation")}

Direction: TypeAlias = Literal["Left", "Right", "left", "right"]
"""Where a text loses tokens, in both spellings that clients have."""
_SIDES: dict[str, Truncation] = {"left": "start", "right": "end"}


class TEIError(BaseModel):
    """The shape of an error in text-embeddings-inference."""

    error: str
    error_type: str


def tei_error(problem: Problem) -> Response:
    """`{"error", "error_type"}`."""
    if problem.kind in _MISTAKES:
        status, error_type = _MISTAKES[problem.kind]
    else:
        status = _STATUSES.get(problem.status, problem.status)
        error_type = _TYPES.get(status, "Validation" if status < 500 else "Backend")
    return ArrayJSON({"error": problem.sentence, "error_type": error_type}, status, problem.headers)


class TEIRoute(DialectRoute):
    """A route whose errors have the shape of text-embeddings-inference."""

    render_error: ClassVar[ErrorRenderer] = staticmethod(tei_error)
    error_model: ClassVar[type[BaseModel]] = TEIError


def truncation(truncate: bool | None, direction: Direction | None, default: Truncation) -> Truncation | None:
    """What `truncate` and `truncation_direction` mean together; none if the setting decides, which is `default`.

    Either may be absent. What the request does not say, whether or on which side, the setting does.
    """
    side = _SIDES.get((direction or "").lower())
    if truncate is False:
        return "none"
    if truncate is None and (default == "none" or side in (None, default)):
        return None
    return side or ("end" if default == "none" else default)
