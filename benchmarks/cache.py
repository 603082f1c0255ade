"""What a cached answer costs, what the cache costs when it has nothing, and what a failing Redis costs; in one run.

python -m benchmarks.cache [--model ID] [--rounds N] [--json FILE]; needs redis-server.
"""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import httpx
import numpy as np
import orjson
import typer

from benchmarks.load import answered_load
from benchmarks.markdown import table_of_dicts, table_of_figures
from benchmarks.rounds import median_ratio
from benchmarks.served import metric, served
from benchmarks.texts import mixed_texts, text_of
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.models import resolve as served_model
from bentos.common.models.store import InstalledModel
from bentos.embed.settings import EmbedSettings
from scripts.readiness import wait_until
from tests.redis_server import RedisServer

_QUERIES = 300
_QUERY_TOKENS = 16
_MANY = 96
_CLIENTS = 32
_BURST = 3000
_MISSES = 640
_FAULT_QUERIES = 300
_WAIT_SECONDS = 60.0
Figures = dict[str, list[float]]


class _Urls:
    """Three services with the same model: in memory, behind Redis alone, and without a cache."""

    def __init__(self, memory: str, redis: str, none: str) -> None:
        self.memory, self.redis, self.none = memory, redis, none


def hits(urls: _Urls, query: str, many: list[str], rounds: int) -> Figures:
    """Answers from the cache beside those of an empty route and of the model, milliseconds."""
    one, several = {"text": query}, {"texts": many}
    base64 = several | {"encoding_format": "base64"}
    for url in (urls.memory, urls.redis):
        answered_load(url, [one, several])
    _wait_for_hit(urls.redis, several)
    found: Figures = {name: [] for name in ("empty", "memory", "redis", "none", "many", "many64", "rate", "empty rate")}
    for _ in range(rounds):
        found["empty"].append(answered_load(urls.memory, [{}] * _QUERIES, path="/v1/check-api-key").percentile(50))
        found["memory"].append(answered_load(urls.memory, [one] * _QUERIES).percentile(50))
        found["redis"].append(answered_load(urls.redis, [one] * _QUERIES).percentile(50))
        found["none"].append(answered_load(urls.none, [one] * _QUERIES).percentile(50))
        found["many"].append(answered_load(urls.memory, [several] * _QUERIES).percentile(50))
        found["many64"].append(answered_load(urls.memory, [base64] * _QUERIES).percentile(50))
        found["rate"].append(_BURST / answered_load(urls.memory, [one] * _BURST, _CLIENTS).seconds)
        empty = answered_load(urls.memory, [{}] * _BURST, _CLIENTS, path="/v1/check-api-key")
        found["empty rate"].append(_BURST / empty.seconds)
    return found


def misses(urls: _Urls, model: InstalledModel, rounds: int) -> Figures:
    """Texts per second of texts that no cache has, beside the same service's with `no-store`.

    Two processes with the same settings differ by more than what is to be measured. Both make keys, as equal rows of a
    request are computed once, cache or not.
    """
    found: Figures = {f"{tier}{way}": [] for tier in ("memory", "redis") for way in ("", " no-store")}
    for number in range(rounds):
        texts = mixed_texts(_MISSES, model.path, model.profile.max_tokens, seed=10_000 * (number + 1))
        for tier, url in (("memory", urls.memory), ("redis", urls.redis)):
            for way in sorted(("", " no-store"), reverse=bool(number % 2)):
                bodies = [{"text": f"{number} {text}"} for text in texts]
                headers = {"Cache-Control": "no-store"} if way else {}
                found[tier + way].append(_MISSES / answered_load(url, bodies, _CLIENTS, headers=headers).seconds)
    return found


def faults(urls: _Urls, redis: RedisServer, query: str) -> list[dict[str, Any]]:
    """Latencies of new texts, one after another, while Redis is in some state, beside those without a cache."""
    states: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
        ("works", lambda: None, lambda: None),
        ("hangs (SIGSTOP)", redis.hang, redis.resume),
        ("is killed", redis.kill, redis.start),
        ("is out of memory", lambda: redis.client.config_set("maxmemory", 1), lambda: _allow_memory(redis)),
        ("is read-only", lambda: redis.client.replicaof("127.0.0.1", "1"), lambda: _writable(redis)),
    ]
    rows = []
    for number, (name, begin, end) in enumerate(states):
        bodies = [{"text": f"{query} {number} {count}"} for count in range(_FAULT_QUERIES)]
        without = answered_load(urls.none, bodies)
        begin()
        try:
            load = answered_load(urls.redis, bodies)
        finally:
            end()
        rows.append(
            {
                "Redis": name,
                "p50 ms": round(load.percentile(50), 2),
                "p99 ms": round(load.percentile(99), 2),
                "without a cache: p50 ms": round(without.percentile(50), 2),
                "without a cache: p99 ms": round(without.percentile(99), 2),
                "extra p99 ms": round(load.percentile(99) - without.percentile(99), 2),
                "errors": int(sum(status != 200 for status in load.statuses)),
            }
        )
        _wait_until_ok(urls.redis)
    return rows


def summary(hit: Figures, miss: Figures) -> dict[str, Any]:
    """Medians, and ratios round by round, so that drift of the machine's speed cancels out."""
    return {
        "empty route: p50 ms": round(median(hit["empty"]), 3),
        "one query from memory: p50 ms": round(median(hit["memory"]), 3),
        "ratio to the empty route": round(median_ratio(hit["memory"], hit["empty"]), 2),
        "one query from Redis: p50 ms": round(median(hit["redis"]), 3),
        "more than from memory: ms": round(median(np.subtract(hit["redis"], hit["memory"]).tolist()), 3),
        "one query without a cache: p50 ms": round(median(hit["none"]), 3),
        "times faster from memory": round(median_ratio(hit["none"], hit["memory"]), 2),
        f"{_MANY} texts from memory: p50 ms": round(median(hit["many"]), 3),
        "ratio to one query": round(median_ratio(hit["many"], hit["memory"]), 2),
        f"{_MANY} texts from memory as base64: p50 ms": round(median(hit["many64"]), 3),
        "ratio of base64 to one query": round(median_ratio(hit["many64"], hit["memory"]), 2),
        f"queries from memory, {_CLIENTS} clients: requests/s": round(median(hit["rate"])),
        f"empty route, {_CLIENTS} clients: requests/s": round(median(hit["empty rate"])),
        f"new texts past the cache, {_CLIENTS} clients: texts/s": round(median(miss["memory no-store"]), 1),
        "new texts with memory: share of that": round(median_ratio(miss["memory"], miss["memory no-store"]), 2),
        "new texts with Redis: share of that": round(median_ratio(miss["redis"], miss["redis no-store"]), 2),
    }


def _wait_for_hit(url: str, body: dict[str, Any]) -> None:
    """Entries are stored in the background."""
    texts = len(body["texts"])
    wait_until(lambda: httpx.post(f"{url}/embed", json=body).json()["cached"] == texts, "all is cached", _WAIT_SECONDS)


def _wait_until_ok(url: str) -> None:
    wait_until(lambda: _status(url) == "ok", "the cache is ok", _WAIT_SECONDS)


def _status(url: str) -> str:
    return str(httpx.get(f"{url}/health").json()["cache"]["status"])


def _allow_memory(redis: RedisServer) -> None:
    redis.client.config_set("maxmemory", 0)


def _writable(redis: RedisServer) -> None:
    redis.client.replicaof("NO", "ONE")


def main(
    model: Annotated[str, typer.Option(help="An installed encoder.")] = "sentence-transformers/all-MiniLM-L6-v2",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of everything in turn.")] = 5,
    json: Annotated[Path | None, typer.Option(help="Also write the figures to this file.")] = None,
) -> None:
    """Print the figures as Markdown tables."""
    installed = served_model.resolve(model, None, EmbedSettings(), default=model, kind="encoder")
    tokenizer = Tokenizer.load(installed.path, installed.profile.max_tokens)
    query = text_of(_QUERY_TOKENS, tokenizer, seed=1)
    many = [text_of(_QUERY_TOKENS, tokenizer, seed=seed) for seed in range(_MANY)]
    settings = {"EMBED_MODEL": model, "ACCESS_LOG": "false"}
    with TemporaryDirectory() as folder, RedisServer(Path(folder)) as redis:
        behind = {**settings, "CACHE_URL": redis.url, "CACHE_MEMORY_BYTES": "0"}
        with (
            served("embed", {**settings, "CACHE_URL": "memory"}) as memory,
            served("embed", behind) as shared,
            served("embed", settings) as none,
        ):
            urls = _Urls(memory.url, shared.url, none.url)
            figures = summary(hits(urls, query, many, rounds), misses(urls, installed, rounds))
            states = faults(urls, redis, query)
            figures["damaged values"] = metric(shared.url, "duobento_cache_damaged_total")
    print(table_of_figures(figures), end="\n\n")
    print(table_of_dicts(states))
    if json:
        json.write_bytes(orjson.dumps({"figures": figures, "faults": states}, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    typer.run(main)
