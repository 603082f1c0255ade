"""Where the work of a request is done."""

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bentos.common.backends.interface import TokenIds, TokenRow
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.models.store import find
from bentos.common.observability.metrics import Metrics
from bentos.common.work_options import DEFAULT
from bentos.rerank.cross_encoder import CrossEncoder
from bentos.rerank.request import RerankRequest
from bentos.rerank.settings import RerankSettings
from tests.unit.common.cache.parts import Counts, Parts
from tests.unit.common.engine.fake_backend import FakeBackend

pytestmark = pytest.mark.anyio


class WatchedTokenizer(Tokenizer):
    """Notes the threads in which rows are made."""

    threads: set[int]

    def pair_row(self, first: TokenIds, second: TokenIds) -> TokenRow:
        self.threads.add(threading.get_ident())
        return super().pair_row(first, second)


@pytest.fixture
def tokenizer(model_store: Path) -> WatchedTokenizer:
    tokenizer = WatchedTokenizer.load(find("duobento/small-reranker-demo", home=model_store).path, 512)
    tokenizer.threads = set()
    return tokenizer


@pytest.fixture
def cross_encoder(tokenizer: WatchedTokenizer) -> Iterator[CrossEncoder]:
    parts = Parts(FakeBackend(), None, Counts())
    lifecycle: Any = SimpleNamespace(
        loaded=SimpleNamespace(
            tokenizer=tokenizer,
            engine=parts.engine,
            cached_engine=parts.cached,
            profile=SimpleNamespace(pair_prompt=None),
        ),
        metrics=Metrics(),
    )
    yield CrossEncoder(lifecycle, RerankSettings())
    parts.close()


async def test_windows_of_long_documents_are_made_beside_the_event_loop(
    cross_encoder: CrossEncoder, tokenizer: WatchedTokenizer
) -> None:
    ranking = await cross_encoder.rerank(RerankRequest("heron", ["the heron waits " * 1000] * 3), DEFAULT)
    assert len(ranking.logits) == 3
    assert threading.get_ident() not in tokenizer.threads
    assert tokenizer.threads


async def test_a_short_request_is_not_handed_over(cross_encoder: CrossEncoder, tokenizer: WatchedTokenizer) -> None:
    await cross_encoder.rerank(RerankRequest("heron", ["the heron waits", "stork"]), DEFAULT)
    assert tokenizer.threads == {threading.get_ident()}
