"""Static models with random weights, in the layouts of sentence-transformers and of model2vec."""

import json
from pathlib import Path

import tokenizers
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding

from scripts.models.miniatures.families import Tokens, trained_tokenizer

_WIDTH = 32


def write_static(folder: Path, *modules: torch.nn.Module, tokens: Tokens = "bert", window: int | None = None) -> Path:
    """Write a folder as `SentenceTransformer.save_pretrained` does.

    Args:
        folder: is made.
        modules: behind the table.
        tokens: special tokens that its tokenizer adds where they are wanted.
        window: that its tokenizer cuts at; none is endless.
    """
    tokenizer = _tokenizer(tokens, window)
    table = StaticEmbedding(tokenizer, embedding_weights=_random(tokenizer.get_vocab_size(), _WIDTH))
    SentenceTransformer(modules=[table, *modules], device="cpu").save_pretrained(str(folder), create_model_card=False)
    return folder


def write_model2vec(folder: Path, *, weighted: bool = True, tokens: Tokens = "bert") -> Path:
    """Write a folder as model2vec's `StaticModel.save_pretrained` does.

    Args:
        folder: is made.
        weighted: whether tokens share rows of a table and have weights, as in models with a quantized vocabulary.
        tokens: see `write_static`.
    """
    folder.mkdir()
    tokenizer = _tokenizer(tokens)
    size = tokenizer.get_vocab_size()
    weights = {"embeddings": _random(size // 3 if weighted else size, _WIDTH)}
    if weighted:
        weights["mapping"] = torch.arange(size) % (size // 3)
        weights["weights"] = torch.rand(size, dtype=torch.float64) + 0.1
    save_file(weights, folder / "model.safetensors")
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"model_type": "model2vec", "architectures": ["StaticModel"], "hidden_dim": _WIDTH, "normalize": True}
    (folder / "config.json").write_text(json.dumps(config))
    modules = [(".", "StaticEmbedding"), ("1_Normalize", "Normalize")]
    entries = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{name}"}
        for number, (path, name) in enumerate(modules)
    ]
    (folder / "modules.json").write_text(json.dumps(entries))
    return folder


def _tokenizer(tokens: Tokens, window: int | None = None) -> tokenizers.Tokenizer:
    tokenizer = tokenizers.Tokenizer.from_str(trained_tokenizer(tokens))
    if window:
        tokenizer.enable_truncation(window)
    return tokenizer


def _random(rows: int, columns: int) -> torch.Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(7))
