"""The shape of OpenAI's errors, and the routes that have it."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, Field
from starlette.responses import Response

from bentos.common.http.problems import Problem
from bentos.common.http.responses import ArrayJSON
from bentos.common.http.route import DialectRoute, ErrorRenderer

# The vendor answers mistakes in the body with 400.
_STATUSES = {415: 400, 422: 400}
_CODES = {
    "unauthorized": "invalid_api_key",
    "model_not_found": "model_not_found",
    "too_many_items": "array_above_max_length",
    "too_many_tokens": "max_tokens_per_request",
    "overloaded": "rate_limit_exceeded",
}
_TYPES = {"too_many_tokens": "max_tokens_per_request", "overloaded": "tokens"}


class OpenAIErrorDetail(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """OpenAI's shape of an error."""

    error: OpenAIErrorDetail
    detail: Annotated[str, Field(description="The same in a sentence, where clients of Jina look for it")]


def openai_error(problem: Problem) -> Response:
    """`{"error": {"message", "type", "param", "code"}, "detail"}`; Jina's clients read `detail`."""
    limits = ("too_many_items", "too_many_tokens")
    status = 400 if problem.code in limits else _STATUSES.get(problem.status, problem.status)
    error = {
        "message": problem.message,
        "type": _TYPES.get(problem.code, "invalid_request_error" if status < 500 else "server_error"),
        "param": problem.param,
        "code": _CODES.get(problem.code),
    }
    return ArrayJSON({"error": error, "detail": problem.sentence}, status, problem.headers)


class OpenAIRoute(DialectRoute):
    """A route whose errors have OpenAI's shape."""

    render_error: ClassVar[ErrorRenderer] = staticmethod(openai_error)
    error_model: ClassVar[type[BaseModel]] = OpenAIError
