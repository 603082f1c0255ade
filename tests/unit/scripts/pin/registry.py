"""A registry on this machine that wants a token, as public registries do."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

MISSING = "2019"


def digest(repository: str, tag: str) -> str:
    """The digest that the registry gives."""
    return f"sha256:{hashlib.sha256(f'{repository}:{tag}'.encode()).hexdigest()}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        [scope] = parse_qs(urlsplit(self.path).query)["scope"]
        body = f'{{"token": "for {scope}"}}'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self) -> None:
        repository, _, tag = self.path.removeprefix("/v2/").partition("/manifests/")
        scope = f"repository:{repository}:pull"
        host = self.headers["Host"]
        if self.headers["Authorization"] != f"Bearer for {scope}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", f'Bearer realm="http://{host}/token",service="tests",scope="{scope}"')
        elif tag == MISSING or "image.index" not in self.headers["Accept"]:
            self.send_response(404)
        else:
            self.send_response(200)
            self.send_header("Docker-Content-Digest", digest(repository, tag))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Registry:
    """A running registry. As a context manager it is gone after the block."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
