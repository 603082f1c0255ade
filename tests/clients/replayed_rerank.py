"""Requests for a ranking as clients send them whose packages are not installed here, by the client's name.

Each as the client's source writes it, with the settings that docs/clients.md gives it. The documents are `DOCUMENTS`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.http.dialects.rerank_routes import DOCUMENTS, QUERY
from tests.http.services import RERANK


class Replay(NamedTuple):
    """A request, and where its client reads the ranking.

    Attributes:
        path: of the route.
        body: as the client sends it.
        ranks: field of the answer that has the ranks; none if the answer has them itself.
        score: field of a rank; a `logit` has to be read as one.
        also: fields of the answer without which the client fails, as paths with dots.
    """

    path: str
    body: dict[str, Any]
    ranks: str | None = "results"
    score: str = "relevance_score"
    also: tuple[str, ...] = ()


def _jina(path: str, *also: str, **fields: object) -> Replay:
    return Replay(path, {"model": RERANK.model, "query": QUERY, "documents": DOCUMENTS, **fields}, also=also)


def _tei(**fields: object) -> Replay:
    return Replay("/rerank", {"query": QUERY, "texts": DOCUMENTS, **fields}, None, "score")


_PASSAGES = {
    "model": RERANK.model,
    "query": {"text": QUERY},
    "passages": [{"text": document} for document in DOCUMENTS],
}

REPLAYED: Mapping[str, Replay] = {
    "Continue: huggingface-tei": _tei(return_text=False, raw_scores=False, truncation_direction="Right", truncate=True),
    "Dify: OpenAI-API-compatible": _jina("/v1/rerank", top_n=3),
    "LangChain: InfinityRerank": _jina("/rerank", "usage.prompt_tokens", "usage.total_tokens", return_documents=False),
    "LangChain: NVIDIARerank": Replay("/v1/ranking", {**_PASSAGES, "truncate": "END"}, "rankings", "logit"),
    "Open WebUI: external reranker": _jina("/v1/rerank", top_n=3),
    "RAGFlow: Jina": _jina("/v1/rerank", "usage.total_tokens", top_n=3),
    "Vercel AI: @ai-sdk/togetherai": _jina(
        "/v1/rerank", "usage.prompt_tokens", "usage.completion_tokens", "usage.total_tokens", top_n=3
    ),
}
