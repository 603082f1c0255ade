"""Traces as a collector gets them from real services."""

import secrets
from dataclasses import dataclass

import pytest

from bentos.common.observability.tracing import current_trace, span, start_traces
from bentos.common.settings import TracesSettings
from tests.http.server import wait_for
from tests.http.services import EMBED, RERANK, Service, long_texts
from tests.monitoring.collector import Collector, Span

WHOLE = ["tokenize", "cache", "queue", "infer"]
SECRET = "wolverine"


@pytest.fixture(params=[EMBED.name, RERANK.name])
def service(request: pytest.FixtureRequest, observed: dict[str, Service]) -> Service:
    return observed[request.param]


@dataclass(frozen=True)
class Caller:
    """A program that traces, and calls a service within a span of its own."""

    trace: str
    span: str
    sampled: bool = True

    @property
    def headers(self) -> dict[str, str]:
        return {"traceparent": f"00-{self.trace}-{self.span}-{'01' if self.sampled else '00'}"}


def _caller(*, sampled: bool = True) -> Caller:
    return Caller(secrets.token_hex(16), secrets.token_hex(8), sampled)


def _by_name(spans: list[Span]) -> dict[str, Span]:
    return {span.name: span for span in spans}


def test_a_request_is_a_span_of_its_callers_trace_with_its_steps_below(service: Service, collector: Collector) -> None:
    caller = _caller()
    answer = service.post_with(caller.headers, f"a new text {caller.trace}")
    spans = collector.trace(caller.trace, spans=5)
    assert {span.service for span in spans} == {service.kind.name}
    request, *steps = sorted(spans, key=lambda span: not span.server)
    assert request.name == f"POST {service.kind.path}"
    assert request.parent == caller.span
    assert request.attributes["http.route"] == service.kind.path
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["duobento.request_id"] == answer.headers["X-Request-ID"]
    assert sorted(span.name for span in steps) == sorted(WHOLE)
    assert {span.parent for span in steps} == {request.identifier}
    assert all(0 <= span.seconds <= request.seconds for span in steps)


def test_spans_say_how_much_there_was_to_do(service: Service, collector: Collector) -> None:
    caller = _caller()
    tokens = service.post_with(caller.headers, f"text {caller.trace}").json()["tokens"]
    spans = _by_name(collector.trace(caller.trace, spans=5))
    assert spans["tokenize"].attributes["duobento.texts"] == (1 if service.kind is EMBED else 2)
    assert spans["cache"].attributes == {"duobento.rows": 1, "duobento.cache.hits": 0}
    own = {"duobento.items": 1, "duobento.tokens": tokens, "duobento.lane": "interactive"}
    assert spans["queue"].attributes == own
    assert own.items() <= spans["infer"].attributes.items()
    assert spans["infer"].attributes["duobento.batch.items"] >= 1
    assert spans["infer"].attributes["duobento.batch.tokens"] >= tokens


def test_work_in_several_micro_batches_is_several_spans(service: Service, collector: Collector) -> None:
    caller = _caller()
    texts = [f"{caller.trace} {text}" for text in long_texts(8)]
    service.post_with({**caller.headers, "Cache-Control": "no-store"}, *texts)
    collector.trace(caller.trace, spans=6)
    wait_for(
        lambda: sum(_items(span) for span in collector.trace(caller.trace, spans=1) if span.name == "infer") >= 8,
        "all items are in some span",
    )
    assert "cache" not in _by_name(collector.trace(caller.trace, spans=1))


def _items(span: Span) -> int:
    items: int = span.attributes["duobento.items"]
    return items


def test_a_cached_answer_meets_no_engine(service: Service, collector: Collector) -> None:
    service.post("a text that is there already")
    caller = _caller()
    service.post_with(caller.headers, "a text that is there already")
    spans = _by_name(collector.trace(caller.trace, spans=3))
    assert spans.keys() == {f"POST {service.kind.path}", "tokenize", "cache"}
    assert spans["cache"].attributes["duobento.cache.hits"] == 1


def test_no_text_is_in_a_trace(service: Service, collector: Collector) -> None:
    good, blank = _caller(), _caller()
    service.post_with(good.headers, SECRET)
    service.post_with(blank.headers, SECRET, " ")
    spans = collector.trace(good.trace, spans=5) + collector.trace(blank.trace, spans=1)
    assert not any(SECRET.encode() in span.raw for span in spans)


def test_a_refused_request_is_traced_with_its_status(observed: dict[str, Service], collector: Collector) -> None:
    caller = _caller()
    observed[EMBED.name].post_with(caller.headers, "")
    spans = _by_name(collector.trace(caller.trace, spans=2))
    assert spans["POST /embed"].attributes["http.response.status_code"] == 422
    assert not spans["POST /embed"].failed
    assert spans["tokenize"].failed
    assert spans["tokenize"].message == "InvalidInput"


def test_what_the_caller_does_not_sample_is_not_recorded(service: Service, collector: Collector) -> None:
    unsampled, sampled = _caller(sampled=False), _caller()
    for caller in (unsampled, sampled):
        service.post_with(caller.headers, f"text {caller.trace}")
    collector.trace(sampled.trace, spans=5)
    assert not collector.has(unsampled.trace)


def test_a_request_of_a_caller_that_does_not_trace_has_a_trace_of_its_own(
    observed: dict[str, Service], collector: Collector
) -> None:
    answer = observed[EMBED.name].server.client.post("/v1/embeddings", json={"model": EMBED.model, "input": "heron"})
    assert answer.status_code == 200
    wait_for(lambda: "POST /v1/embeddings" in collector.names(), "its span arrives")


def test_probes_are_not_traced(service: Service, collector: Collector) -> None:
    for path in ("/live", "/ready", "/health", "/metrics"):
        service.server.client.get(path)
    caller = _caller()
    service.post_with(caller.headers, "heron")
    collector.trace(caller.trace, spans=3)
    assert not {"GET /live", "GET /ready", "GET /health", "GET /metrics"} & collector.names()


def test_a_collector_that_fails_costs_no_request(observed: dict[str, Service], collector: Collector) -> None:
    refused = collector.refused
    collector.broken.set()
    try:
        assert observed[EMBED.name].post("heron").status_code == 200
        wait_for(lambda: collector.refused > refused, "the collector has refused spans")
        assert observed[EMBED.name].post("heron").status_code == 200
    finally:
        collector.broken.clear()
    caller = _caller()
    observed[EMBED.name].post_with(caller.headers, "heron")
    assert collector.trace(caller.trace, spans=3)


def test_without_a_collector_nothing_is_recorded() -> None:
    start_traces("embed-service", TracesSettings())
    with span("tokenize") as current:
        assert not current.is_recording()
        assert current_trace() is None
