"""Every row of the contract's table of errors, for both services, over HTTP."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.http.dialects.error_shapes import cohere_error, jina_error, openai_error, tei_error, voyage_error
from tests.http.server import wait_for
from tests.http.services import Service, problem
from tests.http.shared import FRAIL_BODY_BYTES, POISON


def nvidia_error(answer: httpx.Response) -> tuple[int, str]:
    """Status and sentence of an error of NIM's, whose shape is checked."""
    body = answer.json()
    assert body.keys() == {"object", "message", "detail", "type"}
    return answer.status_code, body["message"]


SHAPES: dict[str, dict[str, Callable[[httpx.Response], object]]] = {
    "frail_embed": {
        "/embed": problem,
        "/encode": problem,
        "/v1/embed": cohere_error,
        "/v2/embed": cohere_error,
        "/v1/tokenize": cohere_error,
        "/v1/embeddings": openai_error,
        "/embeddings": openai_error,
        "/": tei_error,
        "/tei/embed": tei_error,
        "/similarity": tei_error,
        "/voyage/v1/embeddings": voyage_error,
    },
    "frail_rerank": {
        "/rerank": problem,
        "/score": problem,
        "/v1/rerank": jina_error,
        "/v2/rerank": cohere_error,
        "/v1/score": openai_error,
        "/v1/ranking": nvidia_error,
        "/predict": tei_error,
        "/tei/rerank": tei_error,
        "/voyage/v1/rerank": voyage_error,
    },
}
"""In whose shape a path's errors are while nothing of the request says another dialect."""
EARLY: dict[str, dict[str, Any]] = {
    "too large": {"content": b" " * (FRAIL_BODY_BYTES + 1)},
    "too large, in chunks": {"content": [b" " * (FRAIL_BODY_BYTES // 2)] * 3},
    "no JSON": {"content": b"{not json"},
    "empty": {"content": b""},
    "no object": {"content": b"[]"},
    "too many values": {"content": b"[" + b"0," * 510_000 + b"0]"},
    "no JSON by its type": {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
    "unknown encoding": {"content": b"{}", "headers": {"Content-Encoding": "br"}},
    "too large headers": {"content": b"{}", "headers": {"X-Long": "x" * 40_000}},
}
"""Requests that are refused before anybody looks at their fields."""


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, paths in SHAPES.items() for path in paths])
@pytest.mark.parametrize("early", EARLY)
def test_an_early_refusal_has_the_shape_of_the_paths_dialect(
    request: pytest.FixtureRequest, name: str, path: str, early: str
) -> None:
    service: Service = request.getfixturevalue(name)
    answer = service.server.client.post(path, **EARLY[early])
    assert answer.status_code in {400, 413, 415, 422, 431}
    SHAPES[name][path](answer)


@pytest.mark.parametrize(
    ("path", "field", "shape"),
    [("/embed", "inputs", tei_error), ("/v1/embeddings", "truncation", voyage_error)],
)
@pytest.mark.parametrize("last", [False, True])
def test_a_body_of_too_many_values_shows_its_dialect_by_its_fields(
    frail_embed: Service, path: str, field: str, shape: Callable[[httpx.Response], object], last: bool
) -> None:
    values = b'"x": [' + b"0," * 510_000 + b"0]"
    own = b'"%s": true' % field.encode()
    content = b"{" + b",".join([values, own] if last else [own, values]) + b"}"
    answer = frail_embed.server.client.post(path, content=content)
    assert answer.status_code in {400, 413}
    shape(answer)


def test_a_body_that_is_not_json_is_400(service: Service) -> None:
    assert problem(service.post_body(b"{not json")) == (400, "malformed_body", None)


def test_a_body_that_is_not_declared_as_json_is_415(service: Service) -> None:
    answer = service.post_body(b"{}", {"Content-Type": "text/plain"})
    assert problem(answer) == (415, "unsupported_media_type", None)


def test_a_body_over_the_byte_limit_is_413(frail: Service) -> None:
    answer = frail.post_body(b" " * (FRAIL_BODY_BYTES + 1))
    assert problem(answer) == (413, "body_too_large", None)


def test_a_list_over_the_item_limit_is_413(service: Service) -> None:
    answer = service.post(*["heron"] * (service.kind.most_items + 1))
    assert problem(answer) == (413, "too_many_items", service.kind.items)


def test_a_missing_field_is_422_and_named(rerank: Service) -> None:
    answer = rerank.server.client.post("/rerank", json={"documents": ["heron"]})
    assert problem(answer) == (422, "invalid_request", "query")


@pytest.mark.parametrize("body", [{}, {"text": "heron", "texts": ["heron"]}], ids=["neither", "both"])
def test_text_or_texts_must_be_given_and_not_both(embed: Service, body: dict[str, object]) -> None:
    answer = embed.server.client.post("/embed", json=body)
    assert problem(answer) == (422, "invalid_request", None)
    assert "exactly one of text and texts" in answer.json()["error"]["message"]


def test_an_empty_list_is_422_and_named(service: Service) -> None:
    assert problem(service.post()) == (422, "invalid_request", service.kind.items)


def test_a_value_of_the_wrong_type_is_422_and_its_place_is_named(service: Service) -> None:
    answer = service.post(**{service.kind.items: ["heron", "heron", "heron", 7]})
    assert problem(answer) == (422, "invalid_request", f"{service.kind.items}.3")


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u2003\u00a0"], ids=repr)
def test_a_blank_text_is_422_and_its_place_is_named(embed: Service, blank: str) -> None:
    assert problem(embed.post("heron", blank)) == (422, "invalid_request", "texts.1")


def test_a_blank_single_text_is_422_and_named(embed: Service) -> None:
    answer = embed.server.client.post("/embed", json={"text": " "})
    assert problem(answer) == (422, "invalid_request", "text")


def test_a_blank_query_is_422_and_named(rerank: Service) -> None:
    assert problem(rerank.post("heron", query=" ")) == (422, "invalid_request", "query")


def test_an_unknown_input_type_is_422_and_named(embed: Service) -> None:
    answer = embed.post("heron", input_type="image")
    assert problem(answer) == (422, "invalid_request", "input_type")


def test_an_unknown_field_is_422_and_named(service: Service) -> None:
    assert problem(service.post("heron", colour="grey")) == (422, "invalid_request", "colour")


def test_a_text_over_the_limit_is_422_when_truncation_is_refused(service: Service) -> None:
    answer = service.post("heron", "heron " * 5000, truncate="none")
    assert problem(answer) == (422, "invalid_request", f"{service.kind.items}.1")


def test_a_full_queue_is_429_with_whole_seconds_to_wait(frail: Service) -> None:
    with frail.busy():
        answer = frail.post("heron")
    assert problem(answer) == (429, "overloaded", None)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_a_passed_deadline_is_504(service: Service) -> None:
    answer = service.post_with({"X-Request-Timeout": "1e-9"}, "heron")
    assert problem(answer) == (504, "deadline_exceeded", None)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "soon"])
def test_a_deadline_that_is_not_a_positive_number_is_422(service: Service, seconds: str) -> None:
    answer = service.post_with({"X-Request-Timeout": seconds}, "heron")
    assert problem(answer) == (422, "invalid_request", "x-request-timeout")


def test_a_fault_of_ours_is_500_without_internals(frail: Service) -> None:
    answer = frail.post("heron", f"the {POISON} drinks")
    assert problem(answer) == (500, "internal_error", f"{frail.kind.items}.1")
    assert not re.search("Traceback|torch|numpy|finite", answer.text)
    wait_for(lambda: answer.headers["X-Request-ID"] in frail.server.log, "the log names the request")


def test_a_text_on_which_the_model_fails_does_not_harm_those_computed_with_it(frail: Service) -> None:
    assert frail.post(f"the {POISON} drinks").status_code == 500
    assert frail.post("the heron drinks").status_code == 200


def test_an_unknown_route_is_404(service: Service) -> None:
    assert problem(service.server.client.post("/nothing", json={})) == (404, "not_found", None)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_wrong_method_is_405_and_the_right_one_named(service: Service, method: str) -> None:
    answer = service.server.client.request(method, service.kind.path)
    assert problem(answer) == (405, "method_not_allowed", None)
    assert answer.headers["Allow"] == "POST"


def test_errors_carry_the_callers_request_id(service: Service) -> None:
    answer = service.post_body(b"{", {"Content-Type": "application/json", "X-Request-ID": "heron-7"})
    assert answer.headers["X-Request-ID"] == "heron-7"


def test_a_request_id_that_could_forge_log_lines_is_replaced(service: Service) -> None:
    answer = service.post_with({"X-Request-ID": "heron 7; status=200"}, "heron")
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
