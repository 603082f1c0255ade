"""Bodies and answers of Cohere's two versions. The first is also Jina's, vLLM's and Infinity's.

Each version takes the fields of all of them: what they mean is the same wherever two have the same one. Unknown fields
are ignored.
"""

from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from bentos.common.bounds import Count, Name
from bentos.common.errors import Location
from bentos.common.http.dialects.cohere import Priority
from bentos.common.http.truncate import VendorTruncate
from bentos.common.http.vendor_body import differing
from bentos.rerank.schemas.documents import Documents, TextObject
from bentos.rerank.schemas.vendor_body import BestFirstBody, VendorBody
from bentos.rerank.schemas.vllm import VLLMBody

_JINA = "jina-"
_SAME = [
    ("max_tokens_per_doc", "max_doc_length"),
    ("max_query_length", "max_tokens_per_query"),
]
"""Two vendors' names of one thing."""

Model: TypeAlias = Annotated[Name, Field(description="The served model's id or one of its aliases")]


class Meta(BaseModel):
    """Facts about the answer."""

    api_version: dict[Literal["version"], str]
    billed_units: dict[Literal["search_units"], int]
    tokens: Annotated[
        dict[Literal["input_tokens", "output_tokens"], int],
        Field(description="Tokens of all windows, the query counted in each; none are put out"),
    ]
    warnings: Annotated[list[str] | None, Field(description="One for each text that was truncated")] = None


class RelevantSpansBody(VendorBody):
    """Whether stretches of the documents are wanted, and which. No field is ignored."""

    model_config = ConfigDict(extra="forbid")
    place: ClassVar[Location] = ("relevant_spans",)

    mode: Literal["enabled", "disabled"]
    threshold: Annotated[
        float | None, Field(strict=True, ge=0, le=1, description="Only spans with a higher score; by default 0.1")
    ] = None
    max_spans: Annotated[Count, Field(description="Most spans of a document; by default all")] = None


class RerankVendorBody(BestFirstBody, VLLMBody):
    """A query and the documents to order by it."""

    query: Annotated[
        TextObject, Field(description="Not blank; over half the model's window it loses tokens, with a warning")
    ]
    documents: Documents
    top_n: Annotated[Count, Field(description="Most results; by default all")] = None
    rank_fields: Annotated[
        list[Name] | None,
        Field(
            min_length=1,
            max_length=50,
            fail_fast=True,
            description="Fields of an object that are scored: one by its value, several as lines `field: value`; "
            "by default `text`",
        ),
    ] = None
    return_documents: Annotated[
        bool | None,
        Field(description="Whether results contain the documents; by default only if `model` begins with `jina-`"),
    ] = None
    max_chunks_per_doc: Annotated[
        Count, Field(description="Windows of a document that are scored; in v1 by default 10")
    ] = None
    max_tokens_per_doc: Annotated[
        Count,
        Field(description="Tokens of a document that are scored; default and most: `RERANK_MAX_TOKENS_PER_DOC`"),
    ] = None
    max_doc_length: Annotated[Count, Field(description="Jina's name of `max_tokens_per_doc`")] = None
    max_query_length: Annotated[
        Count, Field(description="Jina's: tokens of the query that are read, at most half the window")
    ] = None
    max_tokens_per_query: Annotated[Count, Field(description="vLLM's name of `max_query_length`")] = None
    truncate: VendorTruncate = None
    # Not in the OpenAPI document: a body that has nothing else of Jina's is Voyage's.
    truncation: SkipJsonSchema[bool | None] = None
    raw_scores: Annotated[bool | None, Field(description="Infinity's: logits instead of their sigmoid")] = None
    priority: Priority = None
    relevant_spans: Annotated[
        RelevantSpansBody | None,
        Field(description="Also score sentences or short windows of the results' documents"),
    ] = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for one, other in _SAME:
            if len({getattr(self, one), getattr(self, other)} - {None}) > 1:
                raise differing(one, other)
        if self.truncate and self.truncation is not None and (self.truncate != "none") != self.truncation:
            raise differing("truncate", "truncation")
        if self.raw_scores is not None and self.raw_scores == self.use_activation:
            raise differing("raw_scores", "use_activation")
        return self


class RerankV1Body(RerankVendorBody):
    """A query and the documents to order by it."""

    model: Model | None = None

    @property
    def wants_documents(self) -> bool:
        """The vendors' defaults differ; the name of a model of Jina's tells who is asking."""
        if self.return_documents is None:
            return (self.model or "").startswith(_JINA)
        return self.return_documents


class RelevantSpan(BaseModel):
    """A stretch of a document, which is `document[start:end]` in Unicode code points."""

    start: int
    end: int
    score: Annotated[float, Field(description="Sigmoid of the model's logit, between 0 and 1")]


class Result(BaseModel):
    """One document's place in the ranking."""

    index: Annotated[int, Field(description="Place of the document in the request")]
    relevance_score: Annotated[float, Field(description="Sigmoid of the model's logit, between 0 and 1")]
    document: Annotated[
        dict[str, Any] | None, Field(description='The object as it was sent; a string as `{"text": …}`')
    ] = None
    relevant_spans: Annotated[
        list[RelevantSpan] | None, Field(description="Best first; only if they were asked for and there is any")
    ] = None


class RerankUsage(BaseModel):
    """Tokens of all windows, the query counted in each."""

    prompt_tokens: int
    completion_tokens: Annotated[int, Field(description="Always 0")]
    total_tokens: int


class RerankV1Answer(BaseModel):
    """Results, best first. `model` and `usage` are Jina's, vLLM's and Infinity's, `id` and `meta` Cohere's."""

    id: Annotated[str, Field(description="The request's id")]
    model: str
    results: list[Result]
    meta: Meta
    usage: RerankUsage


class RerankV2Body(RerankVendorBody):
    """A query and the documents to order by it."""

    model: Model


class RerankV2Answer(BaseModel):
    """Results, best first."""

    id: Annotated[str, Field(description="The request's id")]
    results: list[Result]
    meta: Meta
