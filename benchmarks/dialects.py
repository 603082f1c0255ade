"""What each dialect costs over the native route, in one run; and one call of 6,144 texts as Cohere's client sends it.

python -m benchmarks.dialects [--rounds N] [--json FILE]
"""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import orjson
import typer
import uvloop

from benchmarks.http_overhead import bulk_seconds
from benchmarks.load import Load, closed_loop, requests_of
from benchmarks.served import Served, metric, served
from benchmarks.texts import mixed_texts
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.models import resolve as served_model
from bentos.embed.settings import EmbedSettings
from bentos.rerank.settings import RerankSettings

_TEXTS = 96
_REQUESTS = 16
_CLIENTS = 4
_SINGLES = 100
_BIG_CALL = 6144
_BIG_CALL_CLIENTS = 64
_POLL_SECONDS = 0.05

Body = Callable[[Sequence[str], str], dict[str, Any]]
EMBED: dict[str, tuple[str, Body]] = {
    "native": ("/embed", lambda texts, _: {"texts": list(texts)}),
    "Cohere v1": ("/v1/embed", lambda texts, model: {"texts": list(texts), "model": model}),
    "Cohere v2": (
        "/v2/embed",
        lambda texts, model: {"texts": list(texts), "model": model, "input_type": "search_query"},
    ),
    "OpenAI": ("/v1/embeddings", lambda texts, model: {"input": list(texts), "model": model, "truncate": "end"}),
    "TEI": ("/embed", lambda texts, _: {"inputs": list(texts), "truncate": True}),
}
RERANK: dict[str, tuple[str, Body]] = {
    "native": ("/rerank", lambda texts, _: {"query": texts[0], "documents": list(texts)}),
    "Cohere v1, Jina": ("/v1/rerank", lambda texts, model: {"query": texts[0], "documents": texts, "model": model}),
    "Cohere v2": ("/v2/rerank", lambda texts, model: {"query": texts[0], "documents": texts, "model": model}),
    "TEI": ("/rerank", lambda texts, _: {"query": texts[0], "texts": list(texts), "truncate": True}),
}


def _load(url: str, path: str, bodies: Iterator[dict[str, Any]], clients: int) -> Load:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        load = runner.run(closed_loop(url, requests_of(f"{url}{path}", bodies), clients))
    if set(load.statuses) != {200}:
        raise RuntimeError(f"{path} refused requests: {sorted(set(load.statuses))}")
    return load


def compare(
    url: str, dialects: dict[str, tuple[str, Body]], model: str, texts: Sequence[str], rounds: int
) -> list[dict[str, Any]]:
    """Each dialect against the native one on the same texts: medians of the ratios round by round."""
    groups = [texts[start : start + _TEXTS] for start in range(0, len(texts), _TEXTS)]
    speed: dict[str, list[float]] = {name: [] for name in dialects}
    latency: dict[str, list[float]] = {name: [] for name in dialects}
    for number in range(rounds + 1):
        for name, (path, body) in dialects.items():
            many = _load(url, path, (body(group, model) for group in groups), _CLIENTS)
            single = _load(url, path, (body([text], model) for text in texts[:_SINGLES]), 1)
            if number:  # the first round warms up
                speed[name].append(1 / many.seconds)
                latency[name].append(single.percentile(50))
    return [
        {
            "dialect": name,
            "throughput, times native": round(_ratio(speed[name], speed["native"]), 2),
            "p50 of one text, ms": round(median(latency[name]), 2),
            "p50, times native": round(_ratio(latency[name], latency["native"]), 2),
        }
        for name in dialects
    ]


def big_call(service: Served, model: str, texts: Sequence[str], engine_seconds: Callable[[], float]) -> dict[str, Any]:
    """6,144 texts as 64 requests of 96 at once, against the same texts given to the backend in process."""
    path, body = EMBED["Cohere v1"]
    bodies = [body(texts[start : start + _TEXTS], model) for start in range(0, len(texts), _TEXTS)]
    before = service.resident_bytes()
    with _peak_memory(service) as peak:
        load = _load(service.url, path, iter(bodies), _BIG_CALL_CLIENTS)
    reference = engine_seconds()
    return {
        "texts": len(texts),
        "over HTTP, seconds": round(load.seconds, 2),
        "backend in process, seconds": round(reference, 2),
        "ratio": round(load.seconds / reference, 2),
        "RSS before, MB": round(before / 1e6),
        "RSS grew at its peak by, MB": round((max(peak) - before) / 1e6),
    }


@contextmanager
def _peak_memory(service: Served) -> Iterator[list[int]]:
    """A list that gets the service's resident bytes again and again, and once more at the end."""
    seen: list[int] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(_POLL_SECONDS):
            seen.append(service.resident_bytes())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
        seen.append(service.resident_bytes())


def _ratio(ours: Sequence[float], reference: Sequence[float]) -> float:
    return median(our / theirs for our, theirs in zip(ours, reference, strict=True))


def _print(rows: Sequence[dict[str, Any]]) -> None:
    print("| " + " | ".join(rows[0]) + " |\n" + "|---" * len(rows[0]) + "|")
    for row in rows:
        print("| " + " | ".join(str(value) for value in row.values()) + " |")
    print()


def main(
    embed_model: Annotated[str, typer.Option(help="An installed encoder.")] = "sentence-transformers/all-MiniLM-L6-v2",
    rerank_model: Annotated[str, typer.Option(help="An installed cross-encoder.")] = "duobento/small-reranker-demo",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of all dialects in turn.")] = 5,
    json: Annotated[Path | None, typer.Option(help="Also write the figures to this file.")] = None,
) -> None:
    """Print the figures as Markdown tables."""
    os.environ |= {"EMBED_MODEL": embed_model, "RERANK_MODEL": rerank_model, "ACCESS_LOG": "false"}
    settings = EmbedSettings()
    model = served_model.resolve(embed_model, None, settings, default=embed_model, kind="encoder")
    # All different: a service computes equal texts of a request once.
    many = mixed_texts(_BIG_CALL, model.path, model.profile.max_tokens)
    texts = many[: _TEXTS * _REQUESTS]
    with served("embed", {}) as service:
        embed = compare(service.url, EMBED, embed_model, texts, rounds)
        tokenizer = Tokenizer.load(model.path, model.profile.max_tokens)
        budget = int(metric(service.url, "duobento_batch_budget_tokens"))
        prompt = model.profile.prompts.get("query", "")
        backend = served_model.load(model, settings)
        big = big_call(service, embed_model, many, lambda: bulk_seconds(backend, tokenizer, many, prompt, budget))
    scorer = served_model.resolve(rerank_model, None, RerankSettings(), default=rerank_model, kind="cross-encoder")
    with served("rerank", {}) as service:
        documents = mixed_texts(_TEXTS * 4, scorer.path, scorer.profile.max_tokens)
        rerank = compare(service.url, RERANK, rerank_model, documents, rounds)
    for rows in (embed, rerank, [big]):
        _print(rows)
    if json:
        json.write_bytes(orjson.dumps({"embed": embed, "rerank": rerank, "big call": big}, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    typer.run(main)
