"""Which requests reach a route directly, that FastAPI answers all others, and which dialect a shared path speaks."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.responses import Response

from bentos.common.http.dialect_router import DialectRouter, SharedPath
from bentos.common.http.middleware.dialect_dispatch import DialectDispatchMiddleware
from bentos.common.http.responses import ArrayJSON
from bentos.common.http.route import DialectRoute
from bentos.common.settings import ServerSettings

_BY_FIELD = SharedPath("/shared", prefix="/field", fields=["inputs", "text"])
_BY_ALL = SharedPath(
    "/shared",
    prefix="/all",
    fields=["top_k"],
    unless=["top_n"],
    headers=[(b"x-client", b"heron")],
)
_LIMIT = 1000


class _Body(BaseModel):
    number: int


class _CountingFastAPI(FastAPI):
    """Counts the requests that it is asked to answer."""

    asked = 0

    async def __call__(self, *arguments: Any) -> None:
        self.asked += 1
        await super().__call__(*arguments)


def _answers(*requests: tuple[str, str, Any]) -> tuple[list[httpx.Response], int]:
    """What is answered to (method, path, JSON), and how many of them FastAPI was asked."""
    router = APIRouter(route_class=DialectRoute)

    @router.get("/fixed")
    async def fixed() -> Response:
        return ArrayJSON({"route": "fixed"})

    @router.get("/named/{name}")
    async def named(name: str) -> Response:
        return ArrayJSON({"route": name})

    @router.post("/double")
    async def double(body: _Body) -> Response:
        return ArrayJSON({"twice": 2 * body.number})

    fastapi = _CountingFastAPI(redirect_slashes=False)
    fastapi.state.server = ServerSettings()
    fastapi.include_router(router)

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(DialectDispatchMiddleware(fastapi, [router], _LIMIT))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [await client.request(method, path, json=json) for method, path, json in requests]

    return asyncio.run(ask()), fastapi.asked


def test_routes_that_need_nothing_of_fastapi_are_reached_without_it() -> None:
    answers, asked = _answers(("GET", "/fixed", None), ("POST", "/double", {"number": 4}))
    assert [answer.json() for answer in answers] == [{"route": "fixed"}, {"twice": 8}]
    assert asked == 0


def test_errors_of_such_a_route_have_its_shape() -> None:
    [answer], asked = _answers(("POST", "/double", {"number": "heron"}))
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "number")
    assert asked == 0


def test_fastapi_answers_all_others() -> None:
    answers, asked = _answers(
        ("GET", "/named/heron", None), ("GET", "/double", None), ("GET", "/fixed/", None), ("GET", "/nothing", None)
    )
    assert [answer.status_code for answer in answers] == [200, 405, 404, 404]
    assert answers[0].json() == {"route": "heron"}
    assert asked == len(answers)


def _speaks(body: bytes | dict[str, Any] | list[Any], headers: dict[str, str] | None = None) -> httpx.Response:
    """The answer to a request to a path that three dialects use, of which the first has no sign."""

    def answering(router: APIRouter, path: str) -> APIRouter:
        @router.post(path)
        async def answer(body: dict[str, Any]) -> Response:
            return ArrayJSON({"route": path, "fields": len(body)})

        return router

    routers = [
        answering(APIRouter(route_class=DialectRoute), "/shared"),
        *(answering(DialectRouter(shared=[one], route_class=DialectRoute), one.own) for one in (_BY_FIELD, _BY_ALL)),
    ]
    fastapi = FastAPI()
    fastapi.state.server = ServerSettings()

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(DialectDispatchMiddleware(fastapi, routers, _LIMIT))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
            return await client.post("/shared", headers=headers, **sent)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "/shared"),
        ({"input": "heron"}, "/shared"),
        ({"text": None}, "/shared"),
        ({"text": None, "inputs": "heron"}, "/field/shared"),
        ({"text": None, "top_k": 1}, "/all/shared"),
        ({"inputs": "heron", "input": "stork"}, "/field/shared"),
        ({"top_k": 1}, "/all/shared"),
        ({"top_k": 1, "top_n": 1}, "/shared"),
        ({"top_k": 1, "top_n": None}, "/all/shared"),
        ({"top_k": 1, "text": "heron"}, "/field/shared"),
        ({f"heron {number}": number for number in range(60)} | {"top_k": 1}, "/all/shared"),
    ],
    ids=str,
)
def test_a_body_shows_which_dialect_a_shared_path_speaks(body: dict[str, Any], path: str) -> None:
    answer = _speaks(body).json()
    assert answer == {"route": path, "fields": len(body)}


def test_a_header_shows_it_before_the_body() -> None:
    assert _speaks({"text": "heron"}, {"X-Client": "heron"}).json()["route"] == "/all/shared"
    assert _speaks({"text": "heron"}, {"X-Client": "stork"}).json()["route"] == "/field/shared"


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b" " * (_LIMIT + 1), 413), ([], 422)], ids=str)
def test_a_body_that_shows_nothing_stays_with_the_dialect_whose_path_it_is(
    body: bytes | list[Any], status: int
) -> None:
    assert _speaks(body).status_code == status


def test_a_shared_path_without_a_route_of_its_own_is_found_at_start() -> None:
    router = DialectRouter(shared=[_BY_FIELD], route_class=DialectRoute)
    with pytest.raises(ValueError, match="/field/shared is no route"):
        DialectDispatchMiddleware(FastAPI(), [router], _LIMIT)
