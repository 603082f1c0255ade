"""Optional keys: without one of them, nothing but the exempt paths is answered."""

import secrets
from collections.abc import Callable, Collection, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from bentos.common.http.headers import header
from bentos.common.http.page.routes import ASSETS
from bentos.common.http.problems import Problem
from bentos.common.http.route import ErrorRenderer
from bentos.common.observability.usage import usage
from bentos.common.settings import APIKey

UNAUTHORIZED = Problem(
    401,
    "unauthorized",
    "Send one of the service's keys in the header Authorization: Bearer <key>.",
    headers={"WWW-Authenticate": "Bearer"},
)
_READING = frozenset({"GET", "HEAD"})


class APIKeyMiddleware:
    """ASGI middleware. Compares in constant time, so that answers do not tell how much of a key was right.

    The page at `GET /` is open: a browser cannot send a key with it, it holds nothing secret, and what it calls is not.

    Args:
        app: what it protects.
        keys: any of them opens; the request's usage gets its name.
        exempt: paths that need no key.
        renderer_by_path: how errors are written on a path.
    """

    def __init__(
        self,
        app: ASGIApp,
        keys: Sequence[APIKey],
        exempt: Collection[str],
        renderer_by_path: Callable[[str], ErrorRenderer],
    ) -> None:
        self._app = app
        self._renderer_by_path = renderer_by_path
        self._keys = [(key.name, key.key.get_secret_value().encode()) for key in keys]
        self._exempt = frozenset(exempt)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or self._is_open(scope) or self._fits(scope):
            await self._app(scope, receive, send)
        else:
            render = self._renderer_by_path(scope["path"])
            await render(UNAUTHORIZED)(scope, receive, send)

    def _is_open(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return path in self._exempt or (scope["method"] in _READING and (path == "/" or path.startswith(ASSETS)))

    def _fits(self, scope: Scope) -> bool:
        scheme, _, given = (header(scope, "Authorization") or "").partition(" ")
        # Headers were decoded as latin-1; these are the bytes that were sent.
        sent = given.strip().encode("latin-1")
        # Every key is compared, whether or not an earlier one fits.
        names = [name for name, key in self._keys if secrets.compare_digest(sent, key)]
        if scheme.lower() != "bearer" or not names:
            return False
        if current := usage.get():
            current.key = names[0]
        return True
