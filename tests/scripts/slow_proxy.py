"""A reverse proxy that holds every answer back: a service that is slow, on purpose and by a known time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

_KEPT = ("content-type", "authorization", "cache-control")


@contextmanager
def slowed(url: str, seconds: float) -> Iterator[str]:
    """URL of a proxy to `url` that takes this much longer."""
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as service:

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._forward(b"")

            def do_POST(self) -> None:
                self._forward(self.rfile.read(int(self.headers["Content-Length"])))

            def _forward(self, content: bytes) -> None:
                headers = {name: self.headers[name] for name in _KEPT if name in self.headers}
                answer = service.request(self.command, self.path, content=content, headers=headers)
                time.sleep(seconds)
                self.send_response(answer.status_code)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
