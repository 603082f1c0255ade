"""Bodies of the native dialect, as OpenAPI shows them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from bentos.common.bounds import MOST_DOCUMENT_FIELDS, MOST_ITEMS, Count, Text
from bentos.common.engine.tokenizer import Truncation
from bentos.common.http.native_body import NativeBody
from bentos.common.work_options import Lane


def _document_text(value: Any) -> Any:
    """A document is a string or an object with a `text`; its other fields are the caller's own."""
    if isinstance(value, dict):
        if len(value) > MOST_DOCUMENT_FIELDS:
            raise ValueError(f"Input should have at most {MOST_DOCUMENT_FIELDS} fields")
        if not isinstance(value.get("text"), str):
            raise ValueError("Input should be a string or an object with a string `text`")
        return value["text"]
    return value


Document = Annotated[
    str,
    BeforeValidator(
        _document_text,
        json_schema_input_type=Text | Annotated[dict[Literal["text"], Text], Field(max_length=MOST_DOCUMENT_FIELDS)],
    ),
]


class RerankBody(NativeBody):
    """A query and the documents to order by it."""

    query: Text
    documents: Annotated[
        list[Document],
        Field(max_length=MOST_ITEMS, fail_fast=True, description='Strings or `{"text": …}`'),
    ]
    instruction: Annotated[
        Text | None, Field(description="What to judge by, for models that take an instruction; others refuse it")
    ] = None
    top_n: Annotated[Count, Field(description="Most results; by default all")] = None
    return_documents: Annotated[
        bool | None, Field(description="Whether results contain the documents' texts; by default they do")
    ] = None
    max_tokens_per_doc: Annotated[
        Count, Field(description="Tokens of a document that are scored; what lies beyond is reported")
    ] = None
    truncate: Annotated[
        Truncation | None,
        Field(
            description="Side on which a document over `max_tokens_per_doc` loses tokens; `none` refuses it. By "
            "default `RERANK_TRUNCATE` says"
        ),
    ] = None
    priority: Annotated[
        Lane | None, Field(description="Lane in which the work waits; by default large requests are bulk")
    ] = None


class Result(BaseModel):
    """One document's place in the ranking."""

    index: Annotated[int, Field(description="Place of the document in the request")]
    score: Annotated[float, Field(description="Sigmoid of the model's logit, between 0 and 1")]
    relevance_score: Annotated[float, Field(description="The same, under the name that vLLM's clients read")]
    document: str | None = None


class RerankAnswer(BaseModel):
    """Results, best first."""

    results: list[Result]
    model: str
    tokens: Annotated[int, Field(description="Tokens of all windows, the query counted in each")]
    truncated: Annotated[list[int], Field(description="Indexes of the documents that were not scored to their end")]
    query_truncated: bool
    cached: Annotated[int, Field(description="How many documents were answered from the cache")]
    latency_ms: float
