"""How fast a GPU multiplies, how fast a backend answers, and how near two sets of outputs are."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import numpy as np
import torch

from bentos.common.backends.interface import Infer, Outputs, TokenRow
from bentos.common.backends.packing import groups


def synchronize(device: str) -> None:
    """Wait until the device has done all that it was told."""
    if device == "cuda":
        torch.cuda.synchronize()


def matrix_peak(device: str, size: int, seconds: float) -> float:
    """Operations per second of a bf16 product of square matrices with random numbers."""
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    found: list[float] = []
    end = time.perf_counter() + seconds
    while len(found) < 3 or time.perf_counter() < end:
        synchronize(device)
        started = time.perf_counter()
        for _ in range(10):
            left @ right
        synchronize(device)
        found.append(20 * size**3 / (time.perf_counter() - started))
    return median(found)


def saturated(infer: Infer, rows: Sequence[TokenRow], budget: int, streams: int, seconds: float) -> float:
    """Tokens per second of all rows, again and again, from token ids to numbers in the host's memory.

    Args:
        infer: of the backend.
        rows: in the order in which they come.
        budget: most tokens of a micro-batch.
        streams: threads that call it.
        seconds: for which to go on, at least one round.
    """
    lengths = [len(row.ids) for row in rows]
    batches, tokens, done = [rows[part] for part in groups(lengths, budget)], sum(lengths), 0
    with ThreadPoolExecutor(streams) as executor:
        list(executor.map(infer, batches[: 2 * streams]))
        started = time.perf_counter()
        while not done or time.perf_counter() - started < seconds:
            list(executor.map(infer, batches))
            done += tokens
        return done / (time.perf_counter() - started)


def latency_ms(infer: Infer, row: TokenRow, count: int) -> tuple[float, float]:
    """p50 and p99 of one row alone, in milliseconds, with the copies to the device and back."""
    for _ in range(5):
        infer([row])
    found = []
    for _ in range(count):
        started = time.perf_counter()
        infer([row])
        found.append((time.perf_counter() - started) * 1000)
    return float(np.percentile(found, 50)), float(np.percentile(found, 99))


def fidelity(outputs: Outputs, reference: Outputs) -> dict[str, float]:
    """How near outputs are to those of fp32: the worst vector's cosine; of scores, their error against their size."""
    ours, exact = outputs.astype(np.float64), reference.astype(np.float64)
    if exact.shape[1] == 1:
        return {"relative error to fp32": float(np.linalg.norm(ours - exact) / np.linalg.norm(exact))}
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(exact, axis=1)
    return {"least cosine to fp32": float(((ours * exact).sum(axis=1) / norms).min())}
