"""Bodies of the native dialect, as OpenAPI shows them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from bentos.common.bounds import Text, Texts
from bentos.common.http.native_body import NativeBody
from bentos.common.http.truncate import Truncate
from bentos.common.work_options import Lane
from bentos.embed.request import InputType
from bentos.embed.schemas.input_type import AnyInputType
from bentos.embed.schemas.vector_options import Chunked, Dimensions


class EmbedBody(NativeBody):
    """One text or several."""

    text: Annotated[Text | None, Field(description="One text; the answer then has `embedding`")] = None
    texts: Annotated[Texts | None, Field(description="Several texts; the answer then has `embeddings`")] = None
    input_type: AnyInputType = None
    truncate: Truncate = None
    chunked: Chunked = None
    dimensions: Dimensions = None
    encoding_format: Annotated[
        Literal["float", "base64", None],
        Field(description="By default `float`; `base64` is of little-endian float32"),
    ] = None
    priority: Annotated[
        Lane | None, Field(description="Lane in which the work waits; by default large requests are bulk")
    ] = None


class EmbeddingAnswer(BaseModel):
    """Answer to `text`."""

    embedding: list[float] | str
    dimension: int
    model: str
    input_type: InputType
    tokens: Annotated[
        int, Field(description="Tokens of the text as the model sees it, prompt and special tokens included")
    ]
    truncated: bool
    cached: bool
    latency_ms: float


class EmbeddingsAnswer(BaseModel):
    """Answer to `texts`."""

    embeddings: list[list[float] | str]
    dimension: int
    model: str
    input_type: InputType
    tokens: Annotated[int, Field(description="Tokens of all texts together")]
    truncated: Annotated[list[int], Field(description="Indexes of the texts that lost tokens")]
    cached: Annotated[int, Field(description="How many texts were answered from the cache")]
    latency_ms: float
