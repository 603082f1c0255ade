"""Services with keys, aliases and a short queue, behind a gateway of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cohere
import pytest

from tests.clients.blocking import blocking
from tests.clients.node import Node
from tests.gateway.nginx import Gateway
from tests.http.services import EMBED, QUICK_STOP, RERANK, Service, running
from tests.http.shared import E5

KEY = "clients-key"
OPENAI_ALIAS = "text-embedding-3-small"
EMBED_ALIAS = "embed-multilingual-v3.0"
RERANK_ALIAS = "rerank-multilingual-v3.0"


@dataclass(frozen=True)
class Guarded:
    """A gateway whose services want `KEY`, know the vendors' names and soon have a full queue."""

    url: str
    embed: Service
    rerank: Service


@pytest.fixture(scope="session", autouse=True)
def _no_proxy() -> Iterator[None]:
    """The vendors' clients would send everything to a proxy that the environment names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield


@pytest.fixture(params=[cohere.Client, cohere.AsyncClient])
def v1(request: pytest.FixtureRequest, gateway: Gateway) -> Iterator[Any]:
    """Cohere's clients of the first version, which ask through the gateway; calls of the asynchronous one block."""
    with blocking(request.param(api_key="none", base_url=gateway.url)) as client:
        yield client


@pytest.fixture(params=[cohere.ClientV2, cohere.AsyncClientV2])
def v2(request: pytest.FixtureRequest, gateway: Gateway) -> Iterator[Any]:
    """The same of the second version."""
    with blocking(request.param(api_key="none", base_url=gateway.url)) as client:
        yield client


@pytest.fixture(scope="session")
def set_otherwise(home: Path, logs: Path) -> Iterator[Service]:
    """embed-service with a model that has prompts; input types, truncation and token ids are not as by default."""
    settings = {
        "EMBED_MODEL": E5,
        "EMBED_MODEL_ALIASES": "e5-passage:passage, e5-query:query, e5:latest",
        "EMBED_TRUNCATE": "none",
        "EMBED_DEFAULT_INPUT_TYPE": "none",
        "EMBED_TEI_INPUT_TYPE": "query",
        "EMBED_TOKEN_IDS": "own",
        "EMBED_DETECT_PROMPTS": "false",
    }
    with running(EMBED, EMBED.lean | settings | QUICK_STOP, home=home, log=logs / "set-otherwise.log") as service:
        yield service


@pytest.fixture(scope="session")
def guarded(home: Path, logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    shared = {"API_KEYS": KEY, **QUICK_STOP}
    for_embed = {"EMBED_QUEUE_TOKENS": "1024", "EMBED_MODEL_ALIASES": f"{EMBED_ALIAS}, {OPENAI_ALIAS}"}
    for_rerank = {"RERANK_QUEUE_TOKENS": "1024", "RERANK_MODEL_ALIASES": RERANK_ALIAS}
    with (
        running(EMBED, EMBED.lean | for_embed | shared, home=home, log=logs / "guarded-embed.log") as embed,
        running(RERANK, RERANK.lean | for_rerank | shared, home=home, log=logs / "guarded-rerank.log") as rerank,
        Gateway(tmp_path_factory.mktemp("guarded"), embed.server.address, rerank.server.address) as gateway,
    ):
        yield Guarded(gateway.url, embed, rerank)


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """Node with the npm packages of `javascript/`."""
    return Node(tmp_path_factory.mktemp("node"))
