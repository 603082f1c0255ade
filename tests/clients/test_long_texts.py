"""Texts over the window: truncated and named, or refused, in every dialect."""

from typing import Any

import pytest

from tests.clients.embed_requests import CHINESE, TEXT, send
from tests.http.services import Service
from tests.http.shared import E5


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", {"model": E5, "input": ["heron", CHINESE]}),
        ("/embed", {"inputs": ["heron", CHINESE]}),
        ("/embed", {"texts": ["heron", CHINESE]}),
        ("/v1/embed", {"texts": ["heron", CHINESE]}),
        ("/v2/embed", {"model": E5, "texts": ["heron", CHINESE], "input_type": "search_document"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_chunk_over_the_window_is_truncated_and_named_or_refused_as_the_setting_says(
    e5: Service, set_otherwise: Service, path: str, body: dict[str, Any]
) -> None:
    assert send(e5, path, body).headers["X-Truncated"] == "1"
    assert set_otherwise.server.client.post(path, json=body).status_code in (400, 413, 422)
    field: dict[str, Any] = {"truncate": True if "inputs" in body else "end"}
    assert send(set_otherwise, path, body | field).headers["X-Truncated"] == "1"


def test_info_says_what_becomes_of_long_texts(e5: Service, set_otherwise: Service) -> None:
    said = [service.server.client.get("/info").json()["auto_truncate"] for service in (e5, set_otherwise)]
    assert said == [True, False]


@pytest.mark.parametrize("truncate", ["end", "END", "Start", "none", None])
def test_elasticsearch_writes_coheres_values_in_lower_case(e5: Service, truncate: str | None) -> None:
    for path in ("/v1/embed", "/v2/embed"):
        body = {"model": E5, "texts": [TEXT], "input_type": "search_query", "truncate": truncate}
        assert send(e5, path, body).headers["X-Input-Type"] == "query"
