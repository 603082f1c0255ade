"""The route class of all dialects: bounded JSON in, errors in the dialect's shape out, no work for who has left."""

import asyncio
import inspect
import math
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ClassVar, TypeAlias, TypeVar

from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bentos.common.errors import InvalidInput
from bentos.common.http import headers
from bentos.common.http.body import load_json, validated
from bentos.common.http.problems import CLIENT_CLOSED_REQUEST, Problem, problem_of
from bentos.common.http.responses import NativeError, native_error
from bentos.common.settings import ServerSettings
from bentos.common.work_options import DEFAULT, WorkOptions

_TIMEOUT = b"x-request-timeout"
_CACHE_CONTROL = b"cache-control"
_PATIENCE_SECONDS = 0.01
"""Watching a client costs a task, a tenth of what a cached answer takes, and such an answer is there before that."""

ErrorRenderer: TypeAlias = Callable[[Problem], Response]
Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]
Endpoint: TypeAlias = Callable[..., Coroutine[Any, Any, Response]]
Result = TypeVar("Result")


class DialectRoute(APIRoute):
    """A route whose errors are written by `render_error`, as `error_model` describes them; a dialect sets its own.

    An endpoint with a body takes `(body, options)`, or the body alone if it computes nothing, and returns a response.
    FastAPI describes it in OpenAPI but does not call it: injecting two arguments took it a third of the time of a
    cached answer.

    Attributes:
        direct: answers a request that is known to be this route's; none if FastAPI has to find arguments in it.
    """

    render_error: ClassVar[ErrorRenderer] = staticmethod(native_error)
    error_model: ClassVar[type[BaseModel]] = NativeError

    def __init__(self, path: str, endpoint: Endpoint, **settings: Any) -> None:
        errors = {"model": type(self).error_model, "description": "Any error"}
        settings["responses"] = {"default": errors} | (settings.get("responses") or {})
        self._endpoint = endpoint
        self._takes_options = "options" in inspect.signature(endpoint).parameters
        if self._takes_options:
            settings["openapi_extra"] = {"parameters": headers.WORK_OPTIONS}
            endpoint = _without_options(endpoint)
        super().__init__(path, endpoint, **settings)
        needs_fastapi = not self.body_field and inspect.signature(endpoint).parameters
        self.direct = None if needs_fastapi else _application(self.get_route_handler())

    def get_route_handler(self) -> Handler:
        """The endpoint with its body before it and its errors behind it."""
        answer = self._with_body() if self.body_field else self._without_body()
        render_error = type(self).render_error

        async def handle(request: Request) -> Response:
            try:
                return await answer(request)
            except ClientDisconnect:
                return Response(status_code=CLIENT_CLOSED_REQUEST)
            except Exception as error:
                return render_error(problem_of(error))

        return handle

    def _without_body(self) -> Handler:
        endpoint = self._endpoint
        if inspect.signature(endpoint).parameters:
            return super().get_route_handler()

        async def answer(_: Request) -> Response:
            return await endpoint()

        return answer

    def _with_body(self) -> Handler:
        endpoint, takes_options = self._endpoint, self._takes_options
        parameters = inspect.signature(endpoint).parameters
        if list(parameters) != ["body", "options"][: 1 + takes_options]:
            raise TypeError(
                f"{endpoint.__qualname__} must take (body) or (body, options), not ({', '.join(parameters)})."
            )
        declared: Any = parameters["body"].annotation
        model: TypeAdapter[Any] = TypeAdapter(declared)

        async def answer(request: Request) -> Response:
            server: ServerSettings = request.app.state.server
            body = validated(await load_json(request, server.max_body_bytes), model)
            arguments: tuple[Any, ...] = (body,)
            if takes_options:
                arguments = (body, work_options(request.scope, server.request_timeout_seconds))
            return await cancel_on_disconnect(request, endpoint(*arguments))

        return answer


def work_options(scope: Scope, longest: float) -> WorkOptions:
    """What the headers say of a request's work; they say nothing of its lane.

    They are read by hand: as FastAPI's dependencies they took 100 µs, a third of what a cached answer takes.

    Args:
        scope: of the request.
        longest: most seconds that a request may take.

    Raises:
        InvalidInput: the caller's limit is not a number above 0.
    """
    timeout: bytes | None = None
    use_cache = True
    for name, value in scope["headers"]:
        if name == _TIMEOUT:
            timeout = value if timeout is None else timeout
        elif name == _CACHE_CONTROL:
            use_cache = use_cache and b"no-store" not in value.lower()
    if timeout is None and use_cache:
        return DEFAULT
    return WorkOptions(deadline=None if timeout is None else _deadline(timeout, longest), use_cache=use_cache)


def _deadline(timeout: bytes, longest: float) -> float:
    try:
        seconds = float(timeout.decode("latin-1"))
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise InvalidInput("x-request-timeout: Input should be a number greater than 0", loc=("x-request-timeout",))
    return asyncio.get_running_loop().time() + min(longest, seconds)


async def cancel_on_disconnect(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of work, which is cancelled when the client leaves: nobody would read its answer.

    Args:
        request: whose body has been read, so that all there is to receive is that its client left.
        work: done in the current task.

    Raises:
        ClientDisconnect: the client left.
    """
    working = asyncio.current_task()
    watching: asyncio.Task[None] | None = None
    left = False

    async def watch() -> None:
        nonlocal left
        await request.receive()
        left = True
        if working:
            working.cancel()

    def begin() -> None:
        nonlocal watching
        watching = asyncio.create_task(watch())

    timer = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, begin)
    try:
        return await work
    except asyncio.CancelledError:
        if left:
            raise ClientDisconnect from None
        raise
    finally:
        timer.cancel()
        if watching:
            watching.cancel()
        if left and working:
            working.uncancel()


def _application(handler: Handler) -> ASGIApp:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handler(Request(scope, receive, send))
        await response(scope, receive, send)

    return application


def _without_options(endpoint: Endpoint) -> Endpoint:
    """What FastAPI sees of an endpoint: it would take options for a part of the body."""
    signature = inspect.signature(endpoint)

    @wraps(endpoint)
    async def described(*arguments: Any) -> Response:
        return await endpoint(*arguments)

    body_only = [parameter for name, parameter in signature.parameters.items() if name != "options"]
    described.__signature__ = signature.replace(parameters=body_only)  # type: ignore[attr-defined]
    return described
