"""BentoML's own routes under the rules of ours: what they take, what they refuse and how, and when work is dropped."""

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from bentoml.exceptions import ServiceUnavailable
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bentos.common.engine.engine import estimated_tokens
from bentos.common.errors import DeadlineExceeded, InvalidInput, NoItems, TooManyItems
from bentos.common.http.bentoml_adapter.merge_gate import MERGED_ITEMS, Call, FailedBatch, MergeGate
from bentos.common.http.body import NOT_AN_OBJECT, load_json
from bentos.common.http.dialect_router import SharedPath
from bentos.common.http.headers import truncated_header
from bentos.common.http.middleware.dialect_dispatch import dialect_path
from bentos.common.http.problems import CLIENT_CLOSED_REQUEST, problem_of
from bentos.common.http.responses import native_error
from bentos.common.http.route import cancel_on_disconnect, work_options
from bentos.common.lifecycle import Lifecycle
from bentos.common.observability.usage import count_tokens
from bentos.common.work_options import WorkOptions

_BENTOML_LOG = logging.getLogger("bentoml._internal.server.http_app")
_LONGEST_NAME = 100
_PROBES = {"/readyz": "/ready", "/livez": "/live", "/healthz": "/live"}  # BentoML's, and ours for each
_OF_THE_BODY = frozenset({b"content-type", b"content-encoding", b"content-length", b"transfer-encoding"})


@dataclass(frozen=True, slots=True)
class BatchAPI:
    """A batchable API of a BentoML service.

    Attributes:
        path: of its route.
        parameter: the name of its only one, a list.
        is_item: whether something may be in the list.
        item: what may be in the list, in words.
        limit: most items of a call.
        texts: all texts of a call's items.
        gate: where calls wait to be merged.
    """

    path: str
    parameter: str
    is_item: Callable[[Any], bool]
    item: str
    limit: int
    texts: Callable[[list[Any]], Sequence[str]]
    gate: MergeGate = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "gate", MergeGate(min(MERGED_ITEMS, self.limit)))

    def items(self, body: Any) -> list[Any]:
        """The items of a call.

        Args:
            body: parsed.

        Raises:
            InvalidInput: there are none, too many, or one that is none.
        """
        if not isinstance(body, dict):
            raise InvalidInput(NOT_AN_OBJECT)
        items = body.get(self.parameter)
        if not isinstance(items, list):
            raise InvalidInput(f"{self.parameter}: Input should be a list.", loc=(self.parameter,))
        if unknown := next((name for name in body if name != self.parameter), None):
            reason = f"Extra inputs are not permitted: the only field is {self.parameter}."
            raise InvalidInput(reason, loc=(unknown[:_LONGEST_NAME],))
        if not items:
            raise NoItems("Send at least one item.", loc=(self.parameter,))
        if len(items) > self.limit:
            raise TooManyItems(f"{len(items)} items are more than the limit of {self.limit}.", loc=(self.parameter,))
        for index, item in enumerate(items):
            if not self.is_item(item):
                loc = (self.parameter, index)
                raise InvalidInput(f"{self.parameter}.{index}: Input should be {self.item}.", loc=loc)
        return items


class BentoMLCalls:
    """ASGI middleware in front of a service's BentoML APIs. Checks each call before BentoML merges it with others.

    BentoML's probes are answered as ours. A line break in a path becomes another character: Starlette's patterns would
    match a path with one behind it.

    Args:
        app: BentoML's routes and ours.
        apis: the service's BentoML APIs.
        shared: paths of theirs on which a dialect has requests of its own, which BentoML passes on to us.
        lifecycle: of the service's process.
    """

    def __init__(
        self, app: ASGIApp, apis: Iterable[BatchAPI], shared: Sequence[SharedPath], lifecycle: Lifecycle
    ) -> None:
        self._app = app
        self._apis = {api.path: api for api in apis}
        self._dialects = {path: [(one.own, one) for one in shared if one.path == path] for path in self._apis}
        self._lifecycle = lifecycle
        self._server = lifecycle.server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if (dialects := self._dialects.get(path)) and scope["method"] == "POST":
            path = scope["path"] = await dialect_path(dialects, scope, receive, self._server.max_body_bytes)
        if api := self._apis.get(path):
            await (await self._answer(api, scope, receive))(scope, receive, send)
            return
        if path in _PROBES:
            scope["path"] = _PROBES[path]
        elif "\n" in path:
            scope["path"] = path.replace("\n", "\ufffd")
        await self._app(scope, receive, send)

    async def _answer(self, api: BatchAPI, scope: Scope, receive: Receive) -> Response:
        request = Request(scope, receive)
        try:
            if request.method != "POST":
                raise HTTPException(405, f"{api.path} takes POST, not {request.method}.", {"Allow": "POST"})
            items = api.items(await load_json(request, self._server.max_body_bytes))
            longest = self._server.request_timeout_seconds
            deadline = work_options(scope, longest).deadline
            async with asyncio.timeout_at(deadline or asyncio.get_running_loop().time() + longest):
                return await cancel_on_disconnect(request, self._computed(api, items, scope, deadline))
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        except TimeoutError:
            return native_error(problem_of(DeadlineExceeded("The request's time has passed.")))
        except Exception as error:
            return native_error(problem_of(error))

    async def _computed(self, api: BatchAPI, items: list[Any], scope: Scope, deadline: float | None) -> Response:
        """What BentoML answers; a call that failed among others is asked again alone, as the fault may be another's.

        So is one that failed in no batch of its own: BentoML had put it into another.

        Raises:
            DomainError: the call failed, or would be answered too late.
        """
        texts = api.texts(items)
        lane = self._lifecycle.loaded.cached_engine.admit_texts(
            texts, WorkOptions(deadline=deadline), tokens_before=api.gate.tokens_before
        )
        call = Call(len(items), estimated_tokens(texts), lane, deadline)
        body = orjson.dumps({api.parameter: items})
        async with api.gate.enter(call):
            answer = await _ask(self._app, scope, body)
        if answer.status_code >= 400 and not (call.alone and call.error):
            call = Call(len(items), call.tokens, lane, deadline, alone=True)
            async with api.gate.enter(call):
                answer = await _ask(self._app, scope, body)
        if answer.status_code >= 400:
            raise call.error or RuntimeError(f"BentoML answered {answer.status_code}")
        count_tokens(call.used_tokens)
        if call.truncated:
            lost = (index for index, item in enumerate(items) if _hashable(item) in call.truncated)
            answer.headers.update(truncated_header(list(lost)))
        return answer


def _hashable(item: Any) -> Hashable:
    """An item as BentoML hands it to the API: a pair is a tuple."""
    return tuple(item) if isinstance(item, list) else item


async def _ask(app: ASGIApp, scope: Scope, body: bytes) -> Response:
    """BentoML's answer to a body of JSON.

    Raises:
        CancelledError: while it was asked. BentoML makes another error of it.
    """
    answer = Response()
    parts: list[bytes] = []
    unread: list[Message] = [{"type": "http.request", "body": body}]

    async def receive() -> Message:
        return unread.pop() if unread else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status_code = message["status"]
            answer.raw_headers = list(message["headers"])
        else:
            parts.append(message.get("body", b""))

    headers = [(name, value) for name, value in scope["headers"] if name not in _OF_THE_BODY]
    await app({**scope, "headers": [*headers, (b"content-type", b"application/json")]}, receive, send)
    working = asyncio.current_task()
    if working and working.cancelling():
        raise asyncio.CancelledError
    answer.body = b"".join(parts)
    return answer


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line of BentoML's log is more than the traceback of an error that we answer, or of a call given up."""
    return not (record.exc_info and isinstance(record.exc_info[1], FailedBatch | ServiceUnavailable))


_BENTOML_LOG.addFilter(_is_news)
