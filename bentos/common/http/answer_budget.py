"""What becomes of an answer for which there is no memory: an error in its dialect's shape."""

from starlette.types import Message, Scope

from bentos.common.errors import Overloaded
from bentos.common.http.inflight import charge_of
from bentos.common.http.problems import problem_of
from bentos.common.http.responses import native_error
from bentos.common.http.route import DialectRoute

_KEPT = (b"access-control-", b"vary")  # a browser reads no error without them


def refusal(start: Message, size: int, scope: Scope) -> list[Message] | None:
    """Count an answer; if other answers have taken the room, what is sent instead.

    Args:
        start: of the answer.
        size: bytes that it declares, more than `FREE_ANSWER_BYTES`.
        scope: of the request; the route that it reached writes the error.
    """
    charge = charge_of(scope)
    if charge is None or scope["method"] == "HEAD":
        return None
    try:
        charge.answer(size)
    except Overloaded as error:
        problem = problem_of(error)
    else:
        return None
    route = scope.get("route")
    response = (type(route).render_error if isinstance(route, DialectRoute) else native_error)(problem)
    kept = [(name, value) for name, value in start["headers"] if name.lower().startswith(_KEPT)]
    return [
        {"type": "http.response.start", "status": response.status_code, "headers": [*response.raw_headers, *kept]},
        {"type": "http.response.body", "body": response.body},
    ]
