"""Voyage's dialect: the shape of its errors, and what its clients are known by."""

from typing import ClassVar

from pydantic import BaseModel
from starlette.responses import Response

from bentos.common.http.problems import Problem
from bentos.common.http.responses import ArrayJSON
from bentos.common.http.route import DialectRoute, ErrorRenderer

PREFIX = "/voyage"
JAVASCRIPT_CLIENT = (b"x-fern-sdk-name", b"voyageai")
"""Header of the npm package, which leaves fields out that are not set. The Python client sends no header of its own."""
MOST_ITEMS = 1000
"""Texts or documents of a request."""

# The vendor answers every mistake in the body with 400, and so an unknown model.
_MISTAKES = frozenset({413, 415, 422})


class VoyageError(BaseModel):
    """Voyage's shape of an error."""

    detail: str


def voyage_error(problem: Problem) -> Response:
    """`{"detail"}`, with the statuses that the vendor's clients turn into typed exceptions."""
    mistaken = problem.status in _MISTAKES or problem.code == "model_not_found"
    return ArrayJSON({"detail": problem.sentence}, 400 if mistaken else problem.status, problem.headers)


class VoyageRoute(DialectRoute):
    """A route whose errors have Voyage's shape."""

    render_error: ClassVar[ErrorRenderer] = staticmethod(voyage_error)
    error_model: ClassVar[type[BaseModel]] = VoyageError
