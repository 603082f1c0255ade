"""The loads: what every server is asked in one round, the same for all."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.peers.requests import Documents, Request, Texts
from benchmarks.texts import mixed_texts, text_of
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.models.store import InstalledModel

QUERY, MIXED, BULK, RERANK_20, RERANK_100 = "query", "mixed", "bulk", "rerank 20", "rerank 100"

_QUERY_TOKENS = 16
_DOCUMENT_TOKENS = 80
_BULK_TEXTS = 96
_BULK_MEDIAN = 20
_ROUND_SEEDS = 10_000


@dataclass(frozen=True)
class Sizes:
    """How much is asked in one round.

    Attributes:
        queries: one after the other.
        mixed: texts, one a request, of 32 clients.
        bulk: requests of 96 texts.
        rerank_20: requests of 20 documents.
        rerank_100: requests of 100 documents.
    """

    queries: int = 10
    mixed: int = 128
    bulk: int = 2
    rerank_20: int = 3
    rerank_100: int = 1


SMOKE = Sizes(queries=1, mixed=4, bulk=1, rerank_20=1, rerank_100=1)
WARM_UP = Sizes(queries=3, mixed=8, bulk=0, rerank_20=1, rerank_100=0)


@dataclass(frozen=True)
class Work:
    """One load of one round.

    Attributes:
        load: its name.
        clients: each sends its next request when the last is answered.
        requests: requests for one kind of model.
        lengths: tokens of every sequence that the model has to compute, prompt and special tokens included.
    """

    load: str
    clients: int
    requests: tuple[Request, ...]
    lengths: tuple[int, ...]

    @property
    def tokens(self) -> int:
        """Number of tokens of all sequences."""
        return sum(self.lengths)


def round_of_work(model: InstalledModel, number: int, sizes: Sizes) -> Iterator[Work]:
    """The loads for a model's kind, but those of size 0. Texts differ from round to round, so that no cache answers."""
    seed = (number + 1) * _ROUND_SEEDS
    if model.profile.kind == "encoder":
        yield from _embedding(model, seed, sizes)
    else:
        yield from _reranking(model, seed, sizes)


def prompt_of(model: InstalledModel) -> str:
    """What our service puts before a text by default."""
    return model.profile.prompts.get("query", "")


def bulk_request(model: InstalledModel, seed: int, median: int = _BULK_MEDIAN) -> Texts:
    """96 texts of mixed lengths in one request."""
    return Texts(tuple(mixed_texts(_BULK_TEXTS, model.path, _content_limit(model), median=median, seed=seed)))


def query_text(model: InstalledModel, seed: int) -> Texts:
    """One text that has 16 tokens for the model, prompt and special tokens included."""
    [prompt] = _tokenizer(model).contents([prompt_of(model)], _QUERY_TOKENS)
    return Texts((text_of(_QUERY_TOKENS - len(prompt.ids), _tokenizer(model), seed=seed),))


def _embedding(model: InstalledModel, seed: int, sizes: Sizes) -> Iterator[Work]:
    queries = [query_text(model, seed + number) for number in range(sizes.queries)]
    mixed = [Texts((text,)) for text in mixed_texts(sizes.mixed, model.path, _content_limit(model), seed=seed)]
    bulk = [bulk_request(model, seed + 1000 * (number + 1)) for number in range(sizes.bulk)]
    for load, clients, requests in ((QUERY, 1, queries), (MIXED, 32, mixed), (BULK, 2, bulk)):
        texts = [text for request in requests for text in request.texts]
        if texts:
            yield Work(load, min(clients, len(requests)), tuple(requests), _lengths(model, texts))


def _reranking(model: InstalledModel, seed: int, sizes: Sizes) -> Iterator[Work]:
    for load, requests, documents in ((RERANK_20, sizes.rerank_20, 20), (RERANK_100, sizes.rerank_100, 100)):
        asked = [_documents(model, documents, seed + documents * 10 + 1000 * number) for number in range(requests)]
        if asked:
            lengths = tuple(length for request in asked for length in _pair_lengths(model, request))
            yield Work(load, 1, tuple(asked), lengths)


def _documents(model: InstalledModel, count: int, seed: int) -> Documents:
    tokenizer = _tokenizer(model)
    texts = [text_of(_DOCUMENT_TOKENS, tokenizer, seed=seed + number) for number in range(count)]
    return Documents(text_of(_QUERY_TOKENS, tokenizer, seed=seed + 999), tuple(texts))


def _pair_lengths(model: InstalledModel, request: Documents) -> list[int]:
    """Tokens of the query with each document."""
    tokenizer = _tokenizer(model)
    [query] = tokenizer.contents([request.query], tokenizer.pair_content_limit)
    contents = tokenizer.contents(request.documents, tokenizer.pair_content_limit)
    return [len(tokenizer.pair_row(query.ids, content.ids).ids) for content in contents]


def _lengths(model: InstalledModel, texts: list[str]) -> tuple[int, ...]:
    tokenizer = _tokenizer(model)
    contents = tokenizer.contents(texts, tokenizer.content_limit, prefix=prompt_of(model))
    return tuple(len(tokenizer.row(content.ids).ids) for content in contents)


def _content_limit(model: InstalledModel) -> int:
    """Tokens of the longest text: with its prompt it takes the whole window, and no server has to truncate."""
    tokenizer = _tokenizer(model)
    [prompt] = tokenizer.contents([prompt_of(model)], tokenizer.content_limit)
    return tokenizer.window - len(prompt.ids)


@cache
def _tokenizer_at(folder: Path, window: int) -> Tokenizer:
    return Tokenizer.load(folder, window)


def _tokenizer(model: InstalledModel) -> Tokenizer:
    return _tokenizer_at(model.path, model.profile.max_tokens)
