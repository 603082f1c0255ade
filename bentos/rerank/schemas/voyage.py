"""Bodies and answers of Voyage's dialect. Unknown fields are ignored."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from bentos.common.bounds import Count, Name, Text
from bentos.common.http.dialects.voyage import MOST_ITEMS
from bentos.rerank.schemas.vendor_body import BestFirstBody


class RerankVoyageBody(BestFirstBody):
    """A query and the documents to order by it."""

    query: Text
    documents: Annotated[list[Text], Field(max_length=MOST_ITEMS, fail_fast=True, description="Up to 1,000 strings")]
    model: Annotated[Name, Field(description="The served model's id or one of its aliases")]
    top_k: Annotated[Count, Field(description="Most results; by default all")] = None
    return_documents: Annotated[bool | None, Field(description="Whether results contain the documents")] = False
    truncation: Annotated[
        bool | None,
        Field(
            description="Whether a query over half the window, or a document over `RERANK_MAX_TOKENS_PER_DOC`, loses "
            "its end, which `X-Truncated` says; otherwise it is refused. By default `RERANK_TRUNCATE` says"
        ),
    ] = None


class ResultVoyage(BaseModel):
    """One document's place in the ranking."""

    index: Annotated[int, Field(description="Place of the document in the request")]
    relevance_score: Annotated[float, Field(description="Sigmoid of the model's logit, between 0 and 1")]
    document: str | None = None


class VoyageUsage(BaseModel):
    """Tokens of all windows, the query counted in each."""

    total_tokens: int


class RerankVoyageAnswer(BaseModel):
    """Results, best first."""

    object: Literal["list"]
    data: list[ResultVoyage]
    model: str
    usage: VoyageUsage
