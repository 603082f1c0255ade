"""What each dialect costs over the native route, in one run; and one call of 6,144 texts as Cohere's client sends it.

python -m benchmarks.dialects [--rounds N] [--no-big-call] [--json FILE]
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import orjson
import typer

from benchmarks.dialect_requests import EMBED, RERANK, Body
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

_TEXTS = 96
_REQUESTS = 3
_CLIENTS = 4
_SINGLES = 40
_BIG_CALL = 6144
_BIG_CALL_CLIENTS = 64
_POLL_SECONDS = 0.05
_PATIENT = {f"{prefix}_MAX_INTERACTIVE_WAIT_SECONDS": "600" for prefix in ("EMBED", "RERANK")}
"""No request is refused on a slow machine: its time would be missing."""
_PROMPT_TOKENS = 8
"""Left for the model's prompt, as OpenAI's dialect truncates nothing."""


def compare(
    url: str, dialects: dict[str, tuple[str, Body]], model: str, texts: Sequence[str], rounds: int
) -> list[dict[str, Any]]:
    """Each dialect against the native one on the same texts, in turn: medians of the ratios pair by pair.

    The texts are the same, so that the ratio of the texts per second is that of the tokens per second.
    """
    groups = [texts[start : start + _TEXTS] for start in range(0, len(texts), _TEXTS)]

    def measured(name: str) -> tuple[float, float]:
        path, body = dialects[name]
        many = answered_load(url, (body(group, model) for group in groups), _CLIENTS, path=path)
        single = answered_load(url, (body([text], model) for text in texts[:_SINGLES]), path=path)
        return 1 / many.seconds, single.percentile(50)

    pairs: dict[str, list[dict[str, tuple[float, float]]]] = {name: [] for name in dialects if name != "native"}
    for number in range(rounds + 1):
        for name in pairs:
            order = ("native", name) if number % 2 else (name, "native")
            pair = {one: measured(one) for one in order}
            if number:  # the first round warms up
                pairs[name].append(pair)
    rows = []
    for name, found in pairs.items():
        (speed, latency), (native_speed, native_latency) = (
            zip(*(pair[one] for pair in found), strict=True) for one in (name, "native")
        )
        rows.append(
            {
                "dialect": name,
                "throughput, times native": round(median_ratio(speed, native_speed), 2),
                "p50 of one text, ms": round(median(latency), 2),
                "p50, times native": round(median_ratio(latency, native_latency), 2),
            }
        )
    return rows


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
    with_big_call: Annotated[
        bool, typer.Option("--big-call/--no-big-call", help="Also the call of 6,144 texts.")
    ] = True,
    json: Annotated[Path | None, typer.Option(help="Also write the figures to this file.")] = None,
) -> None:
    """Print the figures as Markdown tables."""
    os.environ |= {"EMBED_MODEL": embed_model, "RERANK_MODEL": rerank_model, "ACCESS_LOG": "false"}
    settings = EmbedSettings()
    model = served_model.resolve(embed_model, None, settings, default=embed_model, kind="encoder")
    # All different: a service computes equal texts of a request once.
    many = mixed_texts(_BIG_CALL, model.path, model.profile.max_tokens - _PROMPT_TOKENS)
    texts = many[: _TEXTS * _REQUESTS]
    with served("embed", _PATIENT) as service:
        embed = compare(service.url, EMBED, embed_model, texts, rounds)
        big = []
        if with_big_call:
            tokenizer = Tokenizer.load(model.path, model.profile.max_tokens)
            budget = int(metric(service.url, "duobento_batch_budget_tokens"))
            prompt = model.profile.prompts.get("query", "")
            backend = served_model.load(model, settings)
            seconds = partial(bulk_seconds, backend, tokenizer, many, prompt, budget)
            big.append(big_call(service, embed_model, many, seconds))
    scorer = served_model.resolve(rerank_model, None, RerankSettings(), default=rerank_model, kind="cross-encoder")
    with served("rerank", _PATIENT) as service:
        documents = mixed_texts(_TEXTS * 4, scorer.path, scorer.profile.max_tokens)
        rerank = compare(service.url, RERANK, rerank_model, documents, rounds)
    for rows in filter(None, (embed, rerank, big)):
        print(table_of_dicts(rows), end="\n\n")
    if json:
        json.write_bytes(orjson.dumps({"embed": embed, "rerank": rerank, "big call": big}, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    typer.run(main)
