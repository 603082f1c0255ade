"""The dialect of NVIDIA's NIM: the shape of its errors."""

from typing import ClassVar, Literal

from pydantic import BaseModel
from starlette.responses import Response

from bentos.common.http.problems import Problem
from bentos.common.http.responses import ArrayJSON
from bentos.common.http.route import DialectRoute, ErrorRenderer

# The vendor answers mistakes that its schema does not know, such as a text that is too long, with 400.
_MISTAKES = frozenset({413, 415})


class NVIDIAError(BaseModel):
    """The shape of an error in NIM."""

    object: Literal["error"]
    message: str
    detail: dict[str, str]
    type: str


def nvidia_error(problem: Problem) -> Response:
    """`{"object", "message", "detail", "type"}`."""
    status = 400 if problem.status in _MISTAKES else problem.status
    body = {
        "object": "error",
        "message": problem.sentence,
        "detail": {},
        "type": "invalid_request_error" if status < 500 else "server_error",
    }
    return ArrayJSON(body, status, problem.headers)


class NVIDIARoute(DialectRoute):
    """A route whose errors have the shape of NIM."""

    render_error: ClassVar[ErrorRenderer] = staticmethod(nvidia_error)
    error_model: ClassVar[type[BaseModel]] = NVIDIAError
