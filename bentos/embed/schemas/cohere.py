"""Bodies and answers of Cohere's two versions of embed. Unknown fields are ignored."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, field_validator, model_validator

from bentos.common.bounds import Count, Name, Text
from bentos.common.errors import InvalidInput, TooManyItems
from bentos.common.http.dialects.cohere import Priority
from bentos.common.http.truncate import VendorTruncate
from bentos.embed.quantization import EmbeddingType
from bentos.embed.request import InputType
from bentos.embed.schemas.input_type import DESCRIPTION, meaning
from bentos.embed.schemas.vector_options import Dimensions
from bentos.embed.schemas.vendor_body import VendorBody

ONLY_TEXTS = "the model embeds texts only, not images"
_MOST_TEXTS = 96
_MOST_PARTS = 1000

_Item = TypeVar("_Item")


def _at_most_96(texts: Any) -> Any:
    """The vendor's limit in its words."""
    if isinstance(texts, list) and len(texts) > _MOST_TEXTS:
        raise TooManyItems(f"total number of texts must be at most {_MOST_TEXTS} - received {len(texts)}")
    return texts


def _input_type(value: object) -> object:
    if value == "image":
        raise ValueError(ONLY_TEXTS)
    return meaning(value)


Model: TypeAlias = Annotated[Name, Field(description="The served model's id or one of its aliases")]
VendorInputType: TypeAlias = Annotated[
    InputType,
    BeforeValidator(
        _input_type,
        json_schema_input_type=Literal["search_document", "search_query", "classification", "clustering", "image"],
    ),
    Field(description=f"{DESCRIPTION}. `image` is refused"),
]
EmbeddingTypes: TypeAlias = Annotated[
    list[EmbeddingType] | None, Field(max_length=10, fail_fast=True, description="Forms of the vectors, each once")
]
Images: TypeAlias = Annotated[list[Any] | None, Field(max_length=_MOST_TEXTS, description="Refused")]
AtMost96: TypeAlias = Annotated[
    list[_Item], Field(max_length=_MOST_TEXTS, fail_fast=True), BeforeValidator(_at_most_96)
]
_FloatVectors: TypeAlias = list[list[float]]  # inside `ByType` the field's name hides the type's


class Meta(BaseModel):
    """Facts about the answer."""

    api_version: dict[Literal["version"], str]
    billed_units: Annotated[
        dict[Literal["input_tokens"], int],
        Field(description="Tokens as the model saw them, prompts and special tokens included"),
    ]
    tokens: Annotated[
        dict[Literal["input_tokens", "output_tokens"], int],
        Field(description="Tokens as the model saw them, prompts and special tokens included; it makes none"),
    ]
    warnings: Annotated[list[str] | None, Field(description="One for each text that was truncated")] = None


class ByType(BaseModel):
    """Vectors in each form that was asked for, in the order of the texts."""

    float: _FloatVectors | None = None
    int8: list[list[int]] | None = None
    uint8: list[list[int]] | None = None
    binary: list[list[int]] | None = None
    ubinary: list[list[int]] | None = None
    base64: list[str] | None = None


class EmbedVendorBody(VendorBody):
    """What is the same in both versions."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        **VendorBody.elsewhere,
        **dict.fromkeys(
            ("encoding_format", "embedding_type", "output_dtype"), "`embedding_types` lists the types that are wanted"
        ),
    }


class EmbedV1Body(EmbedVendorBody):
    """Texts to embed."""

    texts: Annotated[AtMost96[Text] | None, Field(description="1 to 96, none empty")] = None
    images: Images = None
    model: Model | None = None
    input_type: VendorInputType | None = None
    embedding_types: EmbeddingTypes = None
    truncate: VendorTruncate = None


class EmbedFloatsAnswer(BaseModel):
    """Answer to a request without `embedding_types`."""

    response_type: Literal["embeddings_floats"]
    id: Annotated[str, Field(description="The request's id")]
    texts: list[str]
    embeddings: list[list[float]]
    meta: Meta


class EmbedByTypeAnswer(BaseModel):
    """Answer to a request with `embedding_types`, and to all of the second version's."""

    response_type: Literal["embeddings_by_type"]
    id: Annotated[str, Field(description="The request's id")]
    texts: list[str]
    embeddings: ByType
    meta: Meta


class Content(BaseModel):
    """A part of an input."""

    type: Annotated[Literal["text", "image_url"], Field(description="`image_url` is refused")]
    text: Text = ""

    @field_validator("type")
    @classmethod
    def _is_text(cls, value: str) -> str:
        if value != "text":
            raise ValueError(ONLY_TEXTS)
        return value


class MixedInput(BaseModel):
    """An input in parts; their texts are joined by line breaks."""

    content: Annotated[list[Content], Field(min_length=1, max_length=_MOST_PARTS, fail_fast=True)]

    @property
    def text(self) -> str:
        """The whole text."""
        return "\n".join(part.text for part in self.content)


class EmbedV2Body(EmbedVendorBody):
    """Texts to embed."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        **EmbedVendorBody.elsewhere,
        "dimensions": "`output_dimension` chooses their length",
    }

    model: Model
    input_type: VendorInputType
    texts: Annotated[AtMost96[Text] | None, Field(description="1 to 96, none empty; or `inputs`")] = None
    inputs: Annotated[AtMost96[MixedInput] | None, Field(description="1 to 96, of texts only; or `texts`")] = None
    images: Images = None
    max_tokens: Annotated[
        Count, Field(description="Tokens of a text that are read, prompt and special tokens included")
    ] = None
    output_dimension: Dimensions = None
    embedding_types: EmbeddingTypes = None
    truncate: VendorTruncate = None
    priority: Priority = None

    @model_validator(mode="after")
    def _texts_or_inputs(self) -> Self:
        if self.texts and self.inputs:
            raise InvalidInput("send texts or inputs, not both", loc=("inputs",))
        if self.texts is not None and self.inputs is not None:
            empty, other = ("inputs", "texts") if self.texts else ("texts", "inputs")
            raise InvalidInput(f"leave out the empty list beside {other}", loc=(empty,))
        return self
