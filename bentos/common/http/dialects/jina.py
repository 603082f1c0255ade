"""Jina's dialect at paths that are Cohere's too: the shape of errors that the clients of both can read."""

from typing import ClassVar

from pydantic import BaseModel
from starlette.responses import Response

from bentos.common.http.dialects.cohere import CohereError, status_and_message
from bentos.common.http.problems import Problem
from bentos.common.http.responses import ArrayJSON
from bentos.common.http.route import DialectRoute, ErrorRenderer
from bentos.common.observability.logging import request_id


class JinaError(CohereError):
    """Cohere's shape of an error, with Jina's."""

    detail: str


def jina_error(problem: Problem) -> Response:
    """`{"id", "message", "detail"}`, the last two the same sentence, with Cohere's statuses."""
    status, message = status_and_message(problem)
    return ArrayJSON({"id": request_id.get(), "message": message, "detail": message}, status, problem.headers)


class JinaRoute(DialectRoute):
    """A route whose errors have the shapes of both."""

    render_error: ClassVar[ErrorRenderer] = staticmethod(jina_error)
    error_model: ClassVar[type[BaseModel]] = JinaError
