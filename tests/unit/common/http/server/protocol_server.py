"""uvicorn with our protocol and an application of a few lines, on a free port, in a thread."""

import socket
import threading
from functools import partial
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import Receive, Scope, Send

from bentos.common.errors import RequestTimeout
from bentos.common.http.server.connection_limits import ConnectionLimits
from bentos.common.http.server.protocol import BoundedHTTPProtocol
from bentos.common.observability.metrics import Metrics
from bentos.common.settings import ServerSettings
from tests.http.server import wait_for


class ProtocolServer:
    """A server. As a context manager it runs during the block.

    `/live` answers at once, `/refuse` without reading the body, `/wait` when its client has left, any other path
    with the number of bytes of the body.

    Attributes:
        port: on 127.0.0.1.
        started: paths whose requests have begun, in order.
        left: paths whose requests learnt that their client has left.
        body_parts: of the last body, as the application got them.
    """

    def __init__(self, **settings: Any) -> None:
        self._limits = ConnectionLimits(ServerSettings(**settings), Metrics())
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port: int = self._socket.getsockname()[1]
        self.started: list[str] = []
        self.left: list[str] = []
        self.body_parts = 0
        protocol: Any = partial(BoundedHTTPProtocol, limits=self._limits, around=lambda app: app)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._answer, http=protocol, interface="asgi3", loop="uvloop", lifespan="off", log_level="warning"
            )
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        wait_for(lambda: self._server.started, "the server has started")
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._server.force_exit = self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._server.server_state.connections)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._answer_or_raise(scope, receive, send)
        except RequestTimeout:
            await send({"type": "http.response.start", "status": 408, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})

    async def _answer_or_raise(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        self.started.append(path)
        size = 0
        if path == "/wait":
            while (await receive())["type"] != "http.disconnect":
                pass
            self.left.append(path)
            return
        if path not in ("/live", "/refuse"):
            more, self.body_parts = True, 0
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.left.append(path)
                    return
                size += len(message["body"])
                self.body_parts += 1
                more = message["more_body"]
        body = str(size).encode()
        status = 401 if path == "/refuse" else 200
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
