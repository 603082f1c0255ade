"""The models as sentence-transformers itself runs them: what the services' numbers must equal.

It is imported where a model is loaded: that takes seconds, and every worker would spend them on collecting its tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentos.common.models import store as model_store

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer

Vectors = NDArray[np.float32]


def encoder(model: str, home: Path) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(model_store.find(model, home=home).path), device="cpu")


def cross_encoder(model: str, home: Path) -> CrossEncoder:
    from sentence_transformers import CrossEncoder

    loaded: CrossEncoder = CrossEncoder(str(model_store.find(model, home=home).path), device="cpu")
    return loaded


def scores(model: CrossEncoder, query: str, documents: Sequence[str]) -> Vectors:
    """Sigmoid of the logits, float32 `[documents]`."""
    import torch

    pairs = [(query, document) for document in documents]
    return np.asarray(model.predict(pairs, activation_fn=torch.nn.Sigmoid()), np.float32)


def least_cosine(some: ArrayLike, others: ArrayLike) -> float:
    """Least cosine between rows of the same index; both are `[rows, dimension]`."""
    left, right = np.asarray(some, np.float64), np.asarray(others, np.float64)
    assert left.shape == right.shape
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return float((np.sum(left * right, axis=1) / lengths).min())
