"""What each dialect costs over the native route, in one run; and one call of 6,144 texts as Cohere's client sends it.

python -m benchmarks.dialects [--rounds N] [--json FILE]
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import orjson
import typer

from benchmarks.http_overhead import bulk_seconds
from benchmarks.load import answered_load
from benchmarks.markdown import table_of_dicts
from benchmarks.rounds import median_ratio
from benchmarks.served import Served, metric, served
from benchmarks.texts import mixed_texts
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.models import resolve as served_model
from bentos.embed.settings import EmbedSettings
from bentos.rerank.settings import RerankSettings
from scripts.bench.dialects import DIALECTS, Dialect

_TEXTS = 96
_REQUESTS = 16
_CLIENTS = 4
_SINGLES = 100
_BIG_CALL = 6144
_BIG_CALL_CLIENTS = 64
_POLL_SECONDS = 0.05
_PROMPT_TOKENS = 8
"""Left for the model's prompt, as OpenAI's dialect truncates nothing."""

Body = Callable[[Sequence[str], str], dict[str, Any]]
"""JSON for texts and a model; of a reranking the first text is the query too."""


def _embedding(dialect: Dialect) -> tuple[str, Body]:
    path, body = dialect.embed
    return path, lambda texts, model: body(model, texts)


def _reranking(dialect: Dialect) -> tuple[str, Body]:
    assert dialect.rerank is not None
    path, body = dialect.rerank
    return path, lambda texts, model: body(model, texts[0], texts)


EMBED = {name: _embedding(DIALECTS[name]) for name in ("native", "cohere-v1", "cohere", "openai", "tei")}
RERANK = {name: _reranking(DIALECTS[name]) for name in ("native", "cohere-v1", "cohere", "tei")}
"""`cohere-v1` and `jina` differ in the answer only."""


def compare(
    url: str, dialects: dict[str, tuple[str, Body]], model: str, texts: Sequence[str], rounds: int
) -> list[dict[str, Any]]:
    """Each dialect against the native one on the same texts: medians of the ratios round by round."""
    groups = [texts[start : start + _TEXTS] for start in range(0, len(texts), _TEXTS)]
    speed: dict[str, list[float]] = {name: [] for name in dialects}
    latency: dict[str, list[float]] = {name: [] for name in dialects}
    for number in range(rounds + 1):
        for name, (path, body) in dialects.items():
            many = answered_load(url, (body(group, model) for group in groups), _CLIENTS, path=path)
            single = answered_load(url, (body([text], model) for text in texts[:_SINGLES]), path=path)
            if number:  # the first round warms up
                speed[name].append(1 / many.seconds)
                latency[name].append(single.percentile(50))
    return [
        {
            "dialect": name,
            "throughput, times native": round(median_ratio(speed[name], speed["native"]), 2),
            "p50 of one text, ms": round(median(latency[name]), 2),
            "p50, times native": round(median_ratio(latency[name], latency["native"]), 2),
        }
        for name in dialects
    ]


def big_call(service: Served, model: str, texts: Sequence[str], engine_seconds: Callable[[], float]) -> dict[str, Any]:
    """6,144 texts as 64 requests of 96 at once, against the same texts given to the backend in process."""
    path, body = EMBED["cohere-v1"]
    bodies = [body(texts[start : start + _TEXTS], model) for start in range(0, len(texts), _TEXTS)]
    before = service.resident_bytes()
    with _peak_memory(service) as peak:
        load = answered_load(service.url, bodies, _BIG_CALL_CLIENTS, path=path)
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
    many = mixed_texts(_BIG_CALL, model.path, model.profile.max_tokens - _PROMPT_TOKENS)
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
        print(table_of_dicts(rows), end="\n\n")
    if json:
        json.write_bytes(orjson.dumps({"embed": embed, "rerank": rerank, "big call": big}, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    typer.run(main)
