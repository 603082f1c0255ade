"""Bodies and answers of Voyage's dialect. Unknown fields are ignored."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, Field

from bentos.common.bounds import Name
from bentos.common.http.dialects.voyage import MOST_ITEMS
from bentos.embed.request import InputType
from bentos.embed.schemas.input_type import DESCRIPTION, meaning
from bentos.embed.schemas.inputs import Inputs, inputs_validator
from bentos.embed.schemas.vector_options import Dimensions
from bentos.embed.schemas.vendor_body import VendorBody


def _too_many(number: int) -> str:
    return f"{number} texts are more than the limit of {MOST_ITEMS}."


class EmbeddingsVoyageBody(VendorBody):
    """One text or several."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        **VendorBody.elsewhere,
        **dict.fromkeys(("embedding_type", "embedding_types"), "`output_dtype` chooses the type of the numbers"),
        "dimensions": "`output_dimension` chooses their length",
    }

    input: Annotated[
        Inputs,
        inputs_validator(MOST_ITEMS, _too_many, token_ids=False),
        Field(description="A text, or up to 1,000, none empty"),
    ]
    model: Annotated[Name, Field(description="The served model's id or one of its aliases")]
    input_type: Annotated[
        InputType | None,
        BeforeValidator(meaning, json_schema_input_type=Literal["query", "document", None]),
        Field(description=DESCRIPTION),
    ] = None
    truncation: Annotated[
        bool | None,
        Field(
            description="Whether a text over the window loses its end, which `X-Truncated` says; else it is refused. "
            "By default `EMBED_TRUNCATE` says"
        ),
    ] = None
    output_dimension: Dimensions = None
    output_dtype: Annotated[
        Literal["float", "int8", "uint8", "binary", "ubinary", None], Field(description="Type of the vectors' values")
    ] = None
    encoding_format: Annotated[
        Literal["base64", "float", None],
        Field(description="By default numbers; `base64` is of their bytes, float32 little-endian"),
    ] = None


class VoyageEmbedding(BaseModel):
    """One text's vector."""

    object: Literal["embedding"]
    embedding: list[float] | list[int] | str
    index: int


class VoyageUsage(BaseModel):
    """Tokens as the model saw them, prompts and special tokens included."""

    total_tokens: int


class EmbeddingsVoyageAnswer(BaseModel):
    """Vectors in the order of the texts."""

    object: Literal["list"]
    data: list[VoyageEmbedding]
    model: str
    usage: VoyageUsage
