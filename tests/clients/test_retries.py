"""What a full queue refuses, the vendors' Python clients send again, as `Retry-After` says, until it is served.

All of them at once: each of them waits for seconds.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cohere
import openai
import pytest
import voyageai

from tests.clients.blocking import blocking
from tests.clients.busy import full_queue_until_refused
from tests.clients.conftest import EMBED_ALIAS, KEY, OPENAI_ALIAS, RERANK_ALIAS, Guarded

RETRIES = 60
Call = tuple[type[Any], str, Callable[[Any], Any]]
"""A client's class, the path behind the gateway's URL that it wants, and what it is asked to do."""


def _embed_as_cohere(client: Any) -> Any:
    return client.embed(texts=["heron"], model=EMBED_ALIAS, input_type="search_query").texts


def _embed_as_openai(client: Any) -> Any:
    return client.embeddings.create(input="heron", model=OPENAI_ALIAS).data


def _embed_as_voyage(client: Any) -> Any:
    return client.embed(texts=["heron"], model=EMBED_ALIAS).embeddings


def _rerank(client: Any) -> Any:
    return client.rerank(query="heron", documents=["stork", "heron"], model=RERANK_ALIAS).results


COHERE = (cohere.Client, cohere.AsyncClient, cohere.ClientV2, cohere.AsyncClientV2)
VOYAGE: tuple[type[Any], ...] = (voyageai.Client, voyageai.AsyncClient)  # type: ignore[attr-defined]
EMBED_CALLS: list[Call] = [
    *((client, "", _embed_as_cohere) for client in COHERE),
    *((client, "/v1", _embed_as_openai) for client in (openai.OpenAI, openai.AsyncOpenAI)),
    *((client, "/v1", _embed_as_voyage) for client in VOYAGE),
]
RERANK_CALLS: list[Call] = [
    *((client, "", _rerank) for client in COHERE),
    *((client, "/v1", _rerank) for client in VOYAGE),
]


@pytest.mark.parametrize(
    ("name", "calls", "paths"),
    [
        ("embed", EMBED_CALLS, ("/v1/embed", "/v2/embed", "/v1/embeddings", "/voyage/v1/embeddings")),
        ("rerank", RERANK_CALLS, ("/v1/rerank", "/v2/rerank", "/voyage/v1/rerank")),
    ],
    ids=["embed", "rerank"],
)
def test_requests_are_sent_again_until_they_are_served(
    guarded: Guarded, name: str, calls: list[Call], paths: tuple[str, ...]
) -> None:
    service = getattr(guarded, name)
    with (
        ThreadPoolExecutor(len(calls)) as clients,
        full_queue_until_refused(service, *paths, times=len(calls)),
    ):
        answers = list(clients.map(lambda call: _answer(guarded.url, *call), calls))
    assert all(answers)


def _answer(url: str, client: type[Any], path: str, ask: Callable[[Any], Any]) -> Any:
    with blocking(client(base_url=url + path, api_key=KEY, max_retries=RETRIES)) as connected:
        return ask(connected)
