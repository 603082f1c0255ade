"""Cohere's dialect: the shape of its errors and of `meta` (docs.cohere.com/reference/errors)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, Field
from starlette.responses import Response

from bentos.common.bounds import NOT_BOOLEAN
from bentos.common.http.problems import Problem
from bentos.common.http.responses import ArrayJSON
from bentos.common.http.route import DialectRoute, ErrorRenderer
from bentos.common.observability.logging import request_id
from bentos.common.work_options import Lane, WorkOptions

# The vendor answers every mistake in the body with 400.
_MISTAKES = frozenset({413, 415, 422})


class CohereError(BaseModel):
    """Cohere's shape of an error."""

    id: str
    message: str


def cohere_error(problem: Problem) -> Response:
    """`{"id", "message"}`, with the statuses that the vendor's clients turn into typed exceptions."""
    status, message = status_and_message(problem)
    return ArrayJSON({"id": request_id.get(), "message": message}, status, problem.headers)


def status_and_message(problem: Problem) -> tuple[int, str]:
    """A problem in the vendor's words."""
    if problem.code == "unauthorized":
        return problem.status, "invalid api token"
    if problem.status in _MISTAKES:
        return 400, f"invalid request: {problem.sentence}"
    return problem.status, problem.sentence


Priority: TypeAlias = Annotated[
    int | None,
    Field(ge=0, le=999, description="0 goes first; any other waits in the bulk lane; by default the size decides"),
    NOT_BOOLEAN,
]


def in_lane(priority: int | None, options: WorkOptions) -> WorkOptions:
    """Options with Cohere's number mapped to one of our lanes, if there is one."""
    if priority is None:
        return options
    return replace(options, lane=Lane.BULK if priority else Lane.INTERACTIVE)


class CohereRoute(DialectRoute):
    """A route whose errors have Cohere's shape."""

    render_error: ClassVar[ErrorRenderer] = staticmethod(cohere_error)
    error_model: ClassVar[type[BaseModel]] = CohereError


def meta(
    version: Literal["1", "2"],
    billed_units: Mapping[str, int],
    warnings: Sequence[str] = (),
    *,
    input_tokens: int | None = None,
) -> dict[str, Any]:
    """The answer's `meta`; `tokens` is there only if their number is given, and `warnings` if there are any."""
    return {
        "api_version": {"version": version},
        "billed_units": dict(billed_units),
        **({} if input_tokens is None else {"tokens": {"input_tokens": input_tokens, "output_tokens": 0}}),
        **({"warnings": list(warnings)} if warnings else {}),
    }
