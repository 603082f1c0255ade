"""Bodies and answers of Cohere's two versions; the first is also Jina's. Unknown fields are ignored."""

import math
from typing import Annotated, Any, Literal, TypeAlias

import orjson
from pydantic import BaseModel, Field, PlainValidator

from bentos.common.bounds import MOST_DOCUMENT_FIELDS, MOST_ITEMS, Name, Text, Texts
from bentos.common.http.dialects.cohere import Priority

_JINA = "jina-"

Model: TypeAlias = Annotated[Name, Field(description="The served model's id or one of its aliases")]
Query: TypeAlias = Annotated[
    Text, Field(description="Not blank; over half the model's window it loses tokens, with a warning")
]
TopN: TypeAlias = Annotated[int | None, Field(ge=1, description="Most results; by default all")]


class Meta(BaseModel):
    """Facts about the answer."""

    api_version: dict[Literal["version"], str]
    billed_units: dict[Literal["search_units"], int]
    warnings: Annotated[list[str] | None, Field(description="One for each text that was truncated")] = None


def _string_or_object(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        raise ValueError("Input should be a string or an object")
    if len(value) > MOST_DOCUMENT_FIELDS:
        raise ValueError(f"Input should have at most {MOST_DOCUMENT_FIELDS} fields")
    try:
        # It is parsed with integers of any size, and has to be written again.
        written = orjson.dumps(value)
    except TypeError as error:
        raise ValueError(f"Input cannot be returned: {error}") from None
    # A number such as 1e400 is parsed as infinity, which is written as null.
    if b"null" in written and _has_infinity(value):
        raise ValueError("Input cannot be returned: a number is too large")
    return value


def _has_infinity(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_infinity, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and math.isinf(value)


Document: TypeAlias = Annotated[
    str | dict[str, Any],
    PlainValidator(
        _string_or_object,
        json_schema_input_type=Text | Annotated[dict[str, Any], Field(max_length=MOST_DOCUMENT_FIELDS)],
    ),
]


class RerankV1Body(BaseModel):
    """A query and the documents to order by it."""

    model: Model | None = None
    query: Query
    documents: Annotated[
        list[Document],
        Field(max_length=MOST_ITEMS, fail_fast=True, description="Strings, or objects with the `rank_fields`"),
    ]
    top_n: TopN = None
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
        int | None, Field(ge=1, description="Windows of a document that are scored; by default 10")
    ] = None
    truncate: Annotated[
        Literal["NONE", "START", "END", True, False, None],
        Field(description="Side on which a longer document loses tokens, by default `END`; `NONE` or false refuses it"),
    ] = None

    @property
    def wants_documents(self) -> bool:
        """The vendors' defaults differ; the name of a model of Jina's tells who is asking."""
        if self.return_documents is None:
            return (self.model or "").startswith(_JINA)
        return self.return_documents


class ResultV1(BaseModel):
    """One document's place in the ranking."""

    index: Annotated[int, Field(description="Place of the document in the request")]
    relevance_score: Annotated[float, Field(description="Sigmoid of the model's logit, between 0 and 1")]
    document: Annotated[
        dict[str, Any] | None, Field(description='The object as it was sent; a string as `{"text": …}`')
    ] = None


class RerankV1Answer(BaseModel):
    """Results, best first. `model` and `usage` are Jina's, `id` and `meta` Cohere's."""

    id: Annotated[str, Field(description="The request's id")]
    model: str
    results: list[ResultV1]
    meta: Meta
    usage: Annotated[
        dict[Literal["total_tokens"], int], Field(description="Tokens of all windows, the query counted in each")
    ]


class RelevantSpans(BaseModel):
    """A feature of newer models of the vendor's."""

    mode: Annotated[Name, Field(description="Anything but `disabled` is refused")]


class RerankV2Body(BaseModel):
    """A query and the documents to order by it."""

    model: Model
    query: Query
    documents: Annotated[Texts, Field(description="Structured ones as YAML strings")]
    top_n: TopN = None
    max_tokens_per_doc: Annotated[
        int | None,
        Field(ge=1, description="Tokens of a document that are scored; default and most: `RERANK_MAX_TOKENS_PER_DOC`"),
    ] = None
    priority: Priority = None
    return_documents: Annotated[
        bool | None, Field(description="Whether results contain the documents; older clients ask for it")
    ] = None
    relevant_spans: RelevantSpans | None = None


class ResultV2(BaseModel):
    """One document's place in the ranking."""

    index: Annotated[int, Field(description="Place of the document in the request")]
    relevance_score: Annotated[float, Field(description="Sigmoid of the model's logit, between 0 and 1")]
    document: dict[Literal["text"], str] | None = None


class RerankV2Answer(BaseModel):
    """Results, best first."""

    id: Annotated[str, Field(description="The request's id")]
    results: list[ResultV2]
    meta: Meta
