"""`/metrics`: every series from the start, true counts, and a number of series that callers cannot grow."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.http.server import wait_for
from tests.http.services import Service

Series = tuple[str, tuple[tuple[str, str], ...]]


def _series(metrics: httpx.Response) -> set[Series]:
    families = text_string_to_metric_families(metrics.text)
    return {(sample.name, tuple(sorted(sample.labels.items()))) for family in families for sample in family.samples}


def _scan(service: Service) -> None:
    client = service.server.client
    for path in (
        "/",
        "/nothing",
        "/.env",
        "/wp-login.php",
        f"{service.kind.path}/1",
        f"{service.kind.path}/",
        "/a" * 500,
    ):
        client.get(path)
        client.post(path, json={})
    for method in ("GET", "PUT", "HEAD", "OPTIONS"):
        client.request(method, service.kind.path)
    service.post_with({"X-Request-ID": "heron"}, "heron")
    service.post("heron", input_type="stork")
    service.post_body(b"{")
    service.post_body(b"{}", {"Content-Type": "text/plain"})
    service.post(*["heron"] * 10_000)


def test_every_series_exists_before_the_first_request_and_no_request_adds_one(service: Service) -> None:
    _scan(service)
    assert _series(service.server.client.get("/metrics")) == _series(service.early["/metrics"])


@pytest.mark.parametrize(
    "name",
    [
        "duobento_requests_total",
        "duobento_request_seconds_count",
        "duobento_queue_tokens",
        "duobento_queue_wait_seconds_count",
        "duobento_batch_items_count",
        "duobento_batch_tokens_count",
        "duobento_padding_tokens_total",
        "duobento_truncated_items_total",
        "duobento_inference_seconds_count",
        "duobento_dropped_items_total",
    ],
)
def test_a_metric_that_the_contract_promises_exists(service: Service, name: str) -> None:
    assert service.server.metric(name) >= 0


def test_requests_are_counted_by_route_and_status(service: Service) -> None:
    labels = {"route": service.kind.path, "status": "200"}
    before = service.server.metric("duobento_requests_total", **labels)
    for _ in range(3):
        service.post("heron")
    wait_for(
        lambda: service.server.metric("duobento_requests_total", **labels) == before + 3,
        "three requests are counted",
    )


def test_scans_are_counted_under_one_route(service: Service) -> None:
    labels = {"route": "unmatched", "status": "404"}
    before = service.server.metric("duobento_requests_total", **labels)
    service.server.client.get("/.env")
    service.server.client.get("/wp-login.php")
    wait_for(lambda: service.server.metric("duobento_requests_total", **labels) == before + 2, "both are counted")


def test_tokens_are_counted_as_the_answer_reports_them(service: Service) -> None:
    before = service.server.metric("duobento_tokens_total")
    reported = service.post("heron", "the grey heron", "stork").json()["tokens"]
    assert service.server.metric("duobento_tokens_total") == before + reported


def test_truncated_texts_are_counted(service: Service) -> None:
    before = service.server.metric("duobento_truncated_items_total", route=service.kind.path)
    service.post("heron", "heron " * 5000, "heron " * 5000)
    wait_for(
        lambda: service.server.metric("duobento_truncated_items_total", route=service.kind.path) == before + 2,
        "both are counted",
    )
