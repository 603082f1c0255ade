"""The route class of all dialects.

A bounded JSON body in, any error out in the dialect's shape, work dropped when the client leaves.
"""

import inspect
from collections.abc import Callable, Coroutine, Iterable
from functools import wraps
from typing import Any, ClassVar, TypeAlias

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bentos.common.http import headers
from bentos.common.http.body import load_json, validated
from bentos.common.http.client_disconnect import CancelOnDisconnect
from bentos.common.http.problems import Problem, problem_of
from bentos.common.http.responses import NativeError, native_error
from bentos.common.settings import ServerSettings

CLIENT_CLOSED_REQUEST = 499
"""Status under which a request is counted whose client left (nginx's number; nobody receives it)."""

ErrorRenderer: TypeAlias = Callable[[Problem], Response]
Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]
Endpoint: TypeAlias = Callable[..., Coroutine[Any, Any, Response]]


class DialectRoute(APIRoute):
    """A route whose errors are written by `render_error`, as `error_model` describes them; a dialect sets its own.

    An endpoint with a body takes `(body, options)`, or the body alone if it computes nothing, and returns a response.
    FastAPI describes it in OpenAPI but does not call it: injecting two arguments took it a third of the time of a
    cached answer.
    """

    render_error: ClassVar[ErrorRenderer] = staticmethod(native_error)
    error_model: ClassVar[type[BaseModel]] = NativeError

    def __init__(self, path: str, endpoint: Endpoint, **settings: Any) -> None:
        errors = {"model": type(self).error_model, "description": "Any error"}
        settings["responses"] = {"default": errors} | (settings.get("responses") or {})
        self._endpoint = endpoint
        self._takes_options = "options" in inspect.signature(endpoint).parameters
        if self._takes_options:
            settings["openapi_extra"] = {"parameters": headers.PARAMETERS}
            endpoint = _without_options(endpoint)
        super().__init__(path, endpoint, **settings)

    def get_route_handler(self) -> Handler:
        """The endpoint with its body before it and its errors behind it."""
        answer = self._with_body() if self.body_field else super().get_route_handler()
        render_error = type(self).render_error

        async def handle(request: Request) -> Response:
            try:
                return await answer(request)
            except ClientDisconnect:
                return Response(status_code=CLIENT_CLOSED_REQUEST)
            except Exception as error:
                return render_error(problem_of(error))

        return handle

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
                arguments = (body, headers.work_options(request.scope, server.request_timeout_seconds))
            with CancelOnDisconnect(request):
                return await endpoint(*arguments)

        return answer


def _without_options(endpoint: Endpoint) -> Endpoint:
    """What FastAPI sees of an endpoint: it would take options for a part of the body."""
    signature = inspect.signature(endpoint)

    @wraps(endpoint)
    async def described(*arguments: Any) -> Response:
        return await endpoint(*arguments)

    body_only = [parameter for name, parameter in signature.parameters.items() if name != "options"]
    described.__signature__ = signature.replace(parameters=body_only)  # type: ignore[attr-defined]
    return described


def renderer_by_path(routers: Iterable[APIRouter]) -> Callable[[str], ErrorRenderer]:
    """How the dialect of a path writes errors, for those that arise before a route is reached; elsewhere natively."""
    routes = [route for router in routers for route in router.routes if isinstance(route, DialectRoute)]

    def renderer(path: str) -> ErrorRenderer:
        return next((type(route).render_error for route in routes if route.path_regex.fullmatch(path)), native_error)

    return renderer
