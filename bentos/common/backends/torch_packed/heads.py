"""What follows the transformer: from the tokens' states to one row of numbers for each text."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from bentos.common.backends.torch_packed.layout import PackedBatch

Head: TypeAlias = Callable[[Tensor, PackedBatch], Tensor]
"""From states `[T, width of the model]` to outputs, float32 `[rows, width]`."""

FIRST_POSITION_AFTER_PADDING = frozenset({"roberta", "xlm-roberta", "camembert"})
"""Families that start positions after the padding id; the others start at 0."""
FAMILIES = FIRST_POSITION_AFTER_PADDING | {"bert", "modernbert", "qwen2", "qwen3"}
"""`model_type` of what can be packed: they take positions, and look their attention function up by name."""


class CannotPack(Exception):
    """A model, PyTorch or transformers does not have what packing needs; the message is one sentence."""


def encoder_head(modules: Sequence[Any], *, normalized: bool) -> Head:
    """Pooling and what comes after it, then unit length.

    Args:
        modules: of a SentenceTransformer, behind its transformer.
        normalized: whether vectors get unit length in the end.

    Raises:
        CannotPack: it pools in another way.
    """
    pooling, *following = modules or [None]
    pool = _POOLINGS.get(getattr(pooling, "pooling_mode", None))
    if pool is None:
        raise CannotPack("Only the mean, the first and the last token can be pooled from packed rows.")
    if not pooling.include_prompt:
        raise CannotPack("Only poolings that include the prompt can be computed from packed rows.")

    def head(states: Tensor, batch: PackedBatch) -> Tensor:
        features = {"sentence_embedding": pool(states, batch).to(states.dtype)}
        for module in following:
            features = module(features)
        vectors: Tensor = features["sentence_embedding"].float()
        return torch.nn.functional.normalize(vectors, dim=-1) if normalized else vectors

    return head


def cross_encoder_head(modules: Sequence[Any], transformer: Any) -> Head:
    """The classifier on the token that its family looks at.

    Args:
        modules: of a CrossEncoder, behind its transformer.
        transformer: a `…ForSequenceClassification`, or a language model that scores by its next token.

    Raises:
        CannotPack: it scores in another way.
    """
    if [type(module).__name__ for module in modules] == ["LogitScore"]:
        return _next_token_head(modules[0], transformer)
    family = transformer.config.model_type
    if modules or not type(transformer).__name__.endswith("ForSequenceClassification"):
        raise CannotPack("Only cross-encoders that end in a classifier can be packed.")

    def head(states: Tensor, batch: PackedBatch) -> Tensor:
        if family in ("qwen2", "qwen3"):
            logits = transformer.score(states[batch.last_tokens])
        elif family == "modernbert":
            pool = _POOLINGS[transformer.config.classifier_pooling]
            logits = transformer.classifier(transformer.head(pool(states, batch).to(states.dtype)))
        else:
            # These take all tokens of a row and pick the first, which here is the only one.
            first = states[batch.first_tokens].unsqueeze(1)
            pooled = transformer.base_model.pooler(first) if family == "bert" else first
            logits = transformer.classifier(pooled)
        scores: Tensor = logits.float()
        return scores

    return head


def _next_token_head(score: Any, language_model: Any) -> Head:
    """The logit of one next token, or how much larger it is than that of another, computed in fp32."""
    words = language_model.get_output_embeddings().weight
    row = words[score.true_token_id].float()
    if score.false_token_id is not None:
        row = row - words[score.false_token_id].float()

    def head(states: Tensor, batch: PackedBatch) -> Tensor:
        scores: Tensor = states[batch.last_tokens].float() @ row[:, None]
        return scores

    return head


def _mean(states: Tensor, batch: PackedBatch) -> Tensor:
    lengths = batch.bounds.diff().long()
    return torch.segment_reduce(states.float(), "mean", lengths=lengths, axis=0, unsafe=True)


_POOLINGS: dict[object, Head] = {
    "mean": _mean,
    "cls": lambda states, batch: states[batch.first_tokens],
    "lasttoken": lambda states, batch: states[batch.last_tokens],
}
