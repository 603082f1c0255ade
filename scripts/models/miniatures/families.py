"""Models of real architectures with random weights and tokenizers made on the spot: small enough to load in a moment.

They stand for their families where the real models are not at hand, in tests and for the table of docs/models.md.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import tokenizers
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PreTrainedTokenizerFast,
)

from scripts.models.fidelity.texts import read_entries

Tokens = Literal["bert", "roberta", "end"]
"""Special tokens around a text: `[CLS] … [SEP]`, `<s> … </s>`, or one at the end."""

_VOCABULARY = 1200
_COMMON: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 130,
    "initializer_range": 0.3,  # so large that a wrong position or mask shows
}
_CAUSAL: dict[str, Any] = {"num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 256}


class Family(NamedTuple):
    """An architecture: its tokenizer's special tokens, and what its configuration needs besides the common sizes."""

    tokens: Tokens
    config: dict[str, Any]


FAMILIES: dict[str, Family] = {
    "bert": Family("bert", {"type_vocab_size": 2}),
    "roberta": Family("roberta", {"type_vocab_size": 1}),
    "xlm-roberta": Family("roberta", {"type_vocab_size": 1}),
    "camembert": Family("roberta", {"type_vocab_size": 1}),
    "mpnet": Family("roberta", {}),
    "distilbert": Family("bert", {"dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 4}),
    "electra": Family("bert", {"embedding_size": 32}),
    "deberta-v2": Family("bert", {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]}),
    "modernbert": Family("bert", {"local_attention": 8, "global_attn_every_n_layers": 2}),
    "nomic_bert": Family("bert", {}),
    "eurobert": Family("bert", {"num_key_value_heads": 4, "head_dim": 8}),
    "gemma3_text": Family("end", {**_CAUSAL, "use_bidirectional_attention": True, "sliding_window": 16}),
    "qwen2": Family("end", _CAUSAL),
    "qwen3": Family("end", _CAUSAL),
}

Head = Literal["encoder", "cross-encoder", "causal"]
_CLASSES: dict[Head, Any] = {
    "encoder": AutoModel,
    "cross-encoder": AutoModelForSequenceClassification,
    "causal": AutoModelForCausalLM,
}


def write_transformer(folder: Path, family: str, head: Head = "encoder", **settings: Any) -> Path:
    """Write a transformers folder, and nothing of sentence-transformers.

    Args:
        folder: is made.
        family: of `FAMILIES`.
        head: what its outputs are; a cross-encoder has one label.
        settings: of the configuration, over those of the family.
    """
    torch.manual_seed(7)
    tokens, config = FAMILIES[family]
    tokenizer = transformers_tokenizer(tokens)
    if head == "cross-encoder":
        settings = {"num_labels": 1} | settings
    ids = {"pad_token_id": tokenizer.pad_token_id}
    sizes = _COMMON | {"vocab_size": len(tokenizer)} | ids | config | settings
    if family == "distilbert":
        sizes = {
            name: value for name, value in sizes.items() if name not in _COMMON or name.startswith(("max", "init"))
        }
    _CLASSES[head].from_config(AutoConfig.for_model(family, **sizes)).save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return folder


def write_encoder(
    folder: Path,
    family: str = "bert",
    *modules: torch.nn.Module,
    pooling: Any = "mean",
    include_prompt: bool = True,
    prompts: dict[str, str] | None = None,
    more: dict[str, Any] | None = None,
    **settings: Any,
) -> Path:
    """Write a folder as `SentenceTransformer.save_pretrained` does.

    Args:
        folder: is made.
        family: of `FAMILIES`.
        modules: behind the pooling.
        pooling: mode of the Pooling module.
        include_prompt: of the Pooling module.
        prompts: by name.
        more: entries of config_sentence_transformers.json.
        settings: of the configuration, over those of the family.
    """
    transformer = Transformer(str(write_transformer(folder / "transformer", family, **settings)))
    pooled = Pooling(transformer.get_embedding_dimension(), pooling, include_prompt=include_prompt)
    model = SentenceTransformer(modules=[transformer, pooled, *modules], device="cpu", prompts=prompts)
    model.save_pretrained(str(folder), create_model_card=False)
    remove(folder / "transformer")
    if more:
        edit_json(folder / "config_sentence_transformers.json", **more)
    return folder


def write_cross_encoder(folder: Path, family: str = "bert", **settings: Any) -> Path:
    """Write a folder as `CrossEncoder.save_pretrained` does; its parameters are those of `write_encoder`."""
    model = CrossEncoder(
        str(write_transformer(folder / "transformer", family, "cross-encoder", **settings)), device="cpu"
    )
    model.save_pretrained(str(folder), create_model_card=False)
    remove(folder / "transformer")
    return folder


def edit_json(file: Path, **entries: Any) -> None:
    """Set entries of a JSON object; those that are None are removed."""
    content = json.loads(file.read_text()) | entries
    file.write_text(json.dumps({name: value for name, value in content.items() if value is not None}))


def remove(folder: Path) -> None:
    """Remove a folder of files."""
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


@cache
def trained_tokenizer(tokens: Tokens) -> str:
    """JSON of a tokenizer trained on the fidelity texts, in six languages."""
    texts = [text for entry in read_entries() for text in (entry.query, entry.passage)]
    if tokens == "bert":
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece()
        trainer: Any = trainers.WordPieceTrainer(vocab_size=_VOCABULARY, special_tokens=special, show_progress=False)
    else:
        special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
        tokenizer = tokenizers.Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=_VOCABULARY, special_tokens=special, initial_alphabet=alphabet, show_progress=False
        )
    tokenizer.train_from_iterator(texts, trainer)
    if tokens == "bert":
        tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    elif tokens == "roberta":
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=False)
    else:
        tokenizer.post_processor = processors.TemplateProcessing("$A </s>", "$A $B </s>", [("</s>", 2)])
    return tokenizer.to_str()


def transformers_tokenizer(tokens: Tokens) -> PreTrainedTokenizerFast:
    """The same as transformers has it."""
    tokenizer = tokenizers.Tokenizer.from_str(trained_tokenizer(tokens))
    if tokens == "bert":
        names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    else:
        names = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    uses_types = ["token_type_ids"] if tokens == "bert" else []
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=128,
        model_input_names=["input_ids", *uses_types, "attention_mask"],
        **names,
    )
