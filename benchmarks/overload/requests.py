"""Requests of mixed lengths whose tokens are known, prepared to the last byte."""

import random
from collections.abc import Mapping
from typing import NamedTuple

from benchmarks.load import requests_of
from benchmarks.texts import mixed_lengths, text_of
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.models.store import InstalledModel

_QUERY_TOKENS = 16
_MAX_DOCUMENTS = 8
PATHS = {"encoder": "/embed", "cross-encoder": "/rerank"}
"""Native route of each kind of model."""
SERVICES = {"encoder": "embed", "cross-encoder": "rerank"}
"""Service of each kind of model, as `benchmarks.served` names them."""


class Request(NamedTuple):
    """A request and the work that it is.

    Attributes:
        content: head and body.
        tokens: number of tokens of all its rows, prompts and special tokens included.
    """

    content: bytes
    tokens: int


def prepared(
    url: str, model: InstalledModel, count: int, headers: Mapping[str, str] | None = None, *, seed: int = 0
) -> list[Request]:
    """Different requests: single texts, or a query with one to eight documents; median 40 tokens a text."""
    profile = model.profile
    tokenizer = Tokenizer.load(model.path, profile.max_tokens)
    made = [
        _embedding(tokenizer, length, profile.prompts.get("query", ""), seed + number)
        if profile.kind == "encoder"
        else _reranking(tokenizer, seed + number)
        for number, length in enumerate(mixed_lengths(count, longest=profile.max_tokens, seed=seed))
    ]
    contents = requests_of(url + PATHS[profile.kind], (body for body, _ in made), headers)
    return [Request(content, tokens) for content, (_, tokens) in zip(contents, made, strict=True)]


def single(url: str, model: InstalledModel, headers: Mapping[str, str] | None = None) -> Request:
    """The smallest usual request: a query of 16 tokens, or one with one document of 16."""
    tokenizer = Tokenizer.load(model.path, model.profile.max_tokens)
    text = text_of(_QUERY_TOKENS, tokenizer, seed=1)
    body = {"text": text} if model.profile.kind == "encoder" else {"query": text, "documents": [text]}
    [content] = requests_of(url + PATHS[model.profile.kind], [body], headers)
    return Request(content, _QUERY_TOKENS)


def _embedding(tokenizer: Tokenizer, length: int, prompt: str, seed: int) -> tuple[dict[str, object], int]:
    text = text_of(length, tokenizer, seed=seed)
    [content] = tokenizer.contents([text], tokenizer.content_limit, prefix=prompt)
    return {"text": text}, len(tokenizer.row(content.ids).ids)


def _reranking(tokenizer: Tokenizer, seed: int) -> tuple[dict[str, object], int]:
    count = random.Random(seed).randint(1, _MAX_DOCUMENTS)
    longest = tokenizer.window - 2 * _QUERY_TOKENS
    query = text_of(_QUERY_TOKENS, tokenizer, seed=seed)
    documents = [
        text_of(length, tokenizer, seed=seed + number)
        for number, length in enumerate(mixed_lengths(count, longest=longest, seed=seed))
    ]
    [first], rest = tokenizer.contents([query], longest), tokenizer.contents(documents, longest)
    return {"query": query, "documents": documents}, sum(len(tokenizer.pair_row(first.ids, d.ids).ids) for d in rest)
