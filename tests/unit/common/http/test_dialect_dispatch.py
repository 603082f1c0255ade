"""Which requests reach a route directly, and that FastAPI answers all others."""

import asyncio
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.responses import Response

from bentos.common.http.middleware.dialect_dispatch import DialectDispatchMiddleware, SharedPath
from bentos.common.http.responses import ArrayJSON
from bentos.common.http.route import DialectRoute
from bentos.common.settings import ServerSettings

_SHARED = SharedPath("/shared", field="inputs", other="/other")


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
        transport = httpx.ASGITransport(DialectDispatchMiddleware(fastapi, [router], _SHARED, 1000))
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
