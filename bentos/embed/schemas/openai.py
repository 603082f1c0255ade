"""Bodies and answers of OpenAI's dialect. Unknown fields are ignored."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from bentos.common.bounds import Name
from bentos.common.http.truncate import Truncate
from bentos.embed.schemas.input_type import AnyInputType
from bentos.embed.schemas.inputs import Inputs, inputs_validator

_MOST_INPUTS = 2048


def _too_many(number: int) -> str:
    """The vendor's words."""
    return (
        f"Invalid 'input': array too long. Expected an array with maximum length {_MOST_INPUTS}, "
        f"but got an array with length {number} instead."
    )


class EmbeddingsBody(BaseModel):
    """One input or several."""

    input: Annotated[
        Inputs,
        inputs_validator(_MOST_INPUTS, _too_many),
        Field(description="Up to 2,048 texts, 300,000 tokens in all; token ids as `EMBED_TOKEN_IDS` allows"),
    ]
    model: Annotated[Name, Field(description="The served model's id or one of its aliases")]
    encoding_format: Annotated[
        Literal["float", "base64", None],
        Field(description="By default `float`; `base64` is of little-endian float32"),
    ] = None
    dimensions: Annotated[int | None, Field(description="Refused unless it is the model's own")] = None
    user: Annotated[str | None, Field(max_length=1024, description="Ignored")] = None
    input_type: AnyInputType = None
    truncate: Truncate = None


class EmbeddingItem(BaseModel):
    """One input's vector."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class Usage(BaseModel):
    """Tokens as the model saw them, prompts and special tokens included."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsAnswer(BaseModel):
    """Vectors in the order of the inputs."""

    object: Literal["list"]
    data: list[EmbeddingItem]
    model: str
    usage: Usage


class Model(BaseModel):
    """A name by which requests may call the model: first OpenAI's fields, then Cohere's."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    name: str
    endpoints: list[str]
    default_endpoints: list[str]
    finetuned: bool
    context_length: int


class Models(BaseModel):
    """The served model's names; both lists are the same."""

    object: Literal["list"]
    data: list[Model]
    models: list[Model]


class OpenAIErrorDetail(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """OpenAI's shape of an error."""

    error: OpenAIErrorDetail
