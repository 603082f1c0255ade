"""Passes requests on to embed-service, whose address may change meanwhile; fails some, as a broken service would."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import httpx

_FAULT = b'{"error": {"code": "fault", "message": "fault of a test", "param": null}}'


class FaultProxy:
    """A block during which the proxy runs.

    Attributes:
        upstream: where requests go.
        faults: statuses of the next answers to `/embed`; 0 closes the connection without one, None passes it on.
        poison: requests to `/embed` that contain this get 500.
        embedded: requests to `/embed` that were passed on.
        lost: requests that the upstream did not answer.
        bodies: of all requests to `/embed`.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.faults: list[int | None] = []
        self.poison = b""
        self.embedded = self.lost = 0
        self.bodies: list[bytes] = []
        self.client = httpx.Client(timeout=60, trust_env=False)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.client.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultProxy

    def do_GET(self) -> None:
        self._pass_on(b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.proxy.bodies.append(body)
        status = self.proxy.faults.pop(0) if self.proxy.faults else None
        if self.proxy.poison and self.proxy.poison in body:
            status = 500
        if status is None:
            self._pass_on(body)
        elif status:
            self._answer(status, _FAULT)
        else:
            self.close_connection = True

    def _pass_on(self, body: bytes) -> None:
        try:
            answer = self.proxy.client.request(
                self.command,
                self.proxy.upstream + self.path,
                content=body,
                headers={"Content-Type": "application/json"},
            )
        except httpx.TransportError:
            self.proxy.lost += 1
            self.close_connection = True
            return
        self.proxy.embedded += self.path == "/embed"
        self._answer(answer.status_code, answer.content, answer.headers.get("Retry-After"))

    def _answer(self, status: int, content: bytes, retry_after: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass
