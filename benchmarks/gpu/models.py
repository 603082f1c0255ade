"""Models of production size, made on the spot with random weights: their speed is real, their outputs mean nothing."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import (
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
    XLMRobertaModel,
)

WINDOW = 512
_WORDS = 900
_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")


@dataclass(frozen=True)
class Shape:
    """The size of a model, all XLM-RoBERTa.

    Attributes:
        name: of the model that has this size.
        kind: what it computes.
        width: numbers per token.
        layers: of the transformer.
        heads: of attention.
        vocabulary: rows of its embedding table.
    """

    name: str
    kind: Literal["encoder", "cross-encoder"]
    width: int
    layers: int
    heads: int
    vocabulary: int = 250_002

    def operations(self, lengths: list[int]) -> float:
        """Multiplications and additions of its layers for rows of these lengths, padding not included."""
        linear = 2 * 12 * self.width**2 * sum(lengths)
        pairs = 4 * self.width * sum(length**2 for length in lengths)
        return float(self.layers * (linear + pairs))


PRODUCTION = (
    Shape("multilingual-e5-large", "encoder", width=1024, layers=24, heads=16),
    Shape("bge-reranker-base", "cross-encoder", width=768, layers=12, heads=12),
)
SMALL = (
    Shape("tiny encoder", "encoder", width=64, layers=2, heads=4, vocabulary=1000),
    Shape("tiny cross-encoder", "cross-encoder", width=64, layers=2, heads=4, vocabulary=1000),
)


def make(shape: Shape, folder: Path, device: str) -> None:
    """Write a model with random weights and a tokenizer of made-up words, as sentence-transformers reads it.

    Args:
        shape: its size.
        folder: where to; it is made.
        device: where the weights are drawn; a GPU does it in a second.
    """
    config = XLMRobertaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.width,
        max_position_embeddings=WINDOW + 2,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        pad_token_id=1,
    )
    config.num_labels = 1
    torch.manual_seed(0)
    family: Any = XLMRobertaModel if shape.kind == "encoder" else XLMRobertaForSequenceClassification
    with torch.device(device):
        model = family(config)
    model.save_pretrained(str(folder))
    _tokenizer().save_pretrained(str(folder))
    if shape.kind == "encoder":
        (folder / "1_Pooling").mkdir()
        pooling = {"word_embedding_dimension": shape.width, "pooling_mode_mean_tokens": True}
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
        modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
        entries = [
            {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{name}"}
            for index, (path, name) in enumerate(modules)
        ]
        (folder / "modules.json").write_text(json.dumps(entries))


def load(shape: Shape, folder: Path, device: str, dtype: torch.dtype) -> SentenceTransformer | CrossEncoder:
    """Read what `make` wrote."""
    family: Any = SentenceTransformer if shape.kind == "encoder" else CrossEncoder
    options = {"device": device, "local_files_only": True, "model_kwargs": {"dtype": dtype}}
    model: SentenceTransformer | CrossEncoder = family(str(folder), **options).eval()
    return model


def text_of(tokens: int, seed: int) -> str:
    """A text of so many tokens, special ones included."""
    return " ".join(f"w{word}" for word in np.random.default_rng(seed).integers(0, _WORDS, tokens - 2))


def mixed_lengths(count: int, seed: int = 0) -> list[int]:
    """Lengths that web teams send: lognormal with median 40 and sigma 0.8, from 5 to the window."""
    drawn = np.random.default_rng(seed).lognormal(np.log(40), 0.8, count)
    return [int(length) for length in drawn.round().clip(5, WINDOW)]


def _tokenizer() -> PreTrainedTokenizerFast:
    vocabulary = {word: index for index, word in enumerate([*_SPECIAL, *(f"w{word}" for word in range(_WORDS))])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        cls_token="<s>",
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        sep_token="</s>",
        unk_token="<unk>",
        model_max_length=WINDOW,
        model_input_names=["input_ids", "attention_mask"],
    )
