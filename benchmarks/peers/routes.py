"""How each server is asked: paths, bodies and answers of its HTTP API."""

import math
from collections.abc import Iterable
from typing import Any

from benchmarks.peers.peer import EmbedRoute, RerankRoute
from benchmarks.peers.requests import Documents


def _query_and_documents(request: Documents) -> dict[str, Any]:
    return {"query": request.query, "documents": request.documents}


def _with_model(request: Documents) -> dict[str, Any]:
    return {"model": "model", **_query_and_documents(request)}


def _by_index(results: Iterable[dict[str, Any]], score: str) -> list[float]:
    return [float(result[score]) for result in sorted(results, key=lambda result: int(result["index"]))]


def _sigmoids(logits: Iterable[float]) -> list[float]:
    return [1 / (1 + math.exp(-logit)) for logit in logits]


def _openai(path: str) -> EmbedRoute:
    return EmbedRoute(
        path,
        lambda texts: {"model": "model", "input": texts},
        lambda answer: [item["embedding"] for item in answer["data"]],
    )


PLAIN_EMBED = EmbedRoute("/embed", lambda texts: {"texts": texts}, lambda answer: answer["embeddings"])
OPENAI_EMBED = _openai("/v1/embeddings")
INFINITY_EMBED = _openai("/embeddings")
BENTOML_EMBED = EmbedRoute("/encode", lambda texts: {"sentences": texts}, lambda answer: answer)

OUR_RERANK = RerankRoute("/rerank", _query_and_documents, lambda answer: _by_index(answer["results"], "score"))
PLAIN_RERANK = RerankRoute("/rerank", _query_and_documents, lambda answer: answer["scores"])
LOGITS_RERANK = RerankRoute("/rerank", _query_and_documents, lambda answer: _sigmoids(answer["scores"]))
COHERE_RERANK = RerankRoute("/rerank", _with_model, lambda answer: _by_index(answer["results"], "relevance_score"))
LLAMA_RERANK = RerankRoute(
    "/v1/rerank", _with_model, lambda answer: _sigmoids(_by_index(answer["results"], "relevance_score"))
)
BENTOML_RERANK = RerankRoute(
    "/score", lambda request: {"pairs": [(request.query, document) for document in request.documents]}, list
)
SIE_RERANK = RerankRoute(
    "/v1/score/model",
    lambda request: {"query": {"text": request.query}, "items": [{"text": document} for document in request.documents]},
    # "item-3" is the fourth document.
    lambda answer: [
        float(entry["score"])
        for entry in sorted(answer["scores"], key=lambda entry: int(entry["item_id"].rpartition("-")[2]))
    ],
    headers={"Accept": "application/json"},
)
