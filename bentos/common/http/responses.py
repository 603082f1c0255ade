"""The shape of native answers and errors."""

from operator import methodcaller
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response

from bentos.common.http.problems import Problem

_TO_JSON = methodcaller("to_json")


class ArrayJSON(Response):
    """JSON written straight from numpy arrays, never through lists of Python floats."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Serialize `content`, which may hold C-contiguous arrays, and values whose `to_json` says what is written."""
        return orjson.dumps(content, _TO_JSON, orjson.OPT_SERIALIZE_NUMPY)


class NativeErrorDetail(BaseModel):
    """What went wrong."""

    code: str
    message: str
    param: str | None


class NativeError(BaseModel):
    """The native shape of an error."""

    error: NativeErrorDetail


def native_error(problem: Problem) -> Response:
    """`{"error": {"code", "message", "param"}}`."""
    body = {"error": {"code": problem.code, "message": problem.message, "param": problem.param}}
    return ArrayJSON(body, problem.status, problem.headers)
