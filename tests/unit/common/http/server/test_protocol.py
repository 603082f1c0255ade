"""Where our protocol and our removal of BentoML's timer take hold of BentoML and uvicorn, nothing has moved."""

import ast
import inspect
from collections.abc import Iterator
from functools import partial
from typing import Any

import bentoml
import pytest
import uvicorn
import uvicorn.config
from _bentoml_impl.worker import service as worker  # type: ignore[import-untyped]
from bentoml._internal.server.http.traffic import TimeoutMiddleware
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bentos.common.http.bentoml_adapter.api import drop_request_timer
from bentos.common.http.server.protocol import BoundedHTTPProtocol, use_bounded_protocol
from bentos.common.http.server.request_cycle import RequestCycle
from bentos.common.observability.metrics import Metrics
from bentos.common.settings import ServerSettings


@pytest.fixture
def installed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(uvicorn.config.HTTP_PROTOCOLS, "auto", uvicorn.config.HTTP_PROTOCOLS["auto"])
        use_bounded_protocol(ServerSettings(), Metrics(), lambda app: app)
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
