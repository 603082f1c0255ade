"""Serves one request at a time in this process, and writes down which functions it calls.

    python -P tracer.py embed|rerank FILE

in a checkout, whose `bentos` is on the path; nothing else of this repository is imported. FILE gets the calls as JSON.
"""

import asyncio
import importlib
import json
import os
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

_BENTOS = f"{Path.cwd() / 'bentos'}{os.sep}"
_READY_SECONDS = 120.0
_SETTLE_SECONDS = 0.1
_HEADERS = [(b"host", b"localhost"), (b"content-type", b"application/json")]
_DOCUMENTS = ["John is a software engineer", "Mary is a chef", "Ann is a nurse"]
REQUESTS: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    "embed": (
        "/embed",
        {
            "warm-up": {"text": "The heron waits."},
            "new text": {"text": "Which contacts speak French?"},
            "cached, in another spelling": {"text": "which contacts speak french?"},
            "cached and remembered": {"text": "Which contacts speak French?"},
        },
    ),
    "rerank": (
        "/rerank",
        {
            "warm-up": {"query": "chef", "documents": _DOCUMENTS},
            "rerank of three documents": {"query": "software engineer", "documents": _DOCUMENTS},
        },
    ),
}
Call = tuple[str, str]
"""File and function."""


class Recorder:
    """Notes the named functions of `bentos` that are called; comprehensions and lambdas belong to what holds them.

    Attributes:
        calls: in their order, of all threads.
        active: whether to note anything.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.active = False

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        """See `sys.setprofile`."""
        if self.active and event == "call" and frame.f_code.co_filename.startswith(_BENTOS) and _begins(frame):
            code = frame.f_code
            if not code.co_name.startswith("<"):
                self.calls.append((code.co_filename.removeprefix(_BENTOS), code.co_qualname))


def _begins(frame: FrameType) -> bool:
    """Whether a function begins; a coroutine or generator may go on as well."""
    return frame.f_code.co_code[frame.f_lasti + 1] == 0  # RESUME has another argument then


async def _ask(app: Any, method: str, path: str, body: bytes = b"") -> int:
    """Status of an answer of an ASGI application."""
    status = 0
    unread = [{"type": "http.request", "body": body}]

    async def receive() -> dict[str, Any]:
        if not unread:
            await asyncio.Event().wait()
        return unread.pop()

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    headers = [*_HEADERS, (b"content-length", str(len(body)).encode())]
    scope = {"type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": path}
    await app(scope | {"raw_path": path.encode(), "query_string": b"", "headers": headers}, receive, send)
    return status


async def _record(name: str, recorder: Recorder) -> dict[str, list[Call]]:
    services: Any = importlib.import_module(f"bentos.{name}.service")
    app = (services.EmbedService if name == "embed" else services.RerankService).to_asgi()
    found = {}
    async with app.router.lifespan_context(app), asyncio.timeout(_READY_SECONDS):
        while await _ask(app, "GET", "/ready") != 200:  # noqa: ASYNC110
            await asyncio.sleep(_SETTLE_SECONDS)
        path, requests = REQUESTS[name]
        for label, body in requests.items():
            recorder.calls, recorder.active = [], True
            status = await _ask(app, "POST", path, json.dumps(body).encode())
            await asyncio.sleep(_SETTLE_SECONDS)  # what the engine does after its answer belongs to it, too
            recorder.active = False
            if status != 200:
                raise RuntimeError(f"{path} answered {status}")
            found[label] = recorder.calls
    return found


def main(name: str, file: str) -> None:
    """Record the requests of one service."""
    recorder = Recorder()
    threading.setprofile(recorder)
    sys.setprofile(recorder)
    Path(file).write_text(json.dumps(asyncio.run(_record(name, recorder))))


if __name__ == "__main__":
    main(*sys.argv[1:])
