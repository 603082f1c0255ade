"""Errors arrive as the Cohere SDK's own exceptions, and what it sends again is served in the end."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import cohere
import pytest
from cohere.errors import (
    BadRequestError,
    NotFoundError,
    ServiceUnavailableError,
    TooManyRequestsError,
    UnauthorizedError,
)

from tests.clients.blocking import blocking
from tests.clients.busy import full_queue
from tests.clients.conftest import EMBED_ALIAS, KEY, RERANK_ALIAS, Guarded
from tests.gateway.nginx import Gateway
from tests.http.services import EMBED

EMBED_CALL: dict[str, Any] = {"texts": ["heron"], "model": EMBED_ALIAS, "input_type": "search_query"}
RERANK_CALL: dict[str, Any] = {"query": "heron", "documents": ["stork", "heron"], "model": RERANK_ALIAS}
Connect = Callable[..., Any]


@pytest.fixture(params=[cohere.Client, cohere.AsyncClient, cohere.ClientV2, cohere.AsyncClientV2])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Makes clients of each of the SDK's four classes; unless told otherwise they send nothing again."""
    with ExitStack() as clients:

        def connect(url: str, key: str = KEY, max_retries: int = 0) -> Any:
            client = request.param(base_url=url, api_key=key, max_retries=max_retries)
            return clients.enter_context(blocking(client))

        yield connect


def test_a_key_and_the_vendors_names_are_accepted(connect: Connect, guarded: Guarded) -> None:
    client = connect(guarded.url)
    assert client.embed(**EMBED_CALL).texts == ["heron"]
    assert client.rerank(**RERANK_CALL).results[0].index == 1


def test_a_wrong_key(connect: Connect, guarded: Guarded) -> None:
    client = connect(guarded.url, key="wrong")
    for call, arguments in ((client.embed, EMBED_CALL), (client.rerank, RERANK_CALL)):
        with pytest.raises(UnauthorizedError) as refusal:
            call(**arguments)
        assert refusal.value.body["message"] == "invalid api token"


def test_an_unknown_model(connect: Connect, guarded: Guarded) -> None:
    client = connect(guarded.url)
    with pytest.raises(NotFoundError) as refusal:
        client.embed(**EMBED_CALL | {"model": "embed-english-v2.0"})
    assert EMBED.model in refusal.value.body["message"]
    with pytest.raises(NotFoundError):
        client.rerank(**RERANK_CALL | {"model": "rerank-english-v2.0"})


@pytest.mark.parametrize(
    "change",
    [{"input_type": "image"}, {"input_type": "other"}, {"texts": [""]}, {"embedding_types": ["int4"]}],
    ids=str,
)
def test_a_mistake_in_embed(connect: Connect, guarded: Guarded, change: dict[str, Any]) -> None:
    [field] = change
    with pytest.raises(BadRequestError) as refusal:
        connect(guarded.url).embed(**EMBED_CALL | change)
    assert refusal.value.body["message"].startswith("invalid request: ")
    assert field in refusal.value.body["message"]


@pytest.mark.parametrize("change", [{"documents": []}, {"query": " "}, {"top_n": 0}], ids=str)
def test_a_mistake_in_rerank(connect: Connect, guarded: Guarded, change: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError) as refusal:
        connect(guarded.url).rerank(**RERANK_CALL | change)
    assert refusal.value.body["message"].startswith("invalid request: ")


def test_97_texts_are_refused_where_the_client_does_not_split_them(guarded: Guarded) -> None:
    client = cohere.ClientV2(base_url=guarded.url, api_key=KEY, max_retries=0)
    with pytest.raises(BadRequestError, match="at most 96"):
        client.embed(texts=["heron"] * 97, model=EMBED_ALIAS, input_type="search_query", embedding_types=["float"])


def test_a_full_queue_of_embed(connect: Connect, guarded: Guarded) -> None:
    with full_queue(guarded.embed), pytest.raises(TooManyRequestsError) as refusal:
        connect(guarded.url).embed(**EMBED_CALL)
    assert refusal.value.headers is not None
    assert int(refusal.value.headers["retry-after"]) > 0


def test_a_full_queue_of_rerank(connect: Connect, guarded: Guarded) -> None:
    with full_queue(guarded.rerank), pytest.raises(TooManyRequestsError) as refusal:
        connect(guarded.url).rerank(**RERANK_CALL)
    assert refusal.value.headers is not None
    assert int(refusal.value.headers["retry-after"]) > 0


def test_rerank_while_its_service_is_down(connect: Connect, without_rerank: Gateway) -> None:
    client = connect(without_rerank.url)
    with pytest.raises(ServiceUnavailableError) as refusal:
        client.rerank(**RERANK_CALL)
    assert "rerank-service does not answer" in refusal.value.body["message"]
    assert client.embed(**EMBED_CALL | {"model": EMBED.model}).texts == ["heron"]
