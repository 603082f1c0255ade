"""A request of each dialect: the path, and what makes a body of texts and a model."""

from collections.abc import Callable, Sequence
from typing import Any

from scripts.bench.dialects import DIALECTS, Dialect

Body = Callable[[Sequence[str], str], dict[str, Any]]
"""JSON for texts and a model; of a reranking the first text is the query too."""


def _embedding(dialect: Dialect) -> tuple[str, Body]:
    path, body = dialect.embed
    return path, lambda texts, model: body(model, texts)


def _reranking(dialect: Dialect) -> tuple[str, Body]:
    assert dialect.rerank is not None
    path, body = dialect.rerank
    return path, lambda texts, model: body(model, texts[0], texts)


def _input(**fields: object) -> Body:
    return lambda texts, model: {"model": model, "input": texts, **fields}


EMBED: dict[str, tuple[str, Body]] = {
    **{name: _embedding(DIALECTS[name]) for name in ("native", "cohere-v1", "cohere", "openai", "tei")},
    "openai-base64": ("/v1/embeddings", _input(encoding_format="base64")),
    "jina": (
        "/v1/embeddings",
        lambda texts, model: {"model": model, "input": [{"text": text} for text in texts], "task": "retrieval.query"},
    ),
    "nvidia": ("/v1/embeddings", _input(input_type="query", truncate="END")),
    "vllm": ("/embeddings", _input(prompt_name="query")),
    "voyage": ("/v1/embeddings", _input(input_type="query", truncation=True)),
}
RERANK: dict[str, tuple[str, Body]] = {
    **{name: _reranking(DIALECTS[name]) for name in ("native", "cohere-v1", "cohere", "tei")},
    "vllm": ("/rerank", _reranking(DIALECTS["jina"])[1]),
    "vllm-score": ("/score", lambda texts, model: {"model": model, "text_1": texts[0], "text_2": texts}),
    "nvidia": (
        "/v1/ranking",
        lambda texts, model: {
            "model": model,
            "query": {"text": texts[0]},
            "passages": [{"text": text} for text in texts],
        },
    ),
    "voyage": (
        "/v1/rerank",
        lambda texts, model: {"model": model, "query": texts[0], "documents": texts, "truncation": True},
    ),
}
"""`cohere-v1` and `jina` differ in the answer only."""
