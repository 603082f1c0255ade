"""The published Voyage client, synchronous and asynchronous, unmodified, through the gateway."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
import voyageai
from voyageai import error

from bentos.embed.quantization import EmbeddingType, quantize
from tests.clients.blocking import blocking
from tests.clients.busy import full_queue
from tests.clients.conftest import EMBED_ALIAS, KEY, RERANK_ALIAS, Guarded
from tests.gateway.nginx import Gateway
from tests.http import reference
from tests.http.services import EMBED, RERANK, Service

TEXTS = ["The heron waits.", "How does a heron hunt?", "office hours"]
LONG = "heron " * 600
Connect = Callable[..., Any]


@pytest.fixture(params=["Client", "AsyncClient"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    with ExitStack() as clients:

        def connect(url: str, key: str = KEY, max_retries: int = 0) -> Any:
            client = getattr(voyageai, request.param)(api_key=key, base_url=url, max_retries=max_retries)
            return clients.enter_context(blocking(client))

        yield connect


@pytest.fixture(params=["/v1", "/voyage/v1"])
def client(connect: Connect, gateway: Gateway, request: pytest.FixtureRequest) -> Any:
    """At the paths that it shares, where its requests have to be recognized, and at its own."""
    return connect(gateway.url + request.param)


@pytest.fixture(scope="module")
def expected(embed: Service) -> Any:
    """Vectors of `TEXTS` from the native route."""
    return embed.post(*TEXTS).json()["embeddings"]


@pytest.mark.parametrize("input_type", [None, "query", "document"])
def test_vectors(client: Any, embed: Service, expected: Any, input_type: str | None) -> None:
    answer = client.embed(texts=TEXTS, model=EMBED.model, input_type=input_type)
    assert reference.least_cosine(answer.embeddings, expected) >= 0.999999
    assert answer.total_tokens == embed.post(*TEXTS).json()["tokens"]


def test_what_is_not_there_is_said_in_its_error(connect: Connect, gateway: Gateway) -> None:
    client = connect(gateway.url + "/voyage/v1")
    with pytest.raises(error.APIError, match=r"^There is no path /voyage/v1/multimodalembeddings here"):
        client.multimodal_embed(inputs=[["heron"]], model=EMBED.model)


def test_one_text(client: Any, expected: Any) -> None:
    answer = client.embed(texts=TEXTS[0], model=EMBED.model)
    assert reference.least_cosine(answer.embeddings, expected[:1]) >= 0.999999


@pytest.mark.parametrize("output_dtype", ["float", "int8", "uint8", "binary", "ubinary"])
def test_each_type_of_values(client: Any, expected: Any, output_dtype: str) -> None:
    found = client.embed(texts=TEXTS, model=EMBED.model, output_dtype=output_dtype).embeddings
    wanted: Any = quantize(np.array(expected, np.float32), EmbeddingType(output_dtype))
    if output_dtype == "float":
        assert reference.least_cosine(found, wanted) >= 0.999999
    else:
        assert all(isinstance(value, int) for vector in found for value in vector)
        assert np.array_equal(found, wanted)


def test_a_long_text_is_truncated_unless_that_is_refused(client: Any) -> None:
    assert client.embed(texts=["heron", LONG], model=EMBED.model).total_tokens == 3 + 256
    with pytest.raises(error.InvalidRequestError, match=r"^input\.1: The text has more than 256 tokens"):
        client.embed(texts=["heron", LONG], model=EMBED.model, truncation=False)


def test_the_models_dimension(client: Any) -> None:
    [vector] = client.embed(texts=["heron"], model=EMBED.model, output_dimension=384).embeddings
    assert len(vector) == 384
    with pytest.raises(error.InvalidRequestError, match=r"^output_dimension: .* have 384 dimensions"):
        client.embed(texts=["heron"], model=EMBED.model, output_dimension=256)


@pytest.mark.parametrize("top_k", [None, 2])
def test_rerank(client: Any, rerank: Service, top_k: int | None) -> None:
    query = "How does a heron hunt?"
    native = rerank.post(*TEXTS, query=query).json()
    answer = client.rerank(query=query, documents=TEXTS, model=RERANK.model, top_k=top_k)
    ranked = native["results"][:top_k]
    assert [(result.index, result.document) for result in answer.results] == [
        (result["index"], result["document"]) for result in ranked
    ]
    scores = [result.relevance_score for result in answer.results]
    assert scores == pytest.approx([result["score"] for result in ranked], abs=1e-5)
    assert answer.total_tokens == native["tokens"]


def test_a_long_query_is_truncated_unless_that_is_refused(client: Any) -> None:
    assert client.rerank(query=LONG, documents=TEXTS, model=RERANK.model).results
    with pytest.raises(error.InvalidRequestError, match=r"^query: .* truncation is refused"):
        client.rerank(query=LONG, documents=TEXTS, model=RERANK.model, truncation=False)


@pytest.mark.parametrize(
    "change", [{"texts": []}, {"texts": ["heron", ""]}, {"model": "voyage-3.5"}, {"output_dtype": "half"}], ids=str
)
def test_a_mistake(client: Any, change: dict[str, Any]) -> None:
    with pytest.raises(error.InvalidRequestError) as refusal:
        client.embed(**{"texts": ["heron"], "model": EMBED.model} | change)
    assert refusal.value.json_body == {"detail": str(refusal.value)}


def test_a_key_and_the_aliases_are_accepted(connect: Connect, guarded: Guarded) -> None:
    client = connect(f"{guarded.url}/v1")
    assert client.embed(texts=["heron"], model=EMBED_ALIAS).embeddings
    assert client.rerank(query="heron", documents=["heron"], model=RERANK_ALIAS).results


def test_a_wrong_key(connect: Connect, guarded: Guarded) -> None:
    for prefix in ("/v1", "/voyage/v1"):
        with pytest.raises(error.AuthenticationError):
            connect(guarded.url + prefix, key="wrong").embed(texts=["heron"], model=EMBED_ALIAS)


def test_a_full_queue(connect: Connect, guarded: Guarded) -> None:
    client = connect(f"{guarded.url}/v1")
    with full_queue(guarded.embed), pytest.raises(error.RateLimitError) as refusal:
        client.embed(texts=["heron"], model=EMBED_ALIAS)
    assert int(refusal.value.headers["Retry-After"]) > 0


def test_while_a_service_is_down(connect: Connect, without_rerank: Gateway) -> None:
    for prefix in ("/v1", "/voyage/v1"):
        with pytest.raises(error.ServiceUnavailableError):
            connect(without_rerank.url + prefix).rerank(query="heron", documents=["heron"], model=RERANK.model)
