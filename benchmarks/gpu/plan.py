"""What is measured of one model, and what it must reach."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.gpu.contestants import Model, Text, best_padded, outputs_of, rows_of
from benchmarks.gpu.measures import fidelity, latency_ms, saturated
from benchmarks.gpu.models import Shape, load, make, mixed_lengths, text_of
from bentos.common.backends.interface import Outputs, TokenRow
from bentos.common.backends.torch_packed.model import PackedModel

_QUERY_TOKENS = 16
_SAME_LENGTHS = (64, 512)
_FULL_BATCHES, _LEAST_ROWS = 8, 2
_FIDELITY_BATCH = 32


@dataclass(frozen=True)
class Scale:
    """How much is measured.

    Attributes:
        texts: of mixed lengths.
        compared: of these, with fp32.
        budgets: tokens of a micro-batch to try.
        calls: of one row alone.
        seconds: of each saturated load.
        matrix: rows and columns of the product that gives the peak.
    """

    texts: int
    compared: int
    budgets: Sequence[int]
    calls: int
    seconds: float
    matrix: int


FULL = Scale(texts=4096, compared=256, budgets=(4096, 8192, 16_384, 32_768), calls=300, seconds=2.0, matrix=8192)
LEAST = Scale(texts=24, compared=24, budgets=(512,), calls=3, seconds=0.0, matrix=128)


def measure(shape: Shape, device: str, scale: Scale, peak: float) -> Iterator[dict[str, Any]]:
    """All figures of a model: those of packed rows, then those of sentence-transformers beside them.

    Args:
        shape: its size.
        device: `cuda` or `cpu`.
        scale: how much is measured.
        peak: operations per second of the device's best bf16 product.
    """
    texts = [_text(shape, length, seed) for seed, length in enumerate(mixed_lengths(scale.texts))]
    with TemporaryDirectory(prefix="gpu-benchmark-") as work:
        folder = Path(work, "model")
        make(shape, folder, device)
        exact = outputs_of(load(shape, folder, device, torch.float32), texts[: scale.compared], _FIDELITY_BATCH)
        _forget_peak(device)
        model = load(shape, folder, device, torch.bfloat16)
        rows = rows_of(model, texts)
        figures = _packed(shape, model, rows, exact, scale, peak) | {"GPU memory, MiB": _memory(device)}
        yield figures
        padded = load(shape, folder, device, torch.bfloat16)
    ours = figures["mixed lengths, tokens/s"]["best"]
    beside = _beside(padded, texts, sum(len(row.ids) for row in rows), ours)
    outputs = outputs_of(padded, texts[: scale.compared], _FIDELITY_BATCH)
    yield beside | {"sentence-transformers": fidelity(outputs, exact)}


def goals(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the encoder must reach on a GPU: wanted, measured, met.

    Args:
        found: its figures.
    """
    measured = {
        "least cosine to fp32, at least": (found["least cosine to fp32"], 0.9999),
        "times sentence-transformers, mixed lengths, at least": (found["times sentence-transformers"]["sorted"], 3.0),
        "share of the bf16 peak, 512 tokens, at least": (found["512 tokens"]["share of the peak"], 0.45),
        "one query, p50 ms, at most": (found["one row, ms"]["16 tokens, as served"]["p50"], 4.0),
    }
    return {
        name: {"wanted": wanted, "measured": value, "met": value <= wanted if "most" in name else value >= wanted}
        for name, (value, wanted) in measured.items()
    }


def _packed(
    shape: Shape, model: Model, rows: Sequence[TokenRow], exact: Outputs, scale: Scale, peak: float
) -> dict[str, Any]:
    """Figures of packed rows alone."""
    plain, packed = PackedModel(model, graphs=False), PackedModel(model)
    loads = {
        (budget, streams): saturated(packed.infer, rows, budget, streams, scale.seconds)
        for budget in scale.budgets
        for streams in (1, 2)
    }
    budget, streams = max(loads, key=lambda choice: loads[choice])
    mixed = {f"{tokens} tokens, streams: {threads}": rate for (tokens, threads), rate in loads.items()}
    figures: dict[str, Any] = {
        **fidelity(packed.infer(rows[: len(exact)]), exact),
        "mixed lengths, tokens/s": mixed | {"best": loads[budget, streams]},
    }
    for tokens in _SAME_LENGTHS:
        count = max(_LEAST_ROWS, _FULL_BATCHES * budget // tokens)
        same = rows_of(model, [_text(shape, tokens, seed) for seed in range(count)])
        rate = saturated(packed.infer, same, budget, streams, scale.seconds)
        lengths = [len(row.ids) for row in same]
        share = rate * shape.operations(lengths) / sum(lengths) / peak
        figures[f"{tokens} tokens"] = {"tokens/s": rate, "share of the peak": share}
    alone: dict[str, dict[str, float]] = {}
    for tokens in (_QUERY_TOKENS, *_SAME_LENGTHS):
        [row] = rows_of(model, [_text(shape, tokens, seed=tokens)])
        for variant, infer in (("as served", packed.infer), ("without graphs", plain.infer)):
            p50, p99 = latency_ms(infer, row, scale.calls)
            alone[f"{tokens} tokens, {variant}"] = {"p50": p50, "p99": p99}
    return figures | {"one row, ms": alone}


def _beside(padded: Model, texts: Sequence[Text], tokens: int, ours: float) -> dict[str, Any]:
    """Sentence-transformers with the same texts in the same precision, and how many times faster packed rows are."""
    figures: dict[str, Any] = {"sentence-transformers, tokens/s": {}, "times sentence-transformers": {}}
    for name, as_they_come in (("sorted", False), ("as they come", True)):
        rate, size = best_padded(padded, texts, tokens, as_they_come=as_they_come)
        figures["sentence-transformers, tokens/s"] |= {name: rate, f"{name}, best batch size": size}
        figures["times sentence-transformers"][name] = ours / rate
    return figures


def _text(shape: Shape, tokens: int, seed: int) -> Text:
    """A text of so many tokens; for a cross-encoder, its first half is the query."""
    text = text_of(tokens, seed)
    if shape.kind == "encoder":
        return text
    words = text.split(" ")[: max(2, tokens - 4)]  # a pair has two more special tokens
    half = max(1, min(len(words) // 2, _QUERY_TOKENS))
    return " ".join(words[:half]), " ".join(words[half:])


def _forget_peak(device: str) -> None:
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _memory(device: str) -> dict[str, int]:
    """Of the model in bf16 and the largest micro-batches, two at a time."""
    if device != "cuda":
        return {}
    return {
        "most allocated": torch.cuda.max_memory_allocated() >> 20,
        "most reserved": torch.cuda.max_memory_reserved() >> 20,
    }
