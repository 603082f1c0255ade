"""What HTTP, batching and the engine cost: the service against the same backend called in process, in one run.

python -m benchmarks.http_overhead [--model ID] [--rounds N] [--json FILE]
"""

import os
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import orjson
import typer

from benchmarks.load import Load, answered_load
from benchmarks.machine import processor
from benchmarks.markdown import table_of_figures
from benchmarks.rounds import median_ratio
from benchmarks.served import metric, served
from benchmarks.texts import mixed_texts, text_of
from bentos.common.backends.interface import Backend, TokenRow
from bentos.common.backends.padding import layout_of
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.models import resolve as served_model
from bentos.common.models import store as model_store
from bentos.common.models.store import InstalledModel
from bentos.embed.settings import EmbedSettings

_QUERIES = 200
_REFERENCE_QUERIES = 15
_CLIENTS = 32
_PATIENT = {"EMBED_MAX_INTERACTIVE_WAIT_SECONDS": "600"}
"""No request is refused on a slow machine: its time would be missing."""


def _query_seconds(backend: Backend, tokenizer: Tokenizer, text: str, prompt: str, count: int) -> list[float]:
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        [content] = tokenizer.contents([text], tokenizer.content_limit, prefix=prompt)
        backend.infer([tokenizer.row(content.ids)])
        seconds.append(time.perf_counter() - started)
    return seconds


def bulk_seconds(backend: Backend, tokenizer: Tokenizer, texts: list[str], prompt: str, budget: int) -> float:
    """Time of all texts, sorted by length, in micro-batches of the service's own budget: the best case in process."""
    started = time.perf_counter()
    rows = [tokenizer.row(content.ids) for content in tokenizer.contents(texts, tokenizer.content_limit, prefix=prompt)]
    rows.sort(key=lambda row: len(row.ids))
    layout = layout_of(backend, max_padding=0.0)
    batch: list[TokenRow] = []
    for row in rows:
        if batch and layout.tokens([len(waiting.ids) for waiting in (*batch, row)]) > budget:
            backend.infer(batch)
            batch = []
        batch.append(row)
    backend.infer(batch)
    return time.perf_counter() - started


def _sentence_transformers(model: InstalledModel, query: str, texts: list[str], tokens: int) -> tuple[float, float]:
    """The original in fp32 by `SentenceTransformer.encode`: p50 of a query in ms, and tokens/s of the texts."""
    from sentence_transformers import SentenceTransformer

    original = model_store.find(model.profile.model_id, model.profile.revision)
    encoder = SentenceTransformer(str(original.path), device="cpu")
    seconds = []
    for _ in range(_REFERENCE_QUERIES):
        started = time.perf_counter()
        encoder.encode([query], show_progress_bar=False)
        seconds.append(time.perf_counter() - started)
    started = time.perf_counter()
    encoder.encode(texts, batch_size=32, show_progress_bar=False)
    return median(seconds) * 1000, tokens / (time.perf_counter() - started)


def _sent(url: str, texts: list[str], clients: int) -> Load:
    return answered_load(url, ({"text": text} for text in texts), clients)


def measure(model: InstalledModel, rounds: int, texts_count: int) -> dict[str, Any]:
    """Interleave both sides for `rounds` rounds and compare the medians."""
    settings = EmbedSettings()
    window = model.profile.max_tokens
    backend = served_model.load(model, settings)
    tokenizer = Tokenizer.load(model.path, window)
    prompt = model.profile.prompts.get("query", "")
    query = text_of(16, tokenizer, seed=1)
    texts = mixed_texts(texts_count, model.path, window)
    tokens = _tokens(tokenizer, texts, prompt)
    queries = min(_QUERIES, texts_count)
    found: dict[str, list[float]] = {
        name: [] for name in ("query", "http_query", "bulk", "http_bulk", "padding", "event_loop")
    }
    with served("embed", {"EMBED_MODEL": model.profile.model_id, "ACCESS_LOG": "false"} | _PATIENT) as service:
        url = service.url
        _sent(url, texts, _CLIENTS)
        _query_seconds(backend, tokenizer, query, prompt, queries)
        for _ in range(rounds):
            found["query"].append(median(_query_seconds(backend, tokenizer, query, prompt, queries)) * 1000)
            found["http_query"].append(_sent(url, [query] * queries, 1).percentile(50))
            budget = int(metric(url, "duobento_batch_budget_tokens"))
            found["bulk"].append(tokens / bulk_seconds(backend, tokenizer, texts, prompt, budget))
            before, used = _padding(url), service.event_loop_seconds()
            found["http_bulk"].append(tokens / _sent(url, texts, _CLIENTS).seconds)
            found["event_loop"].append((service.event_loop_seconds() - used) / texts_count)
            after = _padding(url)
            found["padding"].append((after[0] - before[0]) / (after[1] - before[1]))
    sample = texts[: texts_count // 4]
    reference_query, reference_bulk = _sentence_transformers(
        model, prompt + query, [prompt + text for text in sample], _tokens(tokenizer, sample, prompt)
    )
    return {
        "model": model.profile.model_id,
        "backend": f"{backend.name} {backend.precision}",
        "processor": processor(),
        "threads": settings.threads,
        "in process, one query of 16 tokens and the prompt: p50 ms": round(median(found["query"]), 2),
        "over HTTP, the same query: p50 ms": round(median(found["http_query"]), 2),
        "ratio (lower is better)": round(median_ratio(found["http_query"], found["query"]), 2),
        f"in process, {texts_count} mixed texts, sorted: tokens/s": round(median(found["bulk"])),
        f"over HTTP, {_CLIENTS} clients, the same texts: tokens/s": round(median(found["http_bulk"])),
        "ratio (higher is better)": round(median_ratio(found["http_bulk"], found["bulk"]), 2),
        "event loop: processor time of such a request, ms": round(median(found["event_loop"]) * 1000, 2),
        "padding, share of computed tokens": round(median(found["padding"]), 3),
        "sentence-transformers fp32 in process, the same query: p50 ms": round(reference_query, 2),
        "sentence-transformers fp32 in process, a quarter of the texts: tokens/s": round(reference_bulk),
        "query: times faster over HTTP than sentence-transformers in process": round(
            reference_query / median(found["http_query"]), 1
        ),
        "texts: times faster over HTTP than sentence-transformers in process": round(
            median(found["http_bulk"]) / reference_bulk, 1
        ),
    }


def _tokens(tokenizer: Tokenizer, texts: list[str], prompt: str) -> int:
    contents = tokenizer.contents(texts, tokenizer.content_limit, prefix=prompt)
    return sum(len(tokenizer.row(content.ids).ids) for content in contents)


def _padding(url: str) -> tuple[float, float]:
    padding = metric(url, "duobento_padding_tokens_total")
    return padding, padding + metric(url, "duobento_tokens_total")


def main(
    model: Annotated[str, typer.Option(help="An installed encoder.")] = "sentence-transformers/all-MiniLM-L6-v2",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of both sides in turn.")] = 5,
    texts: Annotated[int, typer.Option(min=32, help="Texts of the mixed load.")] = 640,
    backend: Annotated[str, typer.Option(help="auto, torch or openvino.")] = "auto",
    json: Annotated[Path | None, typer.Option(help="Also write the figures to this file.")] = None,
) -> None:
    """Print the figures as a Markdown table."""
    os.environ["EMBED_BACKEND"] = backend
    settings = EmbedSettings()
    figures = measure(served_model.resolve(model, None, settings, default=model, kind="encoder"), rounds, texts)
    print(table_of_figures(figures))
    if json:
        json.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    typer.run(main)
