"""Requests of NVIDIA's, Voyage's, litellm's and other clients that differ from OpenAI's."""

import pytest

from tests.clients.embed_requests import TEXT, native, openai, same, send
from tests.http.services import Service
from tests.http.shared import E5


@pytest.mark.parametrize("truncate", ["NONE", "END", "None", None])
def test_nvidias_clients_write_values_in_capitals_or_null(e5: Service, truncate: str | None) -> None:
    assert same(openai(e5, input_type="passage", truncate=truncate), native(e5, TEXT, input_type="passage"))


def test_voyages_client_says_document_and_litellm_no_content_type(e5: Service) -> None:
    right = native(e5, TEXT, input_type="passage")
    for fields in ({"truncation": True}, {}):
        assert same(openai(e5, input_type="document", **fields), right)
    content = b'{"model": "%s", "input": ["%s"], "input_type": "document"}' % (E5.encode(), TEXT.encode())
    answer = e5.server.client.post("/v1/embeddings", content=content)
    assert "Content-Type" not in answer.request.headers
    assert same([item["embedding"] for item in answer.json()["data"]], right)


def test_explicit_nulls_are_absent_fields(e5: Service) -> None:
    nulls = dict.fromkeys(("truncate", "truncation_direction", "normalize", "prompt_name", "dimensions"))
    assert same(send(e5, "/embed", {"inputs": TEXT, **nulls}).json(), native(e5, TEXT, input_type="none"))
    nulls = dict.fromkeys(("truncate", "encoding_format", "input_type", "priority"))
    assert send(e5, "/embed", {"texts": [TEXT], **nulls}).json()["input_type"] == "query"


@pytest.mark.parametrize("path", ["/v1/embed", "/v2/embed"])
def test_litellms_usage_page_reads_meta_tokens(e5: Service, path: str) -> None:
    answer = send(e5, path, {"model": E5, "texts": [TEXT], "input_type": "search_query"}).json()
    tokens = e5.post(TEXT, input_type="query").json()["tokens"]
    assert answer["meta"]["tokens"] == {"input_tokens": tokens, "output_tokens": 0}
    assert answer["meta"]["billed_units"] == {"input_tokens": tokens}


@pytest.mark.parametrize("path", ["/v1/models", "/models"])
def test_apps_that_test_a_connection_find_the_model(e5: Service, path: str) -> None:
    found = e5.server.client.get(path).json()
    assert found["data"][0]["id"] == E5
    assert e5.server.client.get(f"{path}/{E5}").json()["id"] == E5
    assert e5.server.client.get(path, params={"endpoint": "embed"}).json() == found
