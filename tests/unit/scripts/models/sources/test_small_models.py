"""The `small` preset: a real encoder, and a demo reranker that puts clear cases in order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tokenizers import Tokenizer

from bentos.common.models.store import find
from tests.http import reference

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
RERANKER = "duobento/small-reranker-demo"


@pytest.fixture(scope="module")
def reranker(model_store: Path) -> CrossEncoder:
    return reference.cross_encoder(RERANKER, model_store)


def test_encoder_puts_what_means_the_same_together(model_store: Path) -> None:
    encoder = reference.encoder(ENCODER, model_store)
    question, answer, other = encoder.encode(
        ["How do I reset my password?", "Steps to recover a lost login", "The cat sleeps on the roof."]
    )
    assert np.linalg.norm(question) == pytest.approx(1, abs=1e-5)
    assert question @ answer > 0.5 > 0.2 > question @ other


@pytest.mark.parametrize("model_id", [ENCODER, RERANKER])
def test_tokenizer_by_itself_neither_cuts_nor_pads(model_store: Path, model_id: str) -> None:
    tokenizer = Tokenizer.from_file(str(find(model_id, home=model_store).path / "tokenizer.json"))
    assert len(tokenizer.encode("word " * 1000).ids) == 1002
    assert len(tokenizer.encode("word").ids) == 3


@pytest.mark.parametrize(
    ("query", "documents"),
    [
        (
            "text editor",
            [
                "Vim is a highly configurable editor for creating and changing any kind of text.",
                "A library for reading and writing compressed image files.",
                "Bananas are grown in tropical regions.",
            ],
        ),
        (
            "what is a compiler",
            [
                "A program that translates source code of a programming language into machine code.",
                "A device that prints documents on paper.",
                "The river flows through three countries.",
            ],
        ),
    ],
)
def test_reranker_orders_a_clear_case(reranker: CrossEncoder, query: str, documents: list[str]) -> None:
    scores = reranker.predict([(query, document) for document in documents])
    assert scores.argmax() == 0
    assert ((scores > 0) & (scores < 1)).all()
    assert scores[0] > 2 * scores[1:].max()


def test_reranker_is_put_together_from_minilm_and_the_tuned_layers(model_store: Path, reranker: CrossEncoder) -> None:
    folder = find(RERANKER, home=model_store).path
    config = json.loads((folder / "config.json").read_text())
    assert config["architectures"] == ["BertForSequenceClassification"]
    assert list(config["id2label"]) == ["0"]
    weights = dict(reranker.named_parameters())
    assert all(weight.isfinite().all() for weight in weights.values())
    assert any(name.endswith("classifier.weight") for name in weights)
