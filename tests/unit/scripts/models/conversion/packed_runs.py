"""Runs a packed graph, and the model that it stands for."""

from pathlib import Path
from typing import Any

import numpy as np
import openvino
import torch
from numpy.typing import NDArray
from sentence_transformers import CrossEncoder, SentenceTransformer

from bentos.common.backends.interface import Kind, Outputs, TokenRow
from bentos.common.backends.packing import pack
from scripts.models.conversion.architecture import read_architecture
from scripts.models.conversion.graph import packed_graph

LENGTHS = [1, 9, 70, 2, 33]


def random_rows(*, types: bool, least: int = 1000) -> list[TokenRow]:
    random = np.random.default_rng(1)
    return [
        TokenRow(
            random.integers(least, 30000, length).astype(np.int32),
            (np.arange(length) > length // 2).astype(np.int32) * types,
        )
        for length in LENGTHS
    ]


def run_packed(folder: Path, kind: Kind, rows: list[TokenRow]) -> Outputs:
    architecture = read_architecture(folder, kind)
    compiled = openvino.Core().compile_model(packed_graph(folder, kind), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    inputs = pack(rows, architecture.pooling, uses_types=architecture.uses_types)
    outputs: Outputs = compiled(inputs)["outputs"]
    return outputs[: len(rows)]


def run_alone(model: SentenceTransformer | CrossEncoder, rows: list[TokenRow], *, types: bool) -> Outputs:
    output = "scores" if isinstance(model, CrossEncoder) else "sentence_embedding"
    found = []
    for row in rows:
        features = {"input_ids": row.ids, "attention_mask": np.ones_like(row.ids)}
        if types:
            features["token_type_ids"] = row.type_ids
        tensors = {name: torch.from_numpy(array[None].astype(np.int64)) for name, array in features.items()}
        with torch.no_grad():
            found.append(model(tensors)[output].reshape(1, -1))
    outputs: Outputs = torch.cat(found).numpy()
    return outputs


def cosines(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    found: NDArray[Any] = (one * other).sum(axis=1) / lengths
    return found
