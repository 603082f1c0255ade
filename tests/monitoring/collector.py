"""A collector of traces: takes what OTLP exporters send over HTTP, and keeps it."""

import gzip
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent

from tests.http.server import wait_for


@dataclass(frozen=True)
class Span:
    """A span as it arrived.

    Attributes:
        service: `service.name` of the process that sent it.
        raw: all of it, encoded.
    """

    service: str
    name: str
    trace: str
    identifier: str
    parent: str
    attributes: dict[str, Any]
    failed: bool
    message: str
    server: bool
    seconds: float
    raw: bytes


class Collector:
    """As a context manager it listens during the block."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self.broken = threading.Event()
        """While set, it answers 503 and keeps nothing."""
        self.refused = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def trace(self, identifier: str, *, spans: int) -> list[Span]:
        """Spans of one trace, once there are as many."""
        wait_for(lambda: len(self._of(identifier)) >= spans, f"{spans} spans of trace {identifier} arrive")
        return self._of(identifier)

    def has(self, identifier: str) -> bool:
        """Whether a span of this trace has arrived."""
        return bool(self._of(identifier))

    def names(self) -> set[str]:
        """Names of all spans so far."""
        return {span.name for span in self._spans}

    def _of(self, identifier: str) -> list[Span]:
        return [span for span in self._spans if span.trace == identifier]

    def _receive(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            service = _attributes(resource.resource.attributes)["service.name"]
            self._spans += [_span(service, sent) for scope in resource.scope_spans for sent in scope.spans]

    def _handler(collector) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                if collector.broken.is_set():
                    collector.refused += 1
                else:
                    collector._receive(body)
                self.send_response(503 if collector.broken.is_set() else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def _span(service: str, sent: Sent) -> Span:
    return Span(
        service=service,
        name=sent.name,
        trace=sent.trace_id.hex(),
        identifier=sent.span_id.hex(),
        parent=sent.parent_span_id.hex(),
        attributes=_attributes(sent.attributes),
        failed=sent.status.code == sent.status.STATUS_CODE_ERROR,
        message=sent.status.message,
        server=sent.kind == Sent.SPAN_KIND_SERVER,
        seconds=(sent.end_time_unix_nano - sent.start_time_unix_nano) / 1e9,
        raw=sent.SerializeToString(),
    )


def _attributes(sent: Iterable[KeyValue]) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value") or "") for one in sent}
