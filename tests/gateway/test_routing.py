"""Each path reaches its service, over connections that stay open, and answers come back as they are."""

import uuid

import httpx
import psutil
import pytest

from tests.gateway.nginx import Gateway
from tests.gateway.shapes import EMBED_PATHS, RERANK_PATHS
from tests.http.server import wait_for
from tests.http.services import Service, problem


@pytest.mark.parametrize(
    "path", [*EMBED_PATHS, "/v1/models", "/v1/detokenize", "/v1/check-api-key", "/encode", "/info", "/docs", "/nowhere"]
)
def test_paths_of_embed_service(gateway: Gateway, embed: Service, rerank: Service, path: str) -> None:
    identifier = _send(gateway, path)
    wait_for(lambda: identifier in embed.server.log, "embed-service logs the request")
    assert identifier not in rerank.server.log


@pytest.mark.parametrize("path", RERANK_PATHS)
def test_paths_of_rerank_service(gateway: Gateway, embed: Service, rerank: Service, path: str) -> None:
    identifier = _send(gateway, path)
    wait_for(lambda: identifier in rerank.server.log, "rerank-service logs the request")
    assert identifier not in embed.server.log


def test_answers_are_those_of_the_services(gateway: Gateway, embed: Service, rerank: Service) -> None:
    for service in (embed, rerank):
        body = service.kind.body("heron", "stork")
        through, direct = gateway.client.post(service.kind.path, json=body), service.post("heron", "stork")
        assert through.status_code == 200
        assert _without_latency(through) == _without_latency(direct)


def test_errors_of_the_services_pass_unchanged(gateway: Gateway) -> None:
    assert problem(gateway.client.post("/embed", json={})) == (422, "invalid_request", None)
    text = gateway.client.post("/embed", content=b"heron", headers={"Content-Type": "text/plain"})
    assert problem(text) == (415, "unsupported_media_type", None)


def test_a_request_without_an_id_gets_one(gateway: Gateway, embed: Service) -> None:
    identifier = gateway.client.post("/embed", json={"text": "heron"}).headers["X-Request-ID"]
    wait_for(lambda: identifier in embed.server.log, "embed-service logs the request under that id")


def test_the_gateway_has_its_own_health(gateway: Gateway) -> None:
    answer = gateway.client.get("/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_metrics_are_not_given_out(gateway: Gateway) -> None:
    answer = gateway.client.get("/metrics")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_connections_to_the_services_are_used_again(gateway: Gateway, rerank: Service) -> None:
    used = set()
    for _ in range(10):
        assert gateway.client.post("/rerank", json=rerank.kind.body("heron")).status_code == 200
        used |= _ports_towards(gateway, rerank)
    assert len(used) == 1


def _send(gateway: Gateway, path: str) -> str:
    identifier = uuid.uuid4().hex
    answer = gateway.client.post(path, json={}, headers={"X-Request-ID": identifier})
    assert answer.status_code < 500
    assert answer.headers["X-Request-ID"] == identifier
    return identifier


def _without_latency(answer: httpx.Response) -> dict[str, object]:
    return {name: value for name, value in answer.json().items() if name not in ("latency_ms", "cached")}


def _ports_towards(gateway: Gateway, service: Service) -> set[int]:
    """Local ports of nginx's open connections to a service."""
    return {
        connection.laddr.port
        for worker in psutil.Process(gateway.process.pid).children()
        for connection in worker.net_connections()
        if connection.status == psutil.CONN_ESTABLISHED and connection.raddr.port == service.server.port
    }
