"""Cohere's dialect: the shape of its errors and of `meta` (docs.cohere.com/reference/errors)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, Field
from starlette.responses import Response

from bentos.common.engine.tokenizer import Truncation
from bentos.common.http.problems import Problem
from bentos.common.http.responses import ArrayJSON
from bentos.common.http.route import DialectRoute, ErrorRenderer
from bentos.common.observability.logging import request_id
from bentos.common.work_options import Lane, WorkOptions

# The vendor answers every mistake in the body with 400.
_MISTAKES = frozenset({413, 415, 422})

TRUNCATIONS: Mapping[str | bool | None, Truncation | None] = MappingProxyType(
    {"END": "end", "START": "start", "NONE": "none", None: None}
)
"""What the values of `truncate` mean."""


class CohereError(BaseModel):
    """Cohere's shape of an error."""

    id: str
    message: str


def cohere_error(problem: Problem) -> Response:
    """`{"id", "message"}`, with the statuses that the vendor's clients turn into typed exceptions."""
    if problem.code == "unauthorized":
        message, status = "invalid api token", problem.status
    elif problem.status in _MISTAKES:
        message, status = f"invalid request: {problem.sentence}", 400
    else:
        message, status = problem.sentence, problem.status
    return ArrayJSON({"id": request_id.get(), "message": message}, status, problem.headers)


Priority: TypeAlias = Annotated[
    int | None,
    Field(ge=0, le=999, description="0 goes first; any other waits in the bulk lane; by default the size decides"),
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
