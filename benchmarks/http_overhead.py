"""What HTTP, batching and the engine cost: the service against the same backend called in process, in one run.

python -m benchmarks.http_overhead [--model ID] [--rounds N] [--json FILE]
"""

import asyncio
import platform
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import orjson
import typer
import uvloop

from benchmarks.load import Load, closed_loop, requests_of
from benchmarks.served import metric, served
from benchmarks.texts import mixed_texts, text_of
from bentos.common import model_store, served_model
from bentos.common.backends.interface import Backend, TokenRow
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.model_store import InstalledModel
from bentos.common.settings import EngineSettings

_QUERIES = 200
_TEXTS = 640
_CLIENTS = 32


def _query_seconds(backend: Backend, tokenizer: Tokenizer, text: str) -> list[float]:
    seconds = []
    for _ in range(_QUERIES):
        started = time.perf_counter()
        [content] = tokenizer.contents([text], tokenizer.room)
        backend.infer([tokenizer.row(content.ids)])
        seconds.append(time.perf_counter() - started)
    return seconds


def _bulk_seconds(backend: Backend, tokenizer: Tokenizer, texts: list[str], budget: int) -> float:
    """Time of all texts, sorted by length, in micro-batches of the service's own budget: the best case in process."""
    started = time.perf_counter()
    rows = [tokenizer.row(content.ids) for content in tokenizer.contents(texts, tokenizer.room)]
    rows.sort(key=lambda row: len(row.ids))
    batch: list[TokenRow] = []
    for row in rows:
        if batch and backend.batch_tokens(len(batch) + 1, len(row.ids), 0) > budget:
            backend.infer(batch)
            batch = []
        batch.append(row)
    backend.infer(batch)
    return time.perf_counter() - started


def _http(url: str, texts: list[str], clients: int) -> Load:
    requests = requests_of(f"{url}/embed", ({"text": text} for text in texts))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        load = runner.run(closed_loop(url, requests, clients))
    if set(load.statuses) != {200}:
        raise RuntimeError(f"The service refused requests: {sorted(set(load.statuses))}")
    return load


def measure(model: InstalledModel, rounds: int) -> dict[str, Any]:
    """Interleave both sides for `rounds` rounds and compare the medians."""
    settings = EngineSettings()
    window = model.profile.max_tokens
    backend = served_model.load(model, settings)
    tokenizer = Tokenizer.load(model.path, window)
    query = text_of(12, tokenizer, seed=1)
    texts = mixed_texts(_TEXTS, model.path, window)
    tokens = sum(len(content.ids) for content in tokenizer.contents(texts, tokenizer.room)) + 2 * len(texts)
    found: dict[str, list[float]] = {name: [] for name in ("query", "http_query", "bulk", "http_bulk", "padding")}
    with served("embed", {"EMBED_MODEL": model.profile.model_id, "ACCESS_LOG": "false"}) as url:
        _http(url, texts, _CLIENTS)
        _query_seconds(backend, tokenizer, query)
        for _ in range(rounds):
            found["query"].append(median(_query_seconds(backend, tokenizer, query)) * 1000)
            found["http_query"].append(_http(url, [query] * _QUERIES, 1).percentile(50))
            budget = int(metric(url, "duobento_batch_budget_tokens"))
            found["bulk"].append(tokens / _bulk_seconds(backend, tokenizer, texts, budget))
            before = _padding(url)
            found["http_bulk"].append(tokens / _http(url, texts, _CLIENTS).seconds)
            after = _padding(url)
            found["padding"].append((after[0] - before[0]) / (after[1] - before[1]))
    return {
        "model": model.profile.model_id,
        "backend": f"{backend.name} {backend.precision}",
        "processor": _processor(),
        "threads": settings.threads,
        "in process, one query: p50 ms": round(median(found["query"]), 2),
        "over HTTP, one query: p50 ms": round(median(found["http_query"]), 2),
        "ratio (lower is better, goal 1.3)": round(_ratio(found["http_query"], found["query"]), 2),
        f"in process, {_TEXTS} mixed texts: tokens/s": round(median(found["bulk"])),
        f"over HTTP, {_CLIENTS} clients, the same texts: tokens/s": round(median(found["http_bulk"])),
        "ratio (higher is better, goal 0.9)": round(_ratio(found["http_bulk"], found["bulk"]), 2),
        "padding, share of computed tokens (goal 0.08)": round(median(found["padding"]), 3),
    }


def _padding(url: str) -> tuple[float, float]:
    padding = metric(url, "duobento_padding_tokens_total")
    return padding, padding + metric(url, "duobento_tokens_total")


def _ratio(ours: list[float], reference: list[float]) -> float:
    """Median of the ratios round by round, so that drift of the machine's speed cancels out."""
    return median(our / theirs for our, theirs in zip(ours, reference, strict=True))


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def main(
    model: Annotated[str, typer.Option(help="An installed encoder.")] = "sentence-transformers/all-MiniLM-L6-v2",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of both sides in turn.")] = 5,
    json: Annotated[Path | None, typer.Option(help="Also write the figures to this file.")] = None,
) -> None:
    """Print the figures as a Markdown table."""
    figures = measure(model_store.find(model), rounds)
    print("| figure | value |\n|---|---|")
    for name, value in figures.items():
        print(f"| {name} | {value} |")
    if json:
        json.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    typer.run(main)
