"""The two sides: packed rows of this project, and sentence-transformers as its users call it."""

import time
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer

from bentos.common.backends.interface import Outputs, TokenRow

Text: TypeAlias = str | tuple[str, str]
"""What a model takes: a text, or a query and a document."""

Model: TypeAlias = SentenceTransformer | CrossEncoder
BATCH_SIZES = (32, 128, 512)


def rows_of(model: Model, texts: Sequence[Text]) -> list[TokenRow]:
    """The same tokens that sentence-transformers computes for these texts."""
    tokenizer: Any = model.tokenizer
    pairs = [(text,) if isinstance(text, str) else text for text in texts]
    encoded = tokenizer(*(list(part) for part in zip(*pairs, strict=True)), truncation=True)["input_ids"]
    return [TokenRow(np.array(ids, np.int32), np.zeros(len(ids), np.int32)) for ids in encoded]


def outputs_of(model: Model, texts: Sequence[Text], batch_size: int) -> Outputs:
    """Vectors `[texts, width]` or logits `[texts, 1]` by sentence-transformers, padded and sorted by its own rules."""
    if isinstance(model, CrossEncoder):
        predict: Any = model.predict
        scores = predict(list(texts), batch_size=batch_size, show_progress_bar=False, activation_fn=torch.nn.Identity())
        return np.asarray(scores, np.float32).reshape(-1, 1)
    encode: Any = model.encode
    vectors = encode(list(texts), batch_size=batch_size, show_progress_bar=False)
    return np.asarray(vectors, np.float32)


def best_padded(model: Model, texts: Sequence[Text], tokens: int, *, as_they_come: bool) -> tuple[float, int]:
    """Tokens per second of sentence-transformers with its best batch size, from texts to numbers, and that size.

    Args:
        model: in the precision to measure.
        texts: in the order in which they come.
        tokens: of all of them.
        as_they_come: whether batches are formed in that order, as by a server, and not from all texts sorted by length.
    """
    found = []
    for size in BATCH_SIZES:
        parts = [texts[start : start + size] for start in range(0, len(texts), size)] if as_they_come else [texts]
        outputs_of(model, parts[0][:size], size)
        started = time.perf_counter()
        for part in parts:
            outputs_of(model, part, size)
        found.append((tokens / (time.perf_counter() - started), size))
    return max(found)
