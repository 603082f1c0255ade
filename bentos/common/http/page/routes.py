"""`GET /`, a page to try the service, and `GET /docs`, every route. Neither needs another host or holds a secret."""

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from mimetypes import guess_type
from string import Template

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bentos.common.http.route import DialectRoute

ASSETS = "/page/"
"""Path below which scripts, styles and pictures are; the same files for everybody."""

_OWN = files("bentos.common.http.page")
_SWAGGER = files("bentoml") / "_internal" / "server" / "static_content"
_SWAGGER_FILES = ("swagger-ui.css", "swagger-ui-bundle.js")
_ONLY_OWN_FILES = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
_TRY = _ONLY_OWN_FILES + "style-src 'self'; img-src 'self'; frame-ancestors 'none'"
# Swagger UI writes styles into its elements and draws its arrows from data.
_DOCS = _ONLY_OWN_FILES + "style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
_HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True, slots=True)
class Page:
    """One service's part of the page.

    Attributes:
        package: of its files: `form.html` with the fields of a request, `meaning.html` with what its figures mean, and
            `service.js`, which shows the answer.
        action: what the button says.
    """

    package: str
    action: str


def page_router(service: str, page: Page) -> APIRouter:
    """Routes of both pages and of their files.

    Args:
        service: its name.
        page: its part of the page.
    """
    router = APIRouter(route_class=DialectRoute, include_in_schema=False)
    parts = {part: (files(page.package) / f"{part}.html").read_text() for part in ("form", "meaning")}
    layout = Template((_OWN / "layout.html").read_text()).substitute(parts, name=service, action=page.action)
    docs = (_OWN / "docs.html").read_text()
    assets = _assets(page.package)

    @router.get("/")
    async def try_it() -> Response:
        return _html(layout, _TRY)

    @router.get("/docs")
    async def list_routes() -> Response:
        return _html(docs, _DOCS)

    @router.get(ASSETS + "{name}")
    async def asset(name: str) -> Response:
        if name not in assets:
            raise HTTPException(404)
        return Response(assets[name], headers=_HEADERS, media_type=guess_type(name)[0])

    return router


def _html(content: str, policy: str) -> Response:
    return Response(content, headers=_HEADERS | {"Content-Security-Policy": policy}, media_type="text/html")


def _assets(package: str) -> dict[str, bytes]:
    """Contents by name: of both services, of this one, and of the Swagger UI that BentoML brings along."""
    folders: list[Traversable] = [_OWN, files(package)]
    own = [file for folder in folders for file in folder.iterdir() if file.name.endswith((".css", ".js", ".svg"))]
    return {file.name: file.read_bytes() for file in [*own, *(_SWAGGER / name for name in _SWAGGER_FILES)]}
