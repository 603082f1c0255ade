"""What the two versions of Cohere's rerank have in common."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import orjson

from bentos.common.engine.tokenizer import Truncation
from bentos.common.errors import DomainError, InvalidInput, NoItems
from bentos.common.http.dialects import cohere
from bentos.common.work_options import WorkOptions
from bentos.rerank.cross_encoder import CrossEncoder
from bentos.rerank.request import Ranking, RerankRequest
from bentos.rerank.routes.document_text import scored_text
from bentos.rerank.schemas.cohere import RerankVendorBody
from bentos.rerank.schemas.documents import written

_TEXT_FIELD = "text"
_THRESHOLD = 0.1
"""Of relevant spans, where the body does not say."""
_DOCUMENTS_PER_UNIT = 100
_TOKENS_PER_DOCUMENT = 500


async def rank(
    cross_encoder: CrossEncoder, body: RerankVendorBody, options: WorkOptions, *, most_windows: int | None = None
) -> tuple[Ranking, list[dict[str, Any]]]:
    """Score a body's documents, or refuse in the vendor's words what the vendor refuses.

    Args:
        cross_encoder: scores them.
        body: of either version.
        options: of the work, but for the priority that the body asks for.
        most_windows: of a document that are scored where the body does not say.

    Returns:
        The ranking and the results, best first, with relevant spans if they are wanted.

    Raises:
        DomainError: see `CrossEncoder.rerank`; named as the body's fields are.
    """
    request = _request(cross_encoder, body, most_windows)
    options = cohere.in_lane(body.priority, options)
    try:
        ranking = await cross_encoder.rerank(request, options)
    except DomainError as error:
        error.rename(
            max_pair_tokens="truncate_prompt_tokens",
            max_tokens_per_doc="max_tokens_per_doc" if body.max_tokens_per_doc else "max_doc_length",
        )
        raise
    scores = ranking.logits if body.raw_scores or body.use_activation is False else ranking.scores
    order = ranking.best_first(body.most_results)
    results: list[dict[str, Any]] = [{"index": index, "relevance_score": scores[index]} for index in order]
    asked = body.relevant_spans
    if asked and asked.mode == "enabled" and ranking.query is not None:
        threshold = _THRESHOLD if asked.threshold is None else asked.threshold
        found = await cross_encoder.spans(request, ranking.query, order, options)
        ranking = replace(ranking, tokens=ranking.tokens + found.tokens)
        for result, spans in zip(results, found.of_documents, strict=True):
            best = [span._asdict() for span in spans if span.score > threshold][: asked.max_spans]
            if best:
                result["relevant_spans"] = best
    return ranking, results


def add_documents(body: RerankVendorBody, results: Sequence[dict[str, Any]]) -> None:
    """Put the documents into the results as they were sent."""
    for result in results:
        document = body.documents[result["index"]]
        result["document"] = (
            {_TEXT_FIELD: document} if isinstance(document, str) else orjson.Fragment(written(document))
        )


def _request(cross_encoder: CrossEncoder, body: RerankVendorBody, most_windows: int | None) -> RerankRequest:
    if not body.documents:
        raise NoItems("list of documents must not be empty")
    if not body.query.strip():
        raise InvalidInput("query must not be empty")
    cross_encoder.check_number(body.documents)
    fields = list(dict.fromkeys(body.rank_fields or [_TEXT_FIELD]))
    request = RerankRequest(
        query=body.query,
        documents=[scored_text(document, fields, index) for index, document in enumerate(body.documents)],
        instruction=body.judged_by,
        max_tokens_per_doc=body.max_tokens_per_doc or body.max_doc_length,
        max_windows_per_doc=body.max_chunks_per_doc or most_windows,
        max_query_tokens=body.max_query_length or body.max_tokens_per_query,
        truncate=_truncation(body),
    )
    return replace(request, **body.pair_limits)


def meta(version: Literal["1", "2"], ranking: Ranking) -> dict[str, Any]:
    """The answer's `meta`, with a warning for each text that was truncated."""
    warnings = ["query was too long and was truncated"] if ranking.query_truncated else []
    warnings += [f"documents.{index} was too long and was truncated" for index in ranking.truncated]
    units = {"search_units": search_units(ranking.pair_tokens)}
    return cohere.meta(version, units, warnings, input_tokens=ranking.tokens)


def search_units(pair_tokens: Sequence[int]) -> int:
    """How much the vendor would bill (cohere.com/pricing).

    A unit is a query with up to 100 documents. A document of more than 500 tokens, the query's included, counts once
    for every 500.
    """
    documents = sum(max(1, math.ceil(tokens / _TOKENS_PER_DOCUMENT)) for tokens in pair_tokens)
    return math.ceil(documents / _DOCUMENTS_PER_UNIT)


def _truncation(body: RerankVendorBody) -> Truncation | None:
    """What becomes of a longer document, by Cohere's field or Jina's; none leaves it to the setting."""
    if body.truncate is None and body.truncation is not None:
        return "end" if body.truncation else "none"
    return body.truncate
