"""Hostile and broken input: an exact status, never a 5xx, never a hang, and the service goes on."""

import json
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.http.server import ANSWER_SECONDS
from tests.http.services import EMBED, JSON, RERANK, Service, problem
from tests.http.shared import FRAIL_BODY_BYTES

BROKEN_JSON = {
    "empty": b"",
    "cut off": b'{"text": "her',
    "two values": b"{} {}",
    "UTF-16": '{"text": "heron"}'.encode("utf-16"),
    "NaN": b'{"text": NaN}',
    "Infinity": b'{"query": "heron", "documents": ["heron"], "top_n": Infinity}',
    "duplicate keys": b'{"text": "heron", "text": "stork"}',
    "deep list": b"[" * 90_000,
    "deep object": b'{"a":' * 90_000,
    "NaN in a list": b'{"stop_words": ["heron", NaN]}',
    "broken key": rb'{"text": "heron", "\ud800": "heron"}',
    "compressed": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
}

BROKEN_TEXTS = {
    "lone surrogate": rb"\ud800",
    "surrogate before another escape": rb"heron \ud83e\n",
    "reversed surrogates": rb"\udc00\ud800",
    "half of the second pair": rb"\ud83e\udda9\udda9",
    "invalid UTF-8": b"heron \xff\xfe",
    "surrogate in UTF-8": b"heron \xed\xa0\x80",
    "raw control character": b"heron \x00",
    "unknown escape": rb"heron \x20",
}

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
VALID: dict[str, dict[str, dict[str, object]]] = {
    "embed": {
        "/embed": {"texts": ["heron"]},
        "/tei/embed": {"inputs": ["heron"]},
        "/v1/embed": {"texts": ["heron"]},
        "/v2/embed": {"texts": ["heron"], "model": EMBED.model, "input_type": "search_query"},
        "/v1/embeddings": {"input": ["heron"], "model": EMBED.model},
        "/voyage/v1/embeddings": {"input": ["heron"], "model": EMBED.model},
        "/embeddings": {"input": [{"text": "heron"}]},
        "/similarity": {"inputs": {"source_sentence": "heron", "sentences": ["stork"]}},
        "/tokenize": {"inputs": ["heron"]},
        "/decode": {"ids": [2000]},
        "/v1/tokenize": {"text": "heron", "model": EMBED.model},
        "/v1/detokenize": {"tokens": [2000], "model": EMBED.model},
    },
    "rerank": {
        "/rerank": {"query": "heron", "documents": ["stork"]},
        "/tei/rerank": {"query": "heron", "texts": ["stork"]},
        "/v1/rerank": {"query": "heron", "documents": ["stork"]},
        "/v2/rerank": {"query": "heron", "documents": ["stork"], "model": RERANK.model},
        "/voyage/v1/rerank": {"query": "heron", "documents": ["stork"], "model": RERANK.model},
        "/v1/score": {"text_1": "heron", "text_2": ["stork"]},
        "/v1/ranking": {"query": {"text": "heron"}, "passages": [{"text": "stork"}], "model": RERANK.model},
        "/predict": {"inputs": [["heron", "stork"]]},
        "/v1/tokenize": {"text": "heron", "model": RERANK.model},
        "/v1/detokenize": {"tokens": [2000], "model": RERANK.model},
    },
}
FIELDS = st.sampled_from(
    [
        *("text", "texts", "query", "documents", "inputs", "input", "tokens", "images"),
        *("input_type", "truncate", "truncation_direction", "top_n", "priority", "encoding_format", "embedding_types"),
        *("max_tokens", "max_tokens_per_doc", "max_chunks_per_doc", "output_dimension", "dimensions", "normalize"),
        *("rank_fields", "return_documents", "return_text", "raw_scores", "model", "user", "prompt_name"),
        *("truncation", "output_dtype", "top_k", "text_1", "text_2", "queries", "passages", "truncate_prompt_tokens"),
        *("task", "embedding_type", "normalized", "late_chunking", "modality", "chunked", "truncation_side"),
        *("ids", "add_special_tokens", "skip_special_tokens", "parameters", "prompt", "endianness", "embed_dtype"),
        *("max_doc_length", "max_query_length", "use_activation", "instruction"),
    ]
)


@pytest.fixture(autouse=True)
def _no_fault_of_ours(embed: Service, rerank: Service) -> Iterator[None]:
    """Whatever a test sends, neither service counts a 500 and both still answer."""
    yield
    for service in (embed, rerank):
        assert service.server.metric("duobento_requests_total", status="500") == 0
        assert service.post("heron").status_code == 200


@pytest.mark.parametrize("content", BROKEN_JSON.values(), ids=BROKEN_JSON.keys())
def test_json_that_is_broken_or_ambiguous_is_400(service: Service, content: bytes) -> None:
    assert problem(service.post_body(content)) == (400, "malformed_body", None)


@pytest.mark.parametrize("text", BROKEN_TEXTS.values(), ids=BROKEN_TEXTS.keys())
@pytest.mark.parametrize("before", [b'"heron"', b'"' + b"heron " * 20_000 + b'"'], ids=["small", "large"])
def test_one_broken_text_of_many_is_400_and_its_param_is_named(service: Service, before: bytes, text: bytes) -> None:
    items = service.kind.items
    body = b'{"%s": [%s, {"text": "%s"}, "stork"]}' % (items.encode(), before, text)
    assert problem(service.post_body(body)) == (400, "malformed_body", f"{items}.1.text")


def test_a_lone_surrogate_is_shown(service: Service) -> None:
    body = rb'{"%s": ["heron", "\ud800"]}' % service.kind.items.encode()
    param = f"{service.kind.items}.1"
    assert service.post_body(body).json()["error"]["message"] == rf"{param}: the text has a lone surrogate (\ud800)."


@pytest.mark.parametrize("content", [b"null", b"7", b'"heron"', b"[]", b'["heron"]'], ids=repr)
def test_json_that_is_not_an_object_is_422(service: Service, content: bytes) -> None:
    assert problem(service.post_body(content)) == (422, "invalid_request", None)


@pytest.mark.parametrize("value", [None, True, 7, 0.5, [], ["heron"]], ids=repr)
def test_an_item_of_another_type_is_422_and_its_param_is_named(service: Service, value: object) -> None:
    answer = service.post(**{service.kind.items: ["heron", value]})
    assert problem(answer) == (422, "invalid_request", f"{service.kind.items}.1")


@pytest.mark.parametrize("value", [True, 7, "heron", {"0": "heron"}], ids=repr)
def test_a_list_of_another_type_is_422_and_named(service: Service, value: object) -> None:
    answer = service.post(**{service.kind.items: value})
    assert problem(answer) == (422, "invalid_request", service.kind.items)


@pytest.mark.parametrize("document", [{}, {"text": None}, {"text": ["heron"]}, {"title": "heron"}], ids=repr)
def test_a_document_without_a_text_is_422_and_its_param_is_named(rerank: Service, document: object) -> None:
    answer = rerank.post(**{"documents": ["heron", document]})
    assert problem(answer) == (422, "invalid_request", "documents.1")


@pytest.mark.parametrize("field", ["top_n", "max_tokens_per_doc"])
@pytest.mark.parametrize("value", [0, -1, 0.5, "many"], ids=repr)
def test_a_limit_that_is_not_a_positive_integer_is_422(rerank: Service, field: str, value: object) -> None:
    assert problem(rerank.post("heron", **{field: value})) == (422, "invalid_request", field)


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, paths in VALID.items() for path in paths])
@pytest.mark.parametrize("value", [True, False])
def test_a_boolean_is_no_integer_in_any_field(
    request: pytest.FixtureRequest, name: str, path: str, value: bool
) -> None:
    service: Service = request.getfixturevalue(name)
    for field in integer_fields(service, path):
        answer = service.server.client.post(path, json=VALID[name][path] | {field: value})
        assert answer.status_code in {400, 422}, field
        assert field in answer.text
        assert "Input should be a valid integer" in answer.text


@pytest.mark.parametrize(
    ("name", "path", "fields", "place"),
    [
        ("embed", "/decode", {"ids": [2000, True]}, "ids"),
        ("embed", "/v1/detokenize", {"tokens": [2000, True]}, "tokens.1"),
        ("embed", "/tei/embed", {"inputs": [True]}, "inputs.0"),
        ("embed", "/v1/embeddings", {"input": [[2000, True]]}, "input"),
        ("rerank", "/v2/rerank", {"top_k": True}, "top_k"),
        (
            "rerank",
            "/v2/rerank",
            {"relevant_spans": {"mode": "enabled", "max_spans": True}},
            "relevant_spans.max_spans",
        ),
        (
            "rerank",
            "/v2/rerank",
            {"relevant_spans": {"mode": "enabled", "threshold": True}},
            "relevant_spans.threshold",
        ),
    ],
)
def test_a_boolean_is_no_number_in_lists_and_objects(
    request: pytest.FixtureRequest, name: str, path: str, fields: dict[str, object], place: str
) -> None:
    service: Service = request.getfixturevalue(name)
    answer = service.server.client.post(path, json=VALID[name][path] | fields)
    assert answer.status_code in {400, 422}
    assert place in answer.text


def test_integers_may_be_written_as_floats_or_strings(rerank: Service) -> None:
    for one in (1.0, "1"):
        assert len(rerank.post("heron", "stork", top_n=one).json()["results"]) == 1


def test_a_huge_top_n_means_all(rerank: Service) -> None:
    assert len(rerank.post("heron", "stork", top_n=10**30).json()["results"]) == 2


def test_more_tokens_of_a_document_than_the_service_scores_are_422(rerank: Service) -> None:
    answer = rerank.post("heron", max_tokens_per_doc=4097)
    assert problem(answer) == (422, "invalid_request", "max_tokens_per_doc")


@pytest.mark.parametrize("text", ["\x00", "heron\x00stork", "\u200b", "\ufffe", "🦩" * 300, "e\u0301" * 5000])
def test_odd_characters_are_a_text_like_any_other(service: Service, text: str) -> None:
    assert service.post(text).status_code == 200


@pytest.mark.parametrize("megabytes", [1, 10])
@pytest.mark.parametrize("pattern", ["heron ", "a", "鷺"], ids=["words", "one word", "no spaces"])
def test_a_text_of_megabytes_is_answered_and_reported_as_truncated(
    service: Service, megabytes: int, pattern: str
) -> None:
    text = pattern * (megabytes * 1_000_000 // len(pattern.encode()))
    answer = service.post("heron", text, **({"max_tokens_per_doc": 600} if "query" in service.kind.fixed else {}))
    assert answer.status_code == 200
    assert answer.json()["truncated"] == [1]


def test_ten_thousand_items_are_413(service: Service) -> None:
    answer = service.post(*["heron"] * 10_000)
    assert problem(answer) == (413, "too_many_items", service.kind.items)


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.heron+json", "application/json;"],
)
def test_a_content_type_that_means_json_is_taken(service: Service, content_type: str) -> None:
    body = json.dumps(service.kind.body("heron")).encode()
    assert service.post_body(body, {"Content-Type": content_type}).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "json",
        "text/json",
        "application/",
        "application/jsonp",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json, text/plain",
        "/;=\x80",
    ],
)
def test_a_content_type_that_does_not_mean_json_is_415(service: Service, content_type: str) -> None:
    body = json.dumps(service.kind.body("heron")).encode()
    encoded = [(b"Content-Type", content_type.encode("latin-1"))]
    answer = service.server.client.post(service.kind.path, content=body, headers=encoded)
    assert problem(answer) == (415, "unsupported_media_type", None)


def test_a_body_over_the_limit_in_chunks_without_a_length_is_413(frail: Service) -> None:
    chunks = (b" " * 65536 for _ in range(FRAIL_BODY_BYTES // 65536 + 1))
    answer = frail.server.client.post(frail.kind.path, content=chunks, headers=JSON)
    assert problem(answer) == (413, "body_too_large", None)


def test_a_body_at_the_limit_in_chunks_is_answered(frail: Service) -> None:
    body = json.dumps(frail.kind.body("heron")).encode().ljust(FRAIL_BODY_BYTES)
    chunks = (body[start : start + 65536] for start in range(0, len(body), 65536))
    assert frail.server.client.post(frail.kind.path, content=chunks, headers=JSON).status_code == 200


def test_a_body_that_is_declared_over_the_limit_is_refused_before_it_is_sent(frail: Service) -> None:
    head = _head(frail, f"Content-Length: {FRAIL_BODY_BYTES + 1}")
    assert b" 413 " in _first_line(frail, head)


def test_a_client_that_leaves_in_the_middle_of_its_body_harms_nobody(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.server.port), ANSWER_SECONDS) as connection:
        connection.sendall(_head(service, "Content-Length: 1000") + b'{"text": "her')
    assert service.post("heron").status_code == 200


def test_a_client_that_sends_its_body_without_end_holds_up_nobody(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.server.port), ANSWER_SECONDS) as connection:
        connection.sendall(_head(service, "Content-Length: 1000") + b'{"text": "her')
        assert service.post("heron").status_code == 200


@pytest.mark.parametrize(
    "line",
    ["Content-Length: -1", "Content-Length: many", "no colon"],
)
def test_headers_that_break_http_are_400(service: Service, line: str) -> None:
    assert b" 400 " in _first_line(service, _head(service, line) + b"{}")


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, paths in VALID.items() for path in paths])
@settings(max_examples=40)
@given(changes=st.dictionaries(FIELDS, JSON_VALUES, max_size=3))
def test_any_changes_of_a_valid_body_get_an_answer_or_an_error_of_the_callers(
    request: pytest.FixtureRequest, name: str, path: str, changes: dict[str, object]
) -> None:
    service: Service = request.getfixturevalue(name)
    answer = service.server.client.post(path, json=VALID[name][path] | changes)
    assert answer.status_code in {200, 400, 404, 413, 422}
    assert answer.json()


@settings(max_examples=40)
@given(content=st.binary(max_size=200))
def test_any_bytes_get_an_answer_or_a_named_error(service: Service, content: bytes) -> None:
    assert problem(service.post_body(content))[0] in {400, 422}


def integer_fields(service: Service, path: str) -> list[str]:
    """Fields of a route's body that OpenAPI describes as integers."""
    document = service.server.client.get("/openapi.json").json()
    body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    fields = document["components"]["schemas"][body.rpartition("/")[2]]["properties"]
    return [
        name for name, field in fields.items() if {"type": "integer"}.items() <= field.get("anyOf", [{}])[0].items()
    ]


def _head(service: Service, line: str) -> bytes:
    start = f"POST {service.kind.path} HTTP/1.1\r\nHost: heron\r\nContent-Type: application/json\r\n"
    return f"{start}{line}\r\n\r\n".encode()


def _first_line(service: Service, message: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", service.server.port), ANSWER_SECONDS) as connection:
        connection.sendall(message)
        with connection.makefile("rb") as answer:
            return answer.readline()


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [("/embed", {"text": "heron"}, "the fields are text, texts, "), ("/encode", {"sentences": ["heron"]}, "sentences")],
)
def test_an_unknown_field_is_answered_with_those_there_are(
    embed: Service, path: str, body: dict[str, object], fields: str
) -> None:
    answer = embed.server.client.post(path, json={**body, "input": ["heron"]})
    assert problem(answer)[2] == "input"
    assert "Extra inputs are not permitted: the " in (message := answer.json()["error"]["message"])
    assert fields in message
