"""Errors of the gateway itself have the shape of the path's dialect, and one service's fault is not the other's."""

import socket
from pathlib import Path

import pytest

from tests.gateway.conftest import BODY_BYTES, unreachable
from tests.gateway.nginx import CLOSED_PORT, Gateway
from tests.gateway.shapes import DIALECTS, DOWN, EMBED_PATHS, LATE, RERANK_PATHS, TOO_LARGE, check_error
from tests.http.services import EMBED, RERANK, Service


@pytest.mark.parametrize("path", RERANK_PATHS)
def test_rerank_is_503_while_its_service_is_down(without_rerank: Gateway, path: str) -> None:
    _check_down(without_rerank, path, "rerank-service")


@pytest.mark.parametrize("path", EMBED_PATHS)
def test_embed_is_503_while_its_service_is_down(without_embed: Gateway, path: str) -> None:
    _check_down(without_embed, path, "embed-service")


def test_embed_answers_while_rerank_is_down(without_rerank: Gateway) -> None:
    assert without_rerank.client.post(EMBED.path, json=EMBED.body("heron")).status_code == 200


def test_rerank_answers_while_embed_is_down(without_embed: Gateway) -> None:
    assert without_embed.client.post(RERANK.path, json=RERANK.body("heron")).status_code == 200


def test_the_id_of_the_request_is_in_the_error(without_rerank: Gateway) -> None:
    answer = without_rerank.client.post("/v2/rerank", json={}, headers={"X-Request-ID": "heron-1"})
    assert answer.headers["X-Request-ID"] == answer.json()["id"] == "heron-1"


def test_an_id_that_could_break_the_error_is_replaced(without_rerank: Gateway) -> None:
    answer = without_rerank.client.post("/v2/rerank", json={}, headers={"X-Request-ID": '", "x": "'})
    assert answer.headers["X-Request-ID"] == answer.json()["id"]
    assert answer.json().keys() == {"id", "message"}


@pytest.mark.parametrize("path", DIALECTS)
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_body_over_the_limit_is_refused(strict: Gateway, path: str, chunked: bool) -> None:
    body = b'"' + b"x" * BODY_BYTES + b'"'
    answer = strict.client.post(path, content=iter([body]) if chunked else body)
    assert answer.status_code == (400 if DIALECTS[path] in ("cohere", "jina", "voyage", "nvidia") else 413)
    assert str(BODY_BYTES) in check_error(answer.json(), path, TOO_LARGE)


@pytest.mark.parametrize("path", ["/models", "/v1/models"])
def test_a_body_over_the_limit_is_refused_in_json_where_models_are_listed(strict: Gateway, path: str) -> None:
    answer = strict.client.post(path, content=b"x" * (BODY_BYTES + 1))
    assert answer.status_code == 413
    assert str(BODY_BYTES) in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/embed", "/v2/embed", "/v1/embeddings", "/tei/rerank", "/voyage/v1/embeddings"])
def test_a_service_that_takes_too_long_is_504(strict: Gateway, path: str) -> None:
    answer = strict.client.post(path, json={})
    assert answer.status_code == 504
    assert "longer than 1 seconds" in check_error(answer.json(), path, LATE)


def test_requests_for_a_replica_whose_machine_is_gone_go_to_the_other_one(embed: Service, tmp_path: Path) -> None:
    with unreachable() as gone, Gateway(tmp_path, [gone, embed.server.address], CLOSED_PORT) as gateway:
        answers = [gateway.client.post(EMBED.path, json=EMBED.body("heron")).status_code for _ in range(2)]
        assert answers == [200, 200]
        assert "timed out) while connecting to upstream" in gateway.log


def test_a_request_whose_answer_is_late_is_not_sent_to_another_replica(tmp_path: Path) -> None:
    local = ("127.0.0.1", 0)
    with socket.create_server(local) as first, socket.create_server(local) as second:
        silent = [f"127.0.0.1:{replica.getsockname()[1]}" for replica in (first, second)]
        with Gateway(tmp_path, silent, CLOSED_PORT, settings={"GATEWAY_TIMEOUT_SECONDS": "1"}) as gateway:
            assert gateway.client.post(EMBED.path, json={}).status_code == 504
            assert gateway.log.count("timed out) while reading response header from upstream") == 1


def _check_down(gateway: Gateway, path: str, service: str) -> None:
    answer = gateway.client.post(path, json={})
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/json"
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["X-Request-ID"]
    assert service in check_error(answer.json(), path, DOWN)
