"""Running services of other configurations than the plain ones, each started once for all modules that use it.

Tests that need a setting of their own share a service wherever the settings do not disturb each other.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from tokenizers import Tokenizer

from bentos.common.models import store
from bentos.common.models.profile import TOKENIZER_FILE
from tests.http.services import EMBED, QUICK_STOP, RERANK, Kind, Service, running
from tests.monitoring.collector import Collector
from tests.redis_server import RedisServer

E5 = "intfloat/multilingual-e5-small-q4"
E5_ALIASES = "e5-passage:passage, e5-query:query, embed-multilingual-v3.0"
"""As docs/clients.md has them."""
POISON = "zebra"
"""A word on which the models of the frail services fail."""
FRAIL_BODY_BYTES = 1024 * 1024
SHORT_QUEUE_TOKENS = 1024
OPENAI_ALIAS = "text-embedding-3-small"
COHERE_ALIAS = "embed-multilingual-v3.0"
JINA_ALIAS = "jina-reranker-v2-base-multilingual"
LOCKED_KEYS = ("first-key", "second-key-ü", "third-key")
LOCKED_NAMES = ("unnamed", "unnamed", "web")
LOCKED_ORIGIN = "https://app.example"
LOCKED_TIMEOUT_SECONDS = 20
"""Far less than a request with as many long texts as are allowed takes, and far more than any other."""
IMPATIENT_SECONDS = 1.0
IMPATIENT_BULK_SECONDS = 3.0
"""Above what eight long texts take on a busy machine, and below what hundreds take on any."""


@pytest.fixture(scope="session")
def e5(home: Path, logs: Path) -> Iterator[Service]:
    """embed-service with a model that has prompts, and with the aliases of docs/clients.md."""
    settings = EMBED.lean | QUICK_STOP | {"EMBED_MODEL": E5, "EMBED_MODEL_ALIASES": E5_ALIASES}
    with running(EMBED, settings, home=home, log=logs / "e5.log") as service:
        yield service


@pytest.fixture(scope="session")
def frail_embed(home: Path, logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    aliases = f"{OPENAI_ALIAS}, {COHERE_ALIAS}"
    yield from _frail(EMBED, aliases, home, tmp_path_factory.mktemp("frail-embed"), logs)


@pytest.fixture(scope="session")
def frail_rerank(home: Path, logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    yield from _frail(RERANK, JINA_ALIAS, home, tmp_path_factory.mktemp("frail-rerank"), logs)


@pytest.fixture(scope="session", params=["frail_embed", "frail_rerank"])
def frail(request: pytest.FixtureRequest) -> Service:
    """Each service with a short queue, a low limit for bodies, logs as JSON, vendors' names for its model.

    The model fails on `POISON`.
    """
    chosen: Service = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="session")
def locked_embed(home: Path, logs: Path) -> Iterator[Service]:
    yield from _locked(EMBED, home, logs)


@pytest.fixture(scope="session")
def locked_rerank(home: Path, logs: Path) -> Iterator[Service]:
    yield from _locked(RERANK, home, logs)


@pytest.fixture(scope="session", params=["locked_embed", "locked_rerank"])
def locked(request: pytest.FixtureRequest) -> Service:
    """Each service with a cache in memory and two keys, open to one origin, with a time limit for requests."""
    chosen: Service = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="session")
def observed(collector: Collector, home: Path, logs: Path) -> Iterator[dict[str, Service]]:
    """Both services by name, with the cache that they have by default and a short queue.

    They send their traces to the collector at once.
    """
    traces = {"TRACES_URL": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "50"}
    settings = QUICK_STOP | {"CACHE_URL": "memory"} | traces
    for_embed, for_rerank = (
        kind.lean | settings | {f"{kind.prefix}QUEUE_TOKENS": str(SHORT_QUEUE_TOKENS)} for kind in (EMBED, RERANK)
    )
    with (
        running(EMBED, for_embed, home=home, log=logs / "observed-embed.log") as embed,
        running(RERANK, for_rerank, home=home, log=logs / "observed-rerank.log") as rerank,
    ):
        yield {service.kind.name: service for service in (embed, rerank)}


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """What the services `behind_redis` use. A test that kills it starts it again, and waits until they have it back."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def embed_behind_redis(redis_server: RedisServer, home: Path, logs: Path) -> Iterator[Service]:
    yield from _behind_redis(EMBED, redis_server, home, logs)


@pytest.fixture(scope="session")
def rerank_behind_redis(redis_server: RedisServer, home: Path, logs: Path) -> Iterator[Service]:
    yield from _behind_redis(RERANK, redis_server, home, logs)


@pytest.fixture(scope="session", params=["embed_behind_redis", "rerank_behind_redis"])
def behind_redis(request: pytest.FixtureRequest) -> Service:
    """Each service with Redis alone, in the settings that it has by default."""
    chosen: Service = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="session", params=[EMBED, RERANK], ids=lambda kind: kind.name)
def impatient(request: pytest.FixtureRequest, home: Path, logs: Path) -> Iterator[Service]:
    """Each service with a short limit for interactive requests, and one so high for bulk that it is never met."""
    kind: Kind = request.param
    limits = {
        f"{kind.prefix}MAX_INTERACTIVE_WAIT_SECONDS": str(IMPATIENT_SECONDS),
        f"{kind.prefix}BULK_ABOVE_SECONDS": str(IMPATIENT_BULK_SECONDS),
    }
    settings = kind.serving | QUICK_STOP | limits
    with running(kind, settings, home=home, log=logs / f"impatient-{kind.name}.log") as service:
        yield service


def _behind_redis(kind: Kind, redis_server: RedisServer, home: Path, logs: Path) -> Iterator[Service]:
    settings = {**kind.lean, **QUICK_STOP, "CACHE_URL": redis_server.url, "CACHE_MEMORY_BYTES": "0"}
    with running(kind, settings, home=home, log=logs / f"behind-redis-{kind.name}.log") as service:
        yield service


def _locked(kind: Kind, home: Path, logs: Path) -> Iterator[Service]:
    own = {
        "API_KEYS": "first-key, second-key-ü, web:third-key",
        "CORS_ORIGINS": LOCKED_ORIGIN,
        "CACHE_URL": "memory",
        "REQUEST_TIMEOUT_SECONDS": str(LOCKED_TIMEOUT_SECONDS),
    }
    with running(kind, kind.lean | QUICK_STOP | own, home=home, log=logs / f"locked-{kind.name}.log") as service:
        yield service


def _frail(kind: Kind, aliases: str, home: Path, frail_home: Path, logs: Path) -> Iterator[Service]:
    _poison(kind.model, home, frail_home)
    settings = {
        **kind.serving,
        **QUICK_STOP,
        f"{kind.prefix}MODEL_ALIASES": aliases,
        f"{kind.prefix}QUEUE_TOKENS": str(SHORT_QUEUE_TOKENS),
        "MAX_BODY_BYTES": str(FRAIL_BODY_BYTES),
        "LOG_FORMAT": "json",
    }
    with running(kind, settings, home=frail_home, log=logs / f"frail-{kind.name}.log") as service:
        yield service


def _poison(model: str, home: Path, frail_home: Path) -> None:
    """A copy of a converted model, whose embedding of one word is not a number."""
    converted = store.find(model, home=home, backend="openvino", precision="fp32").path
    target = frail_home / converted.relative_to(home)
    shutil.copytree(converted, target)
    [token] = Tokenizer.from_file(str(target / TOKENIZER_FILE)).encode(POISON, add_special_tokens=False).ids
    [weights] = store.find(model, home=home).path.glob("model*.safetensors")
    with safe_open(weights, "np") as tensors:
        [name] = [name for name in tensors.keys() if name.endswith("word_embeddings.weight")]  # noqa: SIM118
        embedding = tensors.get_slice(name)[token].astype(np.float32)
    file = target / "openvino_model.bin"
    content = file.read_bytes()
    assert content.count(embedding.tobytes()) == 1
    file.write_bytes(content.replace(embedding.tobytes(), np.full_like(embedding, np.nan).tobytes()))
