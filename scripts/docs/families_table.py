"""The table of families in docs/models.md, from figures that `python -m benchmarks.families` has measured."""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

FILE = Path(__file__).parents[2] / "docs" / "benchmarks" / "families.json"

LANGUAGE_MODELS = ("qwen2", "qwen3", "gemma3_text")
"""Families of which language models that score pairs are converted."""
HEAD = """\
| family | such as | cosine of vectors | difference of logits | the same, language models | on a GPU | window |
|---|---|---|---|---|---|---|
"""
_POSITIONS = "number of positions"
_ANY = "as in its files"
REMARKS: dict[str, tuple[str, str]] = {
    "bert": ("all-MiniLM, e5-v2, bge-en-v1.5, mxbai-embed, arctic-embed", _POSITIONS),
    "roberta": ("all-distilroberta", _POSITIONS),
    "xlm-roberta": ("multilingual-e5, bge-m3, bge-reranker, arctic-embed-v2", _POSITIONS),
    "camembert": ("sentence-camembert", _POSITIONS),
    "electra": ("ms-marco-electra", _POSITIONS),
    "distilbert": ("multi-qa-distilbert, msmarco-distilbert", _POSITIONS),
    "mpnet": ("all-mpnet, multi-qa-mpnet", _POSITIONS),
    "deberta-v2": ("mxbai-rerank-v1", _POSITIONS),
    "modernbert": ("gte-modernbert, modernbert-embed, gte-reranker-modernbert", _ANY),
    "nomic_bert": ("nomic-embed-text-v1, v1.5", _ANY),
    "eurobert": ("EuroBERT", _ANY),
    "qwen2": ("KaLM-embedding, mxbai-rerank-v2", _ANY),
    "qwen3": ("Qwen3-Embedding, Qwen3-Reranker, zerank-2", _ANY),
    "gemma3_text": ("embeddinggemma", _ANY),
    "static": ("potion, static-retrieval-mrl", "8192, or its tokenizer's limit"),
}
"""Models of each family, and what limits its window."""


class Figures(BaseModel):
    """Of one family, each by precision.

    Attributes:
        encoder: smallest cosine of vectors to the original's.
        cross_encoder: largest difference of logits to the original's.
        language_model: the same of language models that score pairs.
        gpu: whether PyTorch packs rows or pads them.
    """

    encoder: dict[str, float]
    cross_encoder: dict[str, float] | None = None
    language_model: dict[str, float] | None = None
    gpu: Literal["packed", "padded"]


def rows() -> list[str]:
    """One line of the table for each family."""
    families = json.loads(FILE.read_text())["families"]
    return [_row(family, Figures.model_validate(figures)) for family, figures in families.items()]


def _row(family: str, figures: Figures) -> str:
    models, window = REMARKS[family]
    cosines = ", ".join(f"{value:.5f}" for value in figures.encoder.values())
    pairs, language_model = (_differences(found) for found in (figures.cross_encoder, figures.language_model))
    return f"| `{family}` | {models} | {cosines} | {pairs} | {language_model} | {figures.gpu} | {window} |"


def _differences(found: dict[str, float] | None) -> str:
    return ", ".join(f"{value:.1g}" for value in found.values()) if found else ""
