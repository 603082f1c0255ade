"""Rerankers that are language models, with random weights and a tokenizer that cuts texts as Qwen's does."""

from functools import cache
from pathlib import Path
from typing import Any, Literal

import tokenizers
import torch
from sentence_transformers import CrossEncoder
from sentence_transformers.base.modules import Transformer
from sentence_transformers.cross_encoder.modules import LogitScore
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PreTrainedTokenizerFast,
)

from scripts.models.fidelity.texts import read_entries
from scripts.models.miniatures.families import remove

Layout = Literal["library", "bare", "classifier"]
"""As CrossEncoder saves it; as transformers saves a language model; or with a head of one label in its place."""

# https://huggingface.co/Qwen/Qwen3-Reranker-0.6B, tokenizer.json.
_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
# Among them are tokens that join the end of a sentence with a line break, as those of Qwen do.
_LINES = ["yes\nno\n", "query: ?\n", "document: .\n", "<Query>: a?\n", "<Document>: a.\n", "Instruct: 1 0!\n"]
_VOCABULARY = 1400
_SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "intermediate_size": 64,
    "initializer_range": 0.3,  # so large that a wrong token or mask shows
}


def write_reranker(
    folder: Path,
    family: str = "qwen3",
    *,
    template: str | None,
    answers: tuple[str, str | None] = ("yes", "no"),
    layout: Layout = "library",
    window: int = 512,
    **settings: Any,
) -> Path:
    """Write a folder of a reranker.

    Args:
        folder: is made.
        family: `qwen2`, `qwen3` or `gemma3_text`.
        template: of its chats; none has no template.
        answers: tokens that it scores by.
        layout: of the folder.
        window: in tokens.
        settings: of the configuration.
    """
    torch.manual_seed(7)
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizers.Tokenizer.from_str(_trained()),
        model_max_length=window,
        pad_token=_SPECIAL[0],
        eos_token=_SPECIAL[2],
    )
    tokenizer.chat_template = template
    head = {"num_labels": 1} if layout == "classifier" else {}
    ids = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id, "max_position_embeddings": window}
    config = AutoConfig.for_model(family, **(_SIZES | ids | head | settings))
    kind: Any = AutoModelForSequenceClassification if layout == "classifier" else AutoModelForCausalLM
    inner = folder / "transformer" if layout == "library" else folder
    kind.from_config(config).save_pretrained(str(inner))
    tokenizer.save_pretrained(str(inner))
    if layout == "library":
        score = LogitScore(*(answer and tokenizer.convert_tokens_to_ids(answer) for answer in answers))  # type: ignore[arg-type]
        transformer = Transformer(str(inner), transformer_task="text-generation")
        model = CrossEncoder(modules=[transformer, score], device="cpu")
        model.save_pretrained(str(folder), create_model_card=False)
        remove(inner)
    return folder


@cache
def _trained() -> str:
    """JSON of a byte-level tokenizer trained on the fidelity texts."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(_PATTERN), "isolated"), bytes_only])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=_SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = [text for entry in read_entries() for text in (entry.query, entry.passage)]
    tokenizer.train_from_iterator([*texts, *(_LINES * 200)], trainer)
    return tokenizer.to_str()
