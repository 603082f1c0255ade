"""The route class of all dialects.

A bounded JSON body in, any error out in the dialect's shape, work dropped when the client leaves.
"""

import inspect
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, ClassVar, TypeAlias

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bentos.common.http.body import load_json, validated
from bentos.common.http.client_disconnect import CancelOnDisconnect
from bentos.common.http.problems import Problem, problem_of
from bentos.common.http.responses import NativeError, native_error

CLIENT_CLOSED_REQUEST = 499
"""Status under which a request is counted whose client left (nginx's number; nobody receives it)."""

ErrorRenderer: TypeAlias = Callable[[Problem], Response]
Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]


class DialectRoute(APIRoute):
    """A route whose errors are written by `render_error`, as `error_model` describes them; a dialect sets its own.

    An endpoint with a body takes `(body, request)`, or the body alone, and returns a response. FastAPI describes it in
    OpenAPI but does not call it: injecting two arguments took it a third of the time of a cached answer.
    """

    render_error: ClassVar[ErrorRenderer] = staticmethod(native_error)
    error_model: ClassVar[type[BaseModel]] = NativeError

    def __init__(self, *arguments: Any, **options: Any) -> None:
        errors = {"model": type(self).error_model, "description": "Any error"}
        options["responses"] = {"default": errors} | (options.get("responses") or {})
        super().__init__(*arguments, **options)

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
        endpoint = self.endpoint
        parameters = inspect.signature(endpoint).parameters
        takes_request = list(parameters) == ["body", "request"]
        if not takes_request and list(parameters) != ["body"]:
            raise TypeError(
                f"{endpoint.__qualname__} must take (body) or (body, request), not ({', '.join(parameters)})."
            )
        declared: Any = parameters["body"].annotation
        model: TypeAdapter[Any] = TypeAdapter(declared)

        async def answer(request: Request) -> Response:
            body = validated(await load_json(request, request.app.state.server.max_body_bytes), model)
            with CancelOnDisconnect(request):
                response: Response = await (endpoint(body, request) if takes_request else endpoint(body))
                return response

        return answer


def renderer_by_path(routers: Iterable[APIRouter]) -> Callable[[str], ErrorRenderer]:
    """How the dialect of a path writes errors, for those that arise before a route is reached; elsewhere natively."""
    routes = [route for router in routers for route in router.routes if isinstance(route, DialectRoute)]

    def renderer(path: str) -> ErrorRenderer:
        return next((type(route).render_error for route in routes if route.path_regex.fullmatch(path)), native_error)

    return renderer
