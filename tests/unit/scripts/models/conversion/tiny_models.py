"""Sentence-transformers models with random weights and a real tokenizer, small enough to convert in a second."""

from pathlib import Path
from typing import Any, Literal

import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)

from scripts.models.sources.minilm import minilm_folder

Family = Literal["bert", "roberta", "xlm-roberta", "camembert", "mpnet", "distilbert", "modernbert", "qwen3"]

_SIZES: dict[Family, dict[str, Any]] = {
    "bert": {"pad_token_id": 0, "type_vocab_size": 2},
    "roberta": {"pad_token_id": 1, "type_vocab_size": 1},
    "xlm-roberta": {"pad_token_id": 1, "type_vocab_size": 1},
    "camembert": {"pad_token_id": 1, "type_vocab_size": 1},
    "mpnet": {"pad_token_id": 1},
    "distilbert": {"pad_token_id": 0, "dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 4},
    "modernbert": {"pad_token_id": 0, "local_attention": 8, "global_attn_every_n_layers": 2},
    "qwen3": {
        "pad_token_id": 0,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "use_sliding_window": True,
        "sliding_window": 4,
        "max_window_layers": 1,
    },
}


def tiny_encoder(
    folder: Path, family: Family, pooling: Any = "mean", *modules: torch.nn.Module, **settings: Any
) -> SentenceTransformer:
    """An encoder with this pooling and these modules after it."""
    _save(folder, family, AutoModel, **settings)
    transformer = Transformer(str(folder))
    width = transformer.get_embedding_dimension()
    return SentenceTransformer(modules=[transformer, Pooling(width, pooling), *modules], device="cpu").eval()


def tiny_cross_encoder(folder: Path, family: Family, labels: int = 1, **settings: Any) -> CrossEncoder:
    """A cross-encoder with this many labels."""
    _save(folder, family, AutoModelForSequenceClassification, num_labels=labels, **settings)
    model: CrossEncoder = CrossEncoder(str(folder), device="cpu", local_files_only=True)
    return model.eval()


def saved_encoder(
    folder: Path, family: Family, pooling: Any = "mean", *modules: torch.nn.Module, **settings: Any
) -> Path:
    """The folder of such an encoder, as sentence-transformers saves it, with half a megabyte of weights."""
    model = tiny_encoder(folder / "transformer", family, pooling, *modules, **settings)
    model.save(str(folder / "saved"), create_model_card=False)
    return folder / "saved"


def _save(folder: Path, family: Family, model: Any, **settings: Any) -> None:
    torch.manual_seed(7)
    tokenizer = AutoTokenizer.from_pretrained(str(minilm_folder()[0]))
    config = AutoConfig.for_model(
        family,
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        initializer_range=0.5,  # so large that a wrong position or mask shows
        **({"max_position_embeddings": 80} | _SIZES[family] | settings),
    )
    model.from_config(config).save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
