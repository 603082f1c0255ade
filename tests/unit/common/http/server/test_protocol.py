"""Where our protocol and our removal of BentoML's timer take hold of BentoML and uvicorn, nothing has moved."""

import ast
import asyncio
import inspect
import logging
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import bentoml
import pytest
import uvicorn
import uvicorn.config
from _bentoml_impl.worker import service as worker  # type: ignore[import-untyped]
from bentoml._internal.server.http.traffic import TimeoutMiddleware
from starlette.applications import Starlette
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bentos.common.http.bentoml_adapter.api import drop_request_timer
from bentos.common.http.responses import native_error
from bentos.common.http.server.protocol import BoundedHTTPProtocol, use_bounded_protocol
from bentos.common.http.server.request_cycle import RequestCycle
from bentos.common.observability.metrics import Metrics
from bentos.common.settings import ServerSettings


@pytest.fixture
def installed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(uvicorn.config.HTTP_PROTOCOLS, "auto", uvicorn.config.HTTP_PROTOCOLS["auto"])
        use_bounded_protocol(ServerSettings(), Metrics(), lambda app: app, lambda _: native_error)
        yield


@pytest.mark.usefixtures("installed")
def test_uvicorn_takes_our_protocol_by_default() -> None:
    config = uvicorn.Config(Starlette())
    config.load()
    chosen: Any = config.http_protocol_class
    assert isinstance(chosen, partial), f"uvicorn does not look up {uvicorn.config.HTTP_PROTOCOLS} any more"
    assert chosen.func is BoundedHTTPProtocol


def test_bentoml_leaves_uvicorn_the_choice_of_protocol() -> None:
    [call] = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(worker)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "uvicorn.Config"
    ]
    assert "http" not in {keyword.arg for keyword in call.keywords}, "BentoML's worker chooses a protocol now"


def test_uvicorn_has_what_our_protocol_extends() -> None:
    used = {
        "connection_made",
        "connection_lost",
        "data_received",
        "on_message_begin",
        "on_header",
        "on_headers_complete",
        "on_body",
        "on_message_complete",
        "on_response_complete",
        "_start_asgi_task",
    }
    assert used <= vars(HttpToolsProtocol).keys(), "uvicorn's protocol has lost a method that ours extends"
    assert "self.cycle = RequestResponseCycle(" in inspect.getsource(HttpToolsProtocol.on_headers_complete)
    assert "call_later" not in inspect.getsource(HttpToolsProtocol).replace(
        inspect.getsource(HttpToolsProtocol.on_response_complete), ""
    ), "uvicorn has a timer that ours does not replace"
    assert issubclass(RequestCycle, RequestResponseCycle)
    assert "__slots__" not in vars(RequestResponseCycle), "a cycle cannot become ours any more"


def test_bentoml_puts_no_timer_around_requests() -> None:
    @bentoml.service(name="untimed", metrics={"enabled": False}, traffic={"timeout": 300})
    class Untimed:
        @bentoml.api  # type: ignore[untyped-decorator]
        def double(self, number: int) -> int:
            return 2 * number

    drop_request_timer()
    service: Any = Untimed
    used = [middleware.cls for middleware in service.to_asgi().user_middleware]
    assert TimeoutMiddleware not in used, "BentoML takes its timer from elsewhere now"


class _Recorded(asyncio.Transport):
    """A connection that keeps what is sent, one entry a system call."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.sent.append(b"".join(list_of_data))

    def close(self) -> None:
        self.sent.append(b"closed")


def _cycle(connection: _Recorded, method: str = "POST", *, keep_alive: bool = True) -> RequestCycle:
    return RequestCycle(
        scope={"method": method, "path": "/embed", "http_version": "1.1"},  # type: ignore[typeddict-item]
        transport=connection,
        flow=FlowControl(connection),
        logger=logging.getLogger("silent"),
        access_logger=logging.getLogger("silent"),
        access_log=False,
        default_headers=[],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=lambda: None,
    )


@pytest.mark.parametrize("keep_alive", [True, False])
@pytest.mark.parametrize(
    ("method", "bodies", "sent"),
    [
        ("POST", [b"vectors"], [b"head vectors"]),
        ("POST", [b"vec", b"tors"], [b"head vec", b"tors"]),
        ("POST", [b""], [b"head "]),
        ("HEAD", [b"vectors"], [b"head "]),
    ],
)
def test_head_and_body_of_a_response_are_sent_together(
    method: str, bodies: list[bytes], sent: list[bytes], keep_alive: bool
) -> None:
    connection = _Recorded()
    cycle = _cycle(connection, method, keep_alive=keep_alive)

    async def answer() -> None:
        headers = [(b"content-length", str(len(b"".join(bodies))).encode())]
        await cycle.send({"type": "http.response.start", "status": 200, "headers": headers})
        for body in bodies[:-1]:
            await cycle.send({"type": "http.response.body", "body": body, "more_body": True})
        await cycle.send({"type": "http.response.body", "body": bodies[-1], "more_body": False})

    asyncio.run(answer())
    head, end, first = connection.sent[0].partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\ncontent-length: ")
    assert end
    assert [b"head " + first, *connection.sent[1:]] == sent + [b"closed"] * (not keep_alive)


def test_a_response_whose_body_does_not_come_is_not_begun() -> None:
    async def application(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"7")]})
        raise RuntimeError

    connection = _Recorded()
    asyncio.run(_cycle(connection).run_asgi(application))
    assert connection.sent == [b"closed"]


def test_an_application_that_fails_before_its_response_is_answered_for() -> None:
    async def application(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.body", "body": b"vectors"})

    connection = _Recorded()
    asyncio.run(_cycle(connection).run_asgi(application))
    answer, end = connection.sent
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.endswith(b"\r\n\r\nInternal Server Error")
    assert end == b"closed"
