"""The published OpenAI SDK, synchronous and asynchronous, unmodified, through the gateway."""

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import openai
import pytest

from tests.clients.blocking import blocking
from tests.clients.busy import full_queue
from tests.clients.conftest import KEY, OPENAI_ALIAS, Guarded
from tests.gateway.nginx import Gateway
from tests.http import reference
from tests.http.services import EMBED, Service

TEXTS = ["The heron waits.", "How does a heron hunt?", "office hours"]
Connect = Callable[..., Any]


@pytest.fixture(params=[openai.OpenAI, openai.AsyncOpenAI])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    with ExitStack() as clients:

        def connect(url: str, key: str = KEY, max_retries: int = 0) -> Any:
            client = request.param(base_url=f"{url}/v1", api_key=key, max_retries=max_retries)
            return clients.enter_context(blocking(client))

        yield connect


@pytest.fixture
def client(connect: Connect, gateway: Gateway) -> Any:
    return connect(gateway.url)


@pytest.fixture(scope="module")
def expected(embed: Service) -> Any:
    """Vectors of `TEXTS` from the native route."""
    return embed.post(*TEXTS).json()["embeddings"]


def test_strings_in_the_encoding_that_the_sdk_prefers(client: Any, expected: Any) -> None:
    answer = client.embeddings.create(input=TEXTS, model=EMBED.model)
    assert [item.index for item in answer.data] == [0, 1, 2]
    assert answer.model == EMBED.model
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > 0
    assert reference.least_cosine([item.embedding for item in answer.data], expected) >= 0.999999


def test_one_string(client: Any, expected: Any) -> None:
    [item] = client.embeddings.create(input=TEXTS[0], model=EMBED.model).data
    assert reference.least_cosine([item.embedding], expected[:1]) >= 0.999999


def test_floats(client: Any, expected: Any) -> None:
    answer = client.embeddings.create(input=TEXTS, model=EMBED.model, encoding_format="float")
    assert reference.least_cosine([item.embedding for item in answer.data], expected) >= 0.999999


def test_base64(client: Any, expected: Any) -> None:
    answer = client.embeddings.create(input=TEXTS, model=EMBED.model, encoding_format="base64")
    vectors = [np.frombuffer(base64.b64decode(item.embedding), "<f4") for item in answer.data]
    assert reference.least_cosine(vectors, expected) >= 0.999999


def test_token_ids_are_refused_with_what_to_do(client: Any) -> None:
    for ids in ([[1820, 20579]], [1820, 20579]):
        with pytest.raises(openai.BadRequestError, match="check_embedding_ctx_length=False"):
            client.embeddings.create(input=ids, model=EMBED.model)


def test_our_own_fields_go_through_extra_body(client: Any) -> None:
    body = {"input_type": "passage", "truncate": "end"}
    answer = client.embeddings.create(input="heron " * 600, model=EMBED.model, extra_body=body)
    assert answer.usage.total_tokens <= 512


def test_models(client: Any) -> None:
    assert [model.id for model in client.models.list().data] == [EMBED.model]
    assert client.models.retrieve(model=EMBED.model).id == EMBED.model


def test_a_key_and_an_alias_are_accepted(connect: Connect, guarded: Guarded) -> None:
    answer = connect(guarded.url).embeddings.create(input="heron", model=OPENAI_ALIAS)
    assert len(answer.data[0].embedding) == 384


def test_a_wrong_key(connect: Connect, guarded: Guarded) -> None:
    with pytest.raises(openai.AuthenticationError) as refusal:
        connect(guarded.url, key="wrong").embeddings.create(input="heron", model=OPENAI_ALIAS)
    assert refusal.value.code == "invalid_api_key"


def test_an_unknown_model(client: Any) -> None:
    with pytest.raises(openai.NotFoundError) as refusal:
        client.embeddings.create(input="heron", model="text-embedding-ada-002")
    assert refusal.value.code == "model_not_found"


@pytest.mark.parametrize(
    "change",
    [{"dimensions": 64}, {"input": []}, {"input": ["heron"] * 2049}],
    ids=["dimensions", "empty", "too many"],
)
def test_a_mistake(client: Any, change: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        client.embeddings.create(**{"input": "heron", "model": EMBED.model} | change)
    assert refusal.value.type == "invalid_request_error"


def test_a_full_queue(connect: Connect, guarded: Guarded) -> None:
    client = connect(guarded.url)
    with full_queue(guarded.embed), pytest.raises(openai.RateLimitError) as refusal:
        client.embeddings.create(input="heron", model=OPENAI_ALIAS)
    assert refusal.value.code == "rate_limit_exceeded"
    assert int(refusal.value.response.headers["Retry-After"]) > 0
