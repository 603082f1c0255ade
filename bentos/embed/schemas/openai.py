"""Bodies and answers of OpenAI's dialect, and Jina's. Unknown fields are ignored."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from bentos.common.bounds import NOT_BOOLEAN, Name
from bentos.common.engine.tokenizer import Truncation
from bentos.common.errors import InvalidInput
from bentos.common.http.truncate import Truncate, check_side
from bentos.common.http.vendor_body import differing
from bentos.embed.request import InputType
from bentos.embed.schemas.input_type import AnyInputType
from bentos.embed.schemas.inputs import Inputs, inputs_validator
from bentos.embed.schemas.vector_options import Chunked, Dimensions
from bentos.embed.schemas.vendor_body import VendorBody

_MOST_INPUTS = 2048


def _too_many(number: int) -> str:
    """The vendor's words."""
    return (
        f"Invalid 'input': array too long. Expected an array with maximum length {_MOST_INPUTS}, "
        f"but got an array with length {number} instead."
    )


def _only_one(value: object) -> object:
    """The item of a list that has one, as some clients of Jina write it."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _own_size(value: object) -> object:
    """Infinity's client writes 0 where it wants no other size than the model's own."""
    return None if value == 0 and not isinstance(value, bool) else value


OnlyFalse: TypeAlias = Annotated[Literal[False, None], Field(description="True is refused")]


class EmbeddingsBody(VendorBody):
    """One input or several: OpenAI's fields, then those of Jina's, NVIDIA's and vLLM's clients."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        **VendorBody.elsewhere,
        **dict.fromkeys(("embedding_types", "output_dtype"), "`embedding_type` chooses the type of the numbers"),
        "output_dimension": "`dimensions` chooses their length",
    }

    input: Annotated[
        Inputs,
        inputs_validator(_MOST_INPUTS, _too_many, objects=True),
        Field(description="Up to 2,048 texts, 300,000 tokens in all; token ids as `EMBED_TOKEN_IDS` allows"),
    ]
    model: Annotated[
        Name | None, Field(description="The served model's id or one of its aliases; by default the served model")
    ] = None
    encoding_format: Annotated[
        Literal["float", "base64", None],
        Field(description="By default `float`; `base64` is of the numbers' bytes, little-endian"),
    ] = None
    dimensions: Annotated[Dimensions, BeforeValidator(_own_size)] = None
    user: Annotated[str | None, Field(max_length=1024, description="Ignored")] = None
    input_type: AnyInputType = None
    truncate: Truncate = None
    chunked: Chunked = None

    task: Annotated[AnyInputType, Field(description="Jina's name of `input_type`")] = None
    embedding_type: Annotated[
        Literal["float", "base64", "binary", "ubinary", "int8", "uint8", None],
        BeforeValidator(_only_one),
        Field(description="Type of the vectors' numbers"),
    ] = None
    normalized: Annotated[
        bool | None, Field(description="False is refused where the model's files do not normalize")
    ] = None
    late_chunking: OnlyFalse = None
    return_multivector: OnlyFalse = None

    modality: Annotated[
        Literal["text", None], BeforeValidator(_only_one), Field(description="Any other is refused")
    ] = None

    truncate_prompt_tokens: Annotated[
        int | None,
        Field(ge=-1, description="Tokens of a text that are read; -1 is as many as the window has"),
        NOT_BOOLEAN,
    ] = None
    truncation_side: Annotated[
        Literal["left", "right", None], Field(description="Where `truncate_prompt_tokens` takes them away")
    ] = None
    normalize: Annotated[bool | None, Field(description="As `normalized`")] = None
    use_activation: Annotated[bool | None, Field(description="As `normalized`")] = None
    add_special_tokens: Annotated[Literal[True, None], Field(description="False is refused")] = None
    embed_dtype: Annotated[Literal["float32", None], Field(description="Any other is refused")] = None
    endianness: Annotated[Literal["little", "native", None], Field(description="Any other is refused")] = None
    prompt_name: Annotated[AnyInputType, Field(description="Another name of `input_type`")] = None

    @property
    def kind(self) -> InputType | None:
        """What the texts are for, by whatever name the request says it."""
        return self.input_type or self.task or self.prompt_name

    @property
    def most_tokens(self) -> int | None:
        """Of a text; none is the window."""
        return self.truncate_prompt_tokens if (self.truncate_prompt_tokens or -1) > 0 else None

    @property
    def truncation(self) -> Truncation | None:
        """Where a longer text loses tokens, by whatever name the request says it; none if it does not."""
        if self.truncate_prompt_tokens is None:
            return self.truncate
        return "start" if self.truncation_side == "left" else "end"

    @model_validator(mode="after")
    def _agree(self) -> Self:
        named = [name for name in ("input_type", "task", "prompt_name") if getattr(self, name)]
        if len({getattr(self, name) for name in named}) > 1:
            raise differing(*named)
        if self.truncate_prompt_tokens == 0:
            raise InvalidInput("truncate_prompt_tokens must not be 0.", loc=("truncate_prompt_tokens",))
        check_side(self.truncation_side, self.truncate_prompt_tokens)
        if self.truncate_prompt_tokens is not None and self.truncate not in (None, self.truncation):
            raise differing("truncate", "truncate_prompt_tokens")
        if self.truncate_prompt_tokens is not None and self.chunked:
            raise differing("chunked", "truncate_prompt_tokens")
        return self


class EmbeddingItem(BaseModel):
    """One input's vector."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | list[int] | str


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
