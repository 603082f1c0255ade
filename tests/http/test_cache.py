"""The cache over HTTP: what answers say, what is counted, what is shared, and what a failing Redis changes: nothing."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any

import pytest

from tests.http.server import wait_for
from tests.http.services import EMBED, QUICK_STOP, RERANK, Service, long_texts, running
from tests.redis_impostor import Attack, Impostor
from tests.redis_server import RedisServer, needs_redis

PATIENT = {"CACHE_TIMEOUT_MS": "5000"}
"""Setting of services whose look-ups must succeed, however busy the machine is."""

MOST_PROBE_SECONDS = 2.0
"""Far above what a probe takes on a busy machine, and far below the ten seconds that one such answer used to cost."""


@pytest.fixture(scope="module")
def remembering_embed(observed: dict[str, Service]) -> Service:
    return observed[EMBED.name]


@pytest.fixture(scope="module")
def remembering_rerank(observed: dict[str, Service]) -> Service:
    return observed[RERANK.name]


@pytest.fixture(scope="module", params=[EMBED.name, RERANK.name])
def remembering(request: pytest.FixtureRequest, observed: dict[str, Service]) -> Service:
    """Each service with the cache that it has by default, and a short queue."""
    return observed[request.param]


def sharing(redis_server: RedisServer) -> dict[str, str]:
    """Settings of one more embed-service on the Redis of `embed_behind_redis`, without memory of its own."""
    redis = {"CACHE_URL": redis_server.url, "CACHE_MEMORY_BYTES": "0"}
    return {**EMBED.lean, **QUICK_STOP, **PATIENT, **redis}


def _without_time(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("latency_ms", "cached")}


def test_a_cached_answer_is_the_same_and_says_so(remembering: Service) -> None:
    fresh, cached = (remembering.post("the first heron", "the first stork").json() for _ in range(2))
    assert (fresh["cached"], cached["cached"]) == (0, 2)
    assert _without_time(cached) == _without_time(fresh)
    assert remembering.post("the first heron", "the first crane").json()["cached"] == 1


def test_one_text_is_cached_or_not(remembering_embed: Service) -> None:
    client = remembering_embed.server.client
    answers = [client.post("/embed", json={"text": "an only heron"}).json() for _ in range(2)]
    assert [answer["cached"] for answer in answers] == [False, True]


def test_a_long_document_is_cached_with_all_its_windows(remembering_rerank: Service) -> None:
    [document] = long_texts(1)
    answers = [remembering_rerank.post(document * 3, "heron").json()["cached"] for _ in range(2)]
    assert answers == [0, 2]


def test_tokens_of_cached_texts_are_reported_and_not_counted_as_computed(remembering: Service) -> None:
    tokens = remembering.post("a counted heron").json()["tokens"]
    before = remembering.server.metric("duobento_tokens_total")
    assert remembering.post("a counted heron").json()["tokens"] == tokens
    assert remembering.server.metric("duobento_tokens_total") == before


def test_no_store_computes_anew_and_leaves_nothing(remembering: Service) -> None:
    no_store = {"Cache-Control": "max-age=0, No-Store"}
    for headers in (no_store, {}, no_store):
        assert remembering.post_with(headers, "a private heron").json()["cached"] == 0
    assert remembering.post("a private heron").json()["cached"] == 1


def test_hits_and_misses_are_counted(remembering: Service) -> None:
    def counted() -> list[float]:
        names = ("duobento_cache_hits_total", "duobento_cache_misses_total")
        return [remembering.server.metric(name, tier="memory") for name in names]

    hits, misses = counted()
    remembering.post("a hit heron")
    remembering.post("a hit heron", "a missed heron")
    assert counted() == [hits + 1, misses + 2]
    assert remembering.server.metric("duobento_cache_memory_bytes") > 0


def test_health_names_the_cache(remembering: Service) -> None:
    assert remembering.server.client.get("/health").json()["cache"] == {"mode": "memory", "status": "ok"}


def test_what_is_cached_is_answered_while_the_queue_is_full(remembering: Service) -> None:
    remembering.post("a patient heron")
    with remembering.busy():
        assert remembering.post("a patient heron").status_code == 200
        assert remembering.post("a patient heron", "a new heron").status_code == 429
        assert remembering.post_with({"Cache-Control": "no-store"}, "a patient heron").status_code == 429


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embed", {"texts": ["a v1 heron"], "model": EMBED.model, "input_type": "search_query"}),
        ("/v2/embed", {"texts": ["a v2 heron"], "model": EMBED.model, "input_type": "search_query"}),
        ("/v1/embeddings", {"input": "an open heron", "model": EMBED.model}),
        ("/embeddings", {"input": [{"text": "a heron of Jina"}], "task": "retrieval.passage"}),
        ("/tei/embed", {"inputs": "a heron of TEI"}),
        ("/v1/embeddings", {"input": "a heron of Voyage", "model": EMBED.model, "truncation": True}),
    ],
)
def test_every_dialect_of_embed_can_refuse_the_cache(
    remembering_embed: Service, path: str, body: dict[str, Any]
) -> None:
    _refuse_then_accept(remembering_embed, path, body)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/rerank", {"documents": ["a v1 heron"], "model": RERANK.model}),
        ("/v2/rerank", {"documents": ["a v2 heron"], "model": RERANK.model}),
        ("/tei/rerank", {"texts": ["a heron of TEI"]}),
        ("/v1/rerank", {"documents": ["a heron of Voyage"], "model": RERANK.model, "top_k": 1}),
    ],
)
def test_every_dialect_of_rerank_can_refuse_the_cache(
    remembering_rerank: Service, path: str, body: dict[str, Any]
) -> None:
    _refuse_then_accept(remembering_rerank, path, {"query": "heron", **body})


def _refuse_then_accept(service: Service, path: str, body: dict[str, Any]) -> None:
    hits = service.server.metric("duobento_cache_hits_total", tier="memory")
    for expected, headers in ((0, {"Cache-Control": "no-store"}), (0, {}), (0, {"Cache-Control": "no-store"}), (1, {})):
        assert service.server.client.post(path, json=body, headers=headers).status_code == 200
        assert service.server.metric("duobento_cache_hits_total", tier="memory") == hits + expected


@needs_redis
def test_services_share_what_they_computed(
    embed_behind_redis: Service, redis_server: RedisServer, home: Path, tmp_path: Path
) -> None:
    texts = ("a shared heron", "a shared stork")
    before = _entries(redis_server)
    computed = embed_behind_redis.post(*texts).json()
    wait_for(lambda: _entries(redis_server) == before + 2, "both vectors are stored")
    with running(EMBED, sharing(redis_server), home=home, log=tmp_path / "log") as other:
        found = other.post(*texts).json()
    assert found["cached"] == 2
    assert _without_time(found) == _without_time(computed)
    assert not any(b"heron" in name for name in redis_server.client.scan_iter())


@needs_redis
@pytest.mark.torch
def test_precisions_share_nothing(
    embed_behind_redis: Service, redis_server: RedisServer, home: Path, tmp_path: Path
) -> None:
    texts = ("a heron in fp32", "and one in bf16")
    before = _entries(redis_server)
    embed_behind_redis.post(*texts)
    wait_for(lambda: _entries(redis_server) == before + 2, "both vectors are stored")
    settings = sharing(redis_server) | {"EMBED_BACKEND": "torch", "EMBED_PRECISION": "bf16"}
    with running(EMBED, settings, home=home, log=tmp_path / "log") as other:
        assert other.post(*texts).json()["cached"] == 0
        wait_for(lambda: _entries(redis_server) == before + 4, "those of the other precision are stored beside them")


@needs_redis
def test_no_request_is_lost_when_redis_is_killed_and_restarted_under_load(
    behind_redis: Service, redis_server: RedisServer
) -> None:
    server, stop = behind_redis.server, Event()

    def send(client: int) -> list[int]:
        statuses: list[int] = []
        while not stop.is_set():
            statuses.append(
                behind_redis.post(f"the heron of client {client}", f"a stork {len(statuses) % 7}").status_code
            )
        return statuses

    def answered(more: int) -> None:
        before = server.metric("duobento_requests_total", status="200", route=behind_redis.kind.path)
        wait_for(
            lambda: (
                server.metric("duobento_requests_total", status="200", route=behind_redis.kind.path) > before + more
            ),
            f"{more} requests are answered",
        )

    with ThreadPoolExecutor(8) as clients:
        load = [clients.submit(send, client) for client in range(8)]
        try:
            answered(30)
            for end, begin in ((redis_server.kill, redis_server.start), (redis_server.hang, redis_server.resume)):
                end()
                wait_for(lambda: _cache(behind_redis).get("status") == "degraded", "/health says degraded")
                assert "look-up" in _cache(behind_redis)["failing"]
                answered(30)
                begin()
                wait_for(lambda: _cache(behind_redis) == {"mode": "redis", "status": "ok"}, "the cache heals")
                answered(30)
        finally:
            redis_server.resume()
            stop.set()
        assert {status for client in load for status in client.result()} == {200}
    hits = server.metric("duobento_cache_hits_total", tier="redis")
    wait_for(lambda: _hit(behind_redis, hits), "entries are found again")


def test_what_pretends_to_be_a_redis_costs_neither_an_answer_nor_a_probe(home: Path, logs: Path) -> None:
    with Impostor(Attack("array", b"*1000000000\r\n")) as impostor:
        settings = {**EMBED.lean, **QUICK_STOP, "CACHE_URL": impostor.url, "CACHE_MEMORY_BYTES": "0"}
        with (
            running(EMBED, settings, home=home, log=logs / "impostor.log") as service,
            ThreadPoolExecutor(1) as clients,
        ):
            sent = clients.submit(lambda: [service.post(f"heron {number}").status_code for number in range(20)])
            slowest = 0.0
            while not sent.done():
                begun = perf_counter()
                probe = service.server.probe("/live")
                slowest = max(slowest, perf_counter() - begun)
                assert probe is not None
                assert probe.status_code == 200
            assert sent.result() == [200] * 20
            assert slowest < MOST_PROBE_SECONDS
            assert service.server.metric("duobento_cache_errors_total", operation="look-up") >= 1


def _hit(service: Service, hits: float) -> bool:
    service.post("the heron of client 1")
    return service.server.metric("duobento_cache_hits_total", tier="redis") > hits


def _cache(service: Service) -> dict[str, Any]:
    answer = service.server.client.get("/health")
    assert answer.status_code == 200
    cache: dict[str, Any] = answer.json()["cache"]
    return cache


def _entries(server: RedisServer) -> int:
    return sum(1 for _ in server.client.scan_iter("duobento:1:embed-service:*"))
