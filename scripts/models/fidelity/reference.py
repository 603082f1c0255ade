"""The original of a model in fp32: what conversions are compared with."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import openvino

from bentos.common.backends.interface import Backend, Outputs, TokenRow
from bentos.common.backends.packing import Inputs, chunks, groups, pack
from bentos.common.models.store import InstalledModel
from bentos.common.resources import cpu_limit
from scripts.models.conversion.architecture import read_architecture
from scripts.models.conversion.graph import stages
from scripts.models.conversion.torch_only import has_torch

_TORCH_BATCH = 16
_PACKED_TOKENS = 256


def run_original(
    installed: InstalledModel, inputs: Sequence[str] | Sequence[tuple[str, str]], rows: Sequence[TokenRow]
) -> tuple[Outputs, str]:
    """Compute an installed original by sentence-transformers, or where that is missing by its packed graph in fp32.

    Args:
        installed: the original.
        inputs: texts of an encoder, prompts included, or pairs of a cross-encoder.
        rows: the same as tokens.

    Returns:
        float32 `[len(rows), width]`, vectors or logits, and what has computed them.
    """
    if has_torch():
        return _by_torch(installed, inputs, rows), f"sentence-transformers {version('sentence-transformers')}"
    return _by_graph(installed, rows), f"the original's graph in fp32, OpenVINO {version('openvino')}"


def infer(backend: Backend, rows: Sequence[TokenRow]) -> Outputs:
    """Outputs in the order of `rows`, which are shuffled first so that batch-mates differ in length and language."""
    outputs = np.empty((len(rows), backend.width), np.float32)
    order = np.random.default_rng(0).permutation(len(rows))
    for part in groups([len(rows[index].ids) for index in order], _PACKED_TOKENS):
        outputs[order[part]] = backend.infer([rows[index] for index in order[part]])
    return outputs


def _by_torch(installed: InstalledModel, inputs: Sequence[Any], rows: Sequence[TokenRow]) -> Outputs:
    import torch
    from sentence_transformers import CrossEncoder, SentenceTransformer
    from transformers.utils import logging

    # The command prints its own lines.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    # In fp32, whatever the file holds.
    profile = installed.profile
    if profile.pair_prompt:
        return _by_rows(installed, rows)
    options: Any = {"device": "cpu", "local_files_only": True, "model_kwargs": {"dtype": torch.float32}}
    if profile.kind == "encoder":
        encoder = SentenceTransformer(str(installed.path), **options)
        return np.asarray(
            encoder.encode(
                [*inputs],
                prompt="",
                batch_size=_TORCH_BATCH,
                normalize_embeddings=profile.normalized,
                show_progress_bar=False,
            )
        )
    scorer = CrossEncoder(str(installed.path), **options)
    logits = scorer.predict(
        [*inputs], batch_size=_TORCH_BATCH, activation_fn=torch.nn.Identity(), show_progress_bar=False
    )
    return np.asarray(logits).reshape(-1, 1)


def _by_rows(installed: InstalledModel, rows: Sequence[TokenRow]) -> Outputs:
    """The same of tokens, which are known to be those that the library makes of a prompt."""
    from bentos.common.backends.torch import TorchCrossEncoder

    backend = TorchCrossEncoder(installed.path, device="cpu", precision="fp32", threads=cpu_limit())
    try:
        return infer(backend, rows)
    finally:
        backend.close()


def _by_graph(installed: InstalledModel, rows: Sequence[TokenRow]) -> Outputs:
    """Part by part, as the whole graph in fp32 takes twice the memory of its weights."""
    profile = installed.profile
    architecture = read_architecture(installed.path, profile.kind)
    order = np.random.default_rng(1).permutation(len(rows))
    parts = [*chunks([rows[index] for index in order])]
    states: list[Inputs] = [pack(part, architecture.pooling, uses_types=architecture.uses_types) for part in parts]
    core = openvino.Core()
    properties = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": cpu_limit()}
    for stage in stages(installed.path, profile.kind):
        request = core.compile_model(stage, "CPU", properties).create_infer_request()
        names = [port.get_any_name() for port in stage.inputs]
        for state in states:
            state["hidden"] = request.infer({name: state[name] for name in names})[0].copy()
    found = np.concatenate([state["hidden"][: len(part)] for state, part in zip(states, parts, strict=True)])
    outputs = np.empty(found.shape, np.float32)
    outputs[order] = found
    return outputs
