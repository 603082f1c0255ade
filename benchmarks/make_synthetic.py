"""Models of production size with random weights, for measuring speed and memory on a machine without the real ones.

    python -m benchmarks.make_synthetic [--precision int8] [--precision none …]

Installs `synthetic/multilingual-e5-large` (24 layers, 1024 wide) and `synthetic/bge-reranker-base` (12 layers, 768
wide) with the architecture and vocabulary size of XLM-RoBERTa and the tokenizer of the installed
`intfloat/multilingual-e5-small-q4`. Their answers mean nothing.
"""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import torch
import typer
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification, XLMRobertaModel

from bentos.common.backends.interface import Kind
from bentos.common.models import store as model_store
from bentos.common.models.profile import ModelProfile
from scripts.models.conversion.architecture import read_architecture
from scripts.models.conversion.graph import write_graph
from scripts.models.conversion.precision import Precision

TOKENIZER_OF = "intfloat/multilingual-e5-small-q4"
ENCODER = "synthetic/multilingual-e5-large"
CROSS_ENCODER = "synthetic/bge-reranker-base"
_WINDOW = 512
_REVISION = "random-weights"


def _config(*, width: int, layers: int, heads: int) -> XLMRobertaConfig:
    config = XLMRobertaConfig(
        vocab_size=250_002,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        max_position_embeddings=_WINDOW + 2,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        pad_token_id=1,
    )
    config.num_labels = 1
    # transformers 5 does not write it any more; the published models have it, and vLLM does not start without.
    config.position_embedding_type = "absolute"
    return config


def _encoder_folder(tokenizer: Path, work: Path) -> Path:
    """The installed small E5, with a large transformer in place of its own."""
    folder = work / "encoder"
    shutil.copytree(tokenizer, folder, ignore=shutil.ignore_patterns("*.safetensors", "duobento.json", "model.yaml"))
    XLMRobertaModel(_config(width=1024, layers=24, heads=16)).save_pretrained(str(folder))
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text(pooling.read_text().replace("384", "1024"))
    return folder


def _cross_encoder_folder(tokenizer: Path, work: Path) -> Path:
    folder = work / "cross-encoder"
    folder.mkdir()
    for file in tokenizer.glob("*token*.json"):
        shutil.copy(file, folder)
    XLMRobertaForSequenceClassification(_config(width=768, layers=12, heads=12)).save_pretrained(str(folder))
    return folder


def _install(model_id: str, kind: Kind, folder: Path, precisions: list[Precision]) -> None:
    profile = ModelProfile(
        model_id=model_id,
        revision=_REVISION,
        kind=kind,
        dimension=1024 if kind == "encoder" else None,
        max_tokens=_WINDOW,
        prompts={"query": "query: ", "passage": "passage: "} if kind == "encoder" else {},
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
            variant = profile.model_copy(update={"backend": "openvino", "precision": precision, "pooling": pooling})
            typer.echo(f"{model_id}: {model_store.register(Path(work), variant, force=True).tag}")


def main(
    precision: Annotated[list[str], typer.Option(help="OpenVINO precisions, or `none`.")] = ["int8"],  # noqa: B006
) -> None:
    """Make and install both models."""
    torch.manual_seed(0)
    precisions: list[Precision] = [name for name in ("fp32", "bf16", "int8") if name in precision]
    tokenizer = model_store.find(TOKENIZER_OF).path
    with TemporaryDirectory(prefix="duobento-synthetic-") as work:
        _install(ENCODER, "encoder", _encoder_folder(tokenizer, Path(work)), precisions)
        _install(CROSS_ENCODER, "cross-encoder", _cross_encoder_folder(tokenizer, Path(work)), precisions)


if __name__ == "__main__":
    typer.run(main)
