"""OpenAI's clients that send token ids."""

from pathlib import Path

import pytest

from tests.clients.embed_requests import TEXT, native, openai, same, send
from tests.http.server import START_SECONDS, Server
from tests.http.services import EMBED, Service
from tests.http.shared import E5


@pytest.mark.parametrize("given", [[1820, 20579, 39640], [[1820, 20579, 39640], [7, 8]], ["heron", [7, 8]]], ids=str)
def test_token_ids_of_openais_tokenizer_are_refused_with_what_to_do(embed: Service, given: list[object]) -> None:
    body = {"model": EMBED.model, "input": given, "encoding_format": "base64"}
    answer = embed.server.client.post("/v1/embeddings", json=body)
    assert answer.status_code == 400
    assert "check_embedding_ctx_length=False" in answer.json()["error"]["message"]


def test_unless_a_setting_takes_them_as_the_models_own(set_otherwise: Service) -> None:
    tokens = send(set_otherwise, "/v1/tokenize", {"text": TEXT, "model": E5}).json()["tokens"]
    for given in (tokens, [tokens]):
        assert same(openai(set_otherwise, input=given), native(set_otherwise, TEXT, input_type="none"))


def test_cl100k_needs_tiktoken_and_says_so(home: Path, logs: Path) -> None:
    settings = EMBED.lean | {"EMBED_TOKEN_IDS": "cl100k"}
    with Server(EMBED.target, home=home, log=logs / "cl100k.log", settings=settings) as server:
        assert server.process.wait(START_SECONDS) != 0
    assert "EMBED_TOKEN_IDS=cl100k needs tiktoken" in server.log
