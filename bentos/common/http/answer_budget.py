"""What becomes of an answer for which there is no memory: an error in its dialect's shape."""

from collections.abc import Iterable

from starlette.types import Message, Scope, Send

from bentos.common.errors import Overloaded
from bentos.common.http.inflight import FREE_ANSWER_BYTES, Charge
from bentos.common.http.problems import problem_of
from bentos.common.http.responses import native_error
from bentos.common.http.route import DialectRoute

_KEPT = (b"access-control-", b"vary")  # a browser reads no error without them


def within_budget(send: Send, scope: Scope, charge: Charge) -> Send:
    """What sends an answer, counted by its declared length, or an error if other answers have taken the room.

    Args:
        send: sends either.
        scope: of the request; the route that it reaches writes the error.
        charge: of the request.
    """
    replaced = False

    async def send_or_refuse(message: Message) -> None:
        nonlocal replaced
        if replaced:
            return
        if message["type"] == "http.response.start" and (instead := _refusal(message, scope, charge)):
            replaced = True
            for part in instead:
                await send(part)
        else:
            await send(message)

    return send_or_refuse


def _refusal(start: Message, scope: Scope, charge: Charge) -> list[Message] | None:
    size = _declared(start["headers"])
    if size <= FREE_ANSWER_BYTES or scope["method"] == "HEAD":
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


def _declared(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return next((int(value) for name, value in headers if name.lower() == b"content-length"), 0)
