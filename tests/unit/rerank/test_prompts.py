"""Models that read pairs in a prompt: windows, spans, instructions, and what the cache takes for the same."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bentos.common.engine.pairs import pair_format
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.errors import InvalidInput
from bentos.common.models.profile import PairPrompt
from bentos.common.observability.metrics import Metrics
from bentos.common.work_options import DEFAULT
from bentos.rerank.cross_encoder import CrossEncoder
from bentos.rerank.request import RerankRequest
from bentos.rerank.settings import RerankSettings
from tests.unit.common.cache.parts import Counts, HashBackend, Parts, memory_cache
from tests.unit.common.engine.prompted import PROMPT, prompt_text, prompted_tokenizer

pytestmark = pytest.mark.anyio

WINDOW = 64
LONG = "the heron waits. " * 60


class RowsBackend(HashBackend):
    """Keeps the rows that it computes."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[int]] = []

    def infer(self, rows: Any) -> Any:
        self.rows += [row.ids.tolist() for row in rows]
        return super().infer(rows)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return prompted_tokenizer(WINDOW)


@pytest.fixture
def backend() -> RowsBackend:
    return RowsBackend()


@pytest.fixture
def prompt() -> PairPrompt | None:
    return PROMPT


@pytest.fixture
def cross_encoder(tokenizer: Tokenizer, backend: RowsBackend, prompt: PairPrompt | None) -> Iterator[CrossEncoder]:
    counts = Counts()
    parts = Parts(backend, memory_cache(counts, width=backend.width), counts)
    loaded = SimpleNamespace(
        tokenizer=tokenizer,
        engine=parts.engine,
        cached_engine=parts.cached,
        profile=SimpleNamespace(pair_prompt=prompt),
    )
    lifecycle: Any = SimpleNamespace(loaded=loaded, metrics=Metrics())
    yield CrossEncoder(lifecycle, RerankSettings(window_overlap_tokens=4))
    parts.close()


async def test_a_row_is_the_prompt(cross_encoder: CrossEncoder, backend: RowsBackend, tokenizer: Tokenizer) -> None:
    ranking = await cross_encoder.rerank(RerankRequest("a stork?", ["the heron waits.", "", "5 fish\n"]), DEFAULT)
    expected = [prompt_text("a stork?", document) for document in ("the heron waits.", "", "5 fish\n")]
    assert sorted(backend.rows) == sorted(tokenizer.encoding(text).ids for text in expected)
    assert ranking.truncated == []
    assert ranking.tokens == sum(map(len, backend.rows))


async def test_each_window_of_a_long_document_is_in_the_prompt(
    cross_encoder: CrossEncoder, backend: RowsBackend, tokenizer: Tokenizer
) -> None:
    await cross_encoder.rerank(RerankRequest("a stork?", [LONG]), DEFAULT)
    pairs = pair_format(tokenizer, PROMPT)
    start, end = tokenizer.encoding("Judge it: Q: a stork?\nD:").ids, tokenizer.encoding("Answer:").ids
    document = pairs.documents([LONG], 10_000)[0].ids.tolist()
    assert len(backend.rows) > 3
    windows = []
    for row in backend.rows:
        assert len(row) <= WINDOW
        assert (row[: len(start)], row[-len(end) :]) == (start, end)
        windows.append(row[len(start) : -len(end)])
    joined = " ".join(map(str, document))
    for window in windows:
        own = window[: -len(pairs.document_end)]
        assert window[len(own) :] == pairs.document_end.tolist()
        assert " ".join(map(str, own)) in joined


@pytest.mark.parametrize("most_windows", [1, 2])
async def test_windows_are_counted_without_the_end(
    cross_encoder: CrossEncoder, backend: RowsBackend, most_windows: int
) -> None:
    ranking = await cross_encoder.rerank(RerankRequest("a", [LONG], max_windows_per_doc=most_windows), DEFAULT)
    assert ranking.truncated == [0]
    assert len(backend.rows) == most_windows
    assert max(map(len, backend.rows)) == WINDOW


async def test_spans_are_scored_in_the_prompt(
    cross_encoder: CrossEncoder, backend: RowsBackend, tokenizer: Tokenizer
) -> None:
    request = RerankRequest("a stork?", [LONG])
    ranking = await cross_encoder.rerank(request, DEFAULT)
    assert ranking.query is not None
    backend.rows.clear()
    spans = await cross_encoder.spans(request, ranking.query, [0], DEFAULT)
    [found] = spans.of_documents
    texts = [LONG[span.start : span.end] for span in sorted(found)]
    assert " ".join(texts) == LONG.strip()
    end = tokenizer.encoding("\nAnswer:").ids
    assert all(row[-len(end) :] == end and len(row) <= WINDOW for row in backend.rows)


async def test_the_cache_tells_instructions_apart(cross_encoder: CrossEncoder, backend: RowsBackend) -> None:
    async def ask(instruction: str | None) -> tuple[float, int]:
        ranking = await cross_encoder.rerank(RerankRequest("a stork?", ["the heron"], instruction), DEFAULT)
        return float(ranking.logits[0]), ranking.cached

    usual, other, blank = await ask(None), await ask("birds"), await ask("  ")
    assert (usual[1], other[1], blank) == (0, 0, (usual[0], 1))
    assert usual[0] != other[0]
    assert await ask(" birds ") == (other[0], 1)
    assert len(backend.rows) == 2


@pytest.mark.parametrize(
    ("prompt", "instruction", "words"),
    [
        (None, "birds", "takes no instruction"),
        (PROMPT.model_copy(update={"instructed": None}), "birds", "takes no instruction"),
        (PROMPT, "x" * 2001, "at most 2000 characters"),
        (PROMPT, "birds " * 40, "less than half"),
    ],
    ids=["special tokens", "no place", "characters", "tokens"],
)
async def test_an_instruction_that_cannot_be_obeyed_is_refused(
    cross_encoder: CrossEncoder, instruction: str, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words) as refused:
        await cross_encoder.rerank(RerankRequest("a stork?", ["the heron"], instruction), DEFAULT)
    assert refused.value.loc == ("instruction",)


async def test_scores_are_the_best_windows(cross_encoder: CrossEncoder, backend: RowsBackend) -> None:
    ranking = await cross_encoder.rerank(RerankRequest("a stork?", [LONG, "the heron"]), DEFAULT)
    rows = [np.array(row, np.uint32) for row in backend.rows]
    scores = [np.random.default_rng(np.append(row, np.zeros_like(row))).standard_normal(2, np.float32) for row in rows]
    assert float(ranking.logits.max()) == pytest.approx(float(np.max(np.stack(scores)[:, 0])))
