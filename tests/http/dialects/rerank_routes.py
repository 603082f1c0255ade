"""What the tests of all rerank routes send and expect."""

from collections.abc import Sequence
from typing import Any

import httpx

from tests.http.dialects.error_shapes import jina_error
from tests.http.services import RERANK, Service

QUERY = "How does a heron hunt?"
NEEDLE = "The grey heron stands still in shallow water and waits for fish to come close."
OFFICE = "Our office is open from nine to five."
DOCUMENTS = [OFFICE, NEEDLE, "Choose Forgot password on the sign-in page."]
FILLER = "Our office is open from nine to five and closed on public holidays. "
LONG = FILLER * 60
"""A document of two windows or more."""
SHORT_READ: dict[str, object] = {"max_chunks_per_doc": 1, "max_tokens_per_doc": 100}
"""With these fields either of Cohere's versions truncates `LONG`."""
SAME = 1e-5


def post(service: Service, path: str, items: Sequence[object], **fields: object) -> httpx.Response:
    """Send a request of Cohere's or Jina's dialect, changed by `fields`; one that is None is left out."""
    body = {"model": RERANK.model, "query": QUERY, "documents": items, **fields}
    return service.server.client.post(path, json={key: value for key, value in body.items() if value is not None})


def in_order(ranks: Sequence[dict[str, Any]], score: str) -> list[float]:
    """Scores in the order of the documents; checks that they came best first."""
    scores = [rank[score] for rank in ranks]
    assert scores == sorted(scores, reverse=True)
    return [float(rank[score]) for rank in sorted(ranks, key=lambda rank: int(rank["index"]))]


def relevance(service: Service, path: str, documents: Sequence[object], **fields: object) -> list[float]:
    """Scores in the order of the documents."""
    return in_order(post(service, path, documents, **fields).json()["results"], "relevance_score")


def cohere_error(answer: httpx.Response) -> tuple[int, str]:
    """Status and message of an error in the shape of Cohere's, or of the first version's, which is checked."""
    body = answer.json()
    if "detail" in body:
        return jina_error(answer)
    assert body.keys() == {"id", "message"}
    assert body["id"] == answer.headers["X-Request-ID"]
    return answer.status_code, body["message"]


def tei_error(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, type and message of an error in the shape of text-embeddings-inference, which is checked."""
    body = answer.json()
    assert body.keys() == {"error", "error_type"}
    return answer.status_code, body["error_type"], body["error"]
