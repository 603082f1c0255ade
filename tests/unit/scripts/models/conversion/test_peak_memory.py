"""A conversion never holds more than one and a half times the file of the weights."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.models_command import ROOT

pytestmark = pytest.mark.models

WIDTH, LAYERS, WORDS = 512, 4, 60_000
CONVERT = """
import resource, sys
import scripts.models
from pathlib import Path
from scripts.models.conversion.graph import write_graph
write_graph(Path(sys.argv[1]), "encoder", sys.argv[2], Path(sys.argv[3]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


def write_model(folder: Path, words: int, layers: int) -> int:
    """A model with random weights; returns the bytes of its file."""
    folder.mkdir()
    random = np.random.default_rng(0)
    shapes = {
        "embeddings.word_embeddings.weight": (words, WIDTH),
        "embeddings.position_embeddings.weight": (512, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        **layer_norm("embeddings.LayerNorm"),
    }
    for number in range(layers):
        name = f"encoder.layer.{number}"
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            shapes |= linear(f"{name}.{part}", WIDTH, WIDTH)
        shapes |= linear(f"{name}.intermediate.dense", 4 * WIDTH, WIDTH) | linear(
            f"{name}.output.dense", WIDTH, 4 * WIDTH
        )
        shapes |= layer_norm(f"{name}.attention.output.LayerNorm") | layer_norm(f"{name}.output.LayerNorm")
    save_file(
        {key: random.standard_normal(shape, np.float32) for key, shape in shapes.items()}, folder / "model.safetensors"
    )
    sizes = {"hidden_size": WIDTH, "num_hidden_layers": layers, "num_attention_heads": 8, "vocab_size": words}
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", **sizes}))
    return (folder / "model.safetensors").stat().st_size


def linear(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def layer_norm(name: str) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (WIDTH,), f"{name}.bias": (WIDTH,)}


def peak(folder: Path, precision: str) -> int:
    """Bytes that the process of a conversion had at most."""
    out = folder / precision
    out.mkdir()
    command = [sys.executable, "-c", CONVERT, str(folder), precision, str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    return int(done.stdout)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_memory_is_bounded_by_the_file(tmp_path: Path, precision: str) -> None:
    size = write_model(tmp_path / "model", WORDS, LAYERS)
    write_model(tmp_path / "nothing", 100, 0)
    interpreter = peak(tmp_path / "nothing", precision)
    assert peak(tmp_path / "model", precision) - interpreter <= (0.75 if precision == "int8" else 1.5) * size
