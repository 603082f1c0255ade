"""The published Cohere SDK embeds through the gateway: both versions, synchronous and asynchronous, unmodified."""

import base64
from typing import Any

import numpy as np
import pytest

from tests.http import reference
from tests.http.services import EMBED, Service

TEXTS = ["The heron waits.", "How does a heron hunt?", "office hours"]
INPUT_TYPES = ["search_document", "search_query", "classification", "clustering"]
FORMS = ["float", "int8", "uint8", "binary", "ubinary", "base64"]


@pytest.fixture(scope="module")
def expected(embed: Service) -> Any:
    """Vectors of `TEXTS` from the native route."""
    return embed.post(*TEXTS).json()["embeddings"]


@pytest.mark.parametrize("input_type", INPUT_TYPES)
def test_v1_input_types(v1: Any, expected: Any, input_type: str) -> None:
    answer = v1.embed(texts=TEXTS, model=EMBED.model, input_type=input_type)
    assert answer.response_type == "embeddings_floats"
    assert answer.texts == TEXTS
    assert answer.meta.api_version.version == "1"
    assert answer.meta.billed_units.input_tokens > 0
    assert reference.least_cosine(answer.embeddings, expected) >= 0.999999


@pytest.mark.parametrize("input_type", INPUT_TYPES)
def test_v2_input_types(v2: Any, expected: Any, input_type: str) -> None:
    answer = v2.embed(texts=TEXTS, model=EMBED.model, input_type=input_type, embedding_types=["float"])
    assert answer.meta.api_version.version == "2"
    assert answer.meta.billed_units.input_tokens > 0
    assert reference.least_cosine(answer.embeddings.float_, expected) >= 0.999999


def test_v1_needs_no_model(v1: Any, expected: Any) -> None:
    assert reference.least_cosine(v1.embed(texts=TEXTS).embeddings, expected) >= 0.999999


def test_v1_all_embedding_types_in_one_call(v1: Any, expected: Any) -> None:
    answer = v1.embed(texts=TEXTS, model=EMBED.model, input_type="search_query", embedding_types=FORMS)
    assert answer.response_type == "embeddings_by_type"
    _check_forms(answer.embeddings, expected)


def test_v2_all_embedding_types_in_one_call(v2: Any, expected: Any) -> None:
    answer = v2.embed(texts=TEXTS, model=EMBED.model, input_type="search_query", embedding_types=FORMS)
    _check_forms(answer.embeddings, expected)


@pytest.mark.parametrize("form", FORMS)
def test_v2_one_embedding_type(v2: Any, form: str) -> None:
    answer = v2.embed(texts=TEXTS, model=EMBED.model, input_type="search_query", embedding_types=[form])
    present = {name for name, value in answer.embeddings if value is not None}
    assert present == {form.replace("float", "float_")}


def test_v2_inputs_of_text(v2: Any, expected: Any) -> None:
    inputs = [{"content": [{"type": "text", "text": text}]} for text in TEXTS]
    answer = v2.embed(inputs=inputs, model=EMBED.model, input_type="search_query", embedding_types=["float"])
    assert reference.least_cosine(answer.embeddings.float_, expected) >= 0.999999


def test_one_call_of_6144_texts_is_answered_in_order(v1: Any, embed: Service) -> None:
    texts = [str(number) for number in range(64 * 96)]
    answer = v1.embed(texts=texts, model=EMBED.model, input_type="search_document")
    assert answer.texts == texts
    assert len(answer.id.split(", ")) == 64
    sample = range(0, len(texts), 61)
    expected = embed.post(*(texts[index] for index in sample)).json()["embeddings"]
    assert reference.least_cosine([answer.embeddings[index] for index in sample], expected) >= 0.999999


def test_v1_a_truncated_text_is_named(v1: Any) -> None:
    answer = v1.embed(texts=["heron", "heron " * 600], model=EMBED.model, truncate="END")
    [warning] = answer.meta.warnings
    assert "texts.1" in warning


def test_v2_a_truncated_text_is_named(v2: Any) -> None:
    answer = v2.embed(texts=["heron", "heron " * 600], model=EMBED.model, input_type="search_query", truncate="START")
    [warning] = answer.meta.warnings
    assert "texts.1" in warning


@pytest.mark.parametrize("offline", [True, False])
def test_tokens_there_and_back(v1: Any, offline: bool) -> None:
    found = v1.tokenize(text="the heron waits", model=EMBED.model, offline=offline)
    assert len(found.tokens) == len(found.token_strings) > 0
    back = v1.detokenize(tokens=found.tokens, model=EMBED.model, offline=offline)
    assert back.text == "the heron waits"


def test_models_are_listed(v1: Any) -> None:
    [model] = v1.models.list().models
    assert (model.name, model.endpoints) == (EMBED.model, ["embed"])


def _check_forms(embeddings: Any, expected: Any) -> None:
    dimension = len(expected[0])
    floats = np.array(embeddings.float_)
    assert reference.least_cosine(floats, expected) >= 0.999999
    signed, unsigned = np.array(embeddings.int8), np.array(embeddings.uint8)
    assert signed.shape == unsigned.shape == floats.shape
    assert -128 <= signed.min() < 0 < signed.max() <= 127
    assert 0 <= unsigned.min() < unsigned.max() <= 255
    assert reference.least_cosine(signed, expected) >= 0.99
    bits = np.packbits(floats > 0, axis=1)
    assert np.array(embeddings.ubinary).tolist() == bits.tolist()
    assert (np.array(embeddings.binary) + 128).tolist() == bits.tolist()
    assert bits.shape == (len(TEXTS), dimension // 8)
    decoded = [np.frombuffer(base64.b64decode(vector), "<f4") for vector in embeddings.base64]
    np.testing.assert_allclose(decoded, floats, atol=1e-6)
