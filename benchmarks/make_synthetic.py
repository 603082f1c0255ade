"""Models of production size with random weights, for measuring speed and memory on a machine without the real ones.

    python -m benchmarks.make_synthetic [MODEL …] [--precision int8] [--group-size 64] …

Installs `synthetic/multilingual-e5-large` (24 layers, 1024 wide) and `synthetic/bge-reranker-base` (12 layers, 768
wide) with the architecture and vocabulary size of XLM-RoBERTa and the tokenizer of the installed
`intfloat/multilingual-e5-small-q4`; where they are named, `synthetic/bge-m3` (the first with a window of 8,192 tokens),
and `synthetic/modernbert-base`, `synthetic/qwen3-embedding-0.6b` and `synthetic/embeddinggemma-300m` (without its Dense
modules), with a tokenizer trained on the spot. Their answers mean nothing, so no gate chooses the group size of int8.
"""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, NamedTuple

import torch
import typer
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification, XLMRobertaModel

from bentos.common.backends.interface import ActivationGroupSize, Kind
from bentos.common.backends.openvino import DEFAULT_GROUP_SIZE
from bentos.common.models import store as model_store
from bentos.common.models.profile import ModelProfile
from scripts.models.conversion.architecture import read_architecture
from scripts.models.conversion.graph import write_graph
from scripts.models.conversion.precision import Precision
from scripts.models.miniatures.families import edit_json, write_encoder

TOKENIZER_OF = "intfloat/multilingual-e5-small-q4"
ENCODER = "synthetic/multilingual-e5-large"
CROSS_ENCODER = "synthetic/bge-reranker-base"
_LONG_ENCODER = "synthetic/bge-m3"
_WINDOW = 512
_LONG_WINDOW = 8192
_REVISION = "random-weights"


class _Size(NamedTuple):
    """A published encoder: its family, how it pools, and its configuration."""

    family: str
    pooling: str
    config: dict[str, Any]


_SIZES = {
    "synthetic/modernbert-base": _Size(
        "modernbert",
        "mean",
        {
            "hidden_size": 768,
            "num_hidden_layers": 22,
            "num_attention_heads": 12,
            "intermediate_size": 1152,
            "vocab_size": 50_368,
            "local_attention": 128,
            "global_attn_every_n_layers": 3,
        },
    ),
    "synthetic/qwen3-embedding-0.6b": _Size(
        "qwen3",
        "lasttoken",
        {
            "hidden_size": 1024,
            "num_hidden_layers": 28,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "intermediate_size": 3072,
            "vocab_size": 151_669,
        },
    ),
    "synthetic/embeddinggemma-300m": _Size(
        "gemma3_text",
        "mean",
        {
            "hidden_size": 768,
            "num_hidden_layers": 24,
            "num_attention_heads": 3,
            "num_key_value_heads": 1,
            "head_dim": 256,
            "intermediate_size": 1152,
            "vocab_size": 262_144,
            "sliding_window": 512,
        },
    ),
}


def _config(*, width: int, layers: int, heads: int, window: int = _WINDOW) -> XLMRobertaConfig:
    config = XLMRobertaConfig(
        vocab_size=250_002,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        max_position_embeddings=window + 2,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        pad_token_id=1,
    )
    config.num_labels = 1
    # transformers 5 does not write it any more; the published models have it, and vLLM does not start without.
    config.position_embedding_type = "absolute"
    return config


def _e5_large(work: Path, window: int = _WINDOW) -> Path:
    """The installed small E5, with a large transformer in place of its own."""
    folder = work / "encoder"
    unwanted = shutil.ignore_patterns("*.safetensors", "duobento.json", "model.yaml")
    shutil.copytree(model_store.find(TOKENIZER_OF).path, folder, ignore=unwanted)
    XLMRobertaModel(_config(width=1024, layers=24, heads=16, window=window)).save_pretrained(str(folder))
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text(pooling.read_text().replace("384", "1024"))
    return folder


def _bge_reranker_base(work: Path) -> Path:
    folder = work / "cross-encoder"
    folder.mkdir()
    for file in model_store.find(TOKENIZER_OF).path.glob("*token*.json"):
        shutil.copy(file, folder)
    XLMRobertaForSequenceClassification(_config(width=768, layers=12, heads=12)).save_pretrained(str(folder))
    return folder


def _of_size(size: _Size, work: Path) -> Path:
    """A tokenizer of few words, and as many embeddings as the published model has."""
    settings = size.config | {"max_position_embeddings": 2 * _WINDOW, "initializer_range": 0.02}
    folder = write_encoder(work / "encoder", size.family, pooling=size.pooling, **settings)
    edit_json(folder / "tokenizer_config.json", model_max_length=_WINDOW)
    return folder


class _Model(NamedTuple):
    """What is installed: a folder, written below a folder for work, and what its profile says."""

    write: Callable[[Path], Path]
    dimension: int | None
    prompts: bool = False
    window: int = _WINDOW


_MODELS = {
    ENCODER: _Model(_e5_large, 1024, prompts=True),
    CROSS_ENCODER: _Model(_bge_reranker_base, None),
    _LONG_ENCODER: _Model(partial(_e5_large, window=_LONG_WINDOW), 1024, window=_LONG_WINDOW),
    **{name: _Model(partial(_of_size, size), size.config["hidden_size"]) for name, size in _SIZES.items()},
}


def _install(
    model_id: str, folder: Path, model: _Model, precisions: list[Precision], group_size: ActivationGroupSize
) -> None:
    kind: Kind = "encoder" if model.dimension else "cross-encoder"
    profile = ModelProfile(
        model_id=model_id,
        revision=_REVISION,
        kind=kind,
        dimension=model.dimension,
        max_tokens=model.window,
        prompts={"query": "query: ", "passage": "passage: "} if model.prompts else {},
        quality="demo",
        provenance={"source": "random weights, for benchmarks only"},
    )
    installed = model_store.register(folder, profile, force=True)
    typer.echo(f"{model_id}: {installed.tag}")
    pooling = read_architecture(folder, kind).pooling
    for precision in precisions:
        with TemporaryDirectory() as work:
            for name in ("config.json", "tokenizer.json"):
                shutil.copy(folder / name, work)
            write_graph(folder, kind, precision, Path(work))
            variant = profile.model_copy(
                update={
                    "backend": "openvino",
                    "precision": precision,
                    "pooling": pooling,
                    "activation_group_size": group_size if precision == "int8" else None,
                }
            )
            typer.echo(f"{model_id}: {model_store.register(Path(work), variant, force=True).tag}")


def main(
    names: Annotated[list[str], typer.Argument(help="Models to make.")] = [ENCODER, CROSS_ENCODER],  # noqa: B006
    precision: Annotated[list[str], typer.Option(help="OpenVINO precisions, or `none`.")] = ["int8"],  # noqa: B006
    group_size: Annotated[ActivationGroupSize, typer.Option(help="Of activations in int8.")] = DEFAULT_GROUP_SIZE,
) -> None:
    """Make and install models."""
    if unknown := set(names) - set(_MODELS):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: there are {', '.join(_MODELS)}")
    torch.manual_seed(0)
    precisions: list[Precision] = [name for name in ("fp32", "bf16", "int8") if name in precision]
    for name in names:
        with TemporaryDirectory(prefix="duobento-synthetic-") as work:
            _install(name, _MODELS[name].write(Path(work)), _MODELS[name], precisions, group_size)


if __name__ == "__main__":
    typer.run(main)
