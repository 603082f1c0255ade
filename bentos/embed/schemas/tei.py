"""The body of text-embeddings-inference's dialect. Unknown fields are ignored."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field

from bentos.common.bounds import MOST_ITEMS, Text
from bentos.common.errors import Location
from bentos.common.http.dialects.tei import Direction
from bentos.embed.schemas.input_type import AnyInputType
from bentos.embed.schemas.inputs import Inputs, inputs_validator
from bentos.embed.schemas.vector_options import Dimensions
from bentos.embed.schemas.vendor_body import VendorBody


def _too_many(number: int) -> str:
    return f"{number} texts are more than the limit of {MOST_ITEMS}."


class TEIBody(VendorBody):
    """What is the same in all bodies."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(
            ("instruction", "prompt", "input_type", "task", "task_type"), "`prompt_name` chooses the model's prompt"
        ),
        **dict.fromkeys(("extra_body", "parameters"), "its fields belong beside `inputs`"),
    }


class SimilarityInputs(BaseModel):
    """What is compared."""

    source_sentence: Text
    sentences: Annotated[list[Text], Field(max_length=MOST_ITEMS, fail_fast=True)]


class SimilarityParameters(TEIBody):
    """As in `/embed`."""

    place: ClassVar[Location] = ("parameters",)

    truncate: bool | None = None
    truncation_direction: Direction | None = None
    prompt_name: AnyInputType = None


class SimilarityTEIBody(TEIBody):
    """A sentence and those that it is compared with."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        **TEIBody.elsewhere,
        **dict.fromkeys(SimilarityParameters.model_fields, "`parameters` has it"),
    }

    inputs: SimilarityInputs
    parameters: SimilarityParameters | None = None


class EmbedTEIBody(TEIBody):
    """One input or several."""

    # The native route's, at the same path: a body with both says two things. And the place of options in the API of
    # Hugging Face's hub.
    changing = VendorBody.changing | {"text", "texts", "parameters"}
    elsewhere: ClassVar[Mapping[str, str]] = {
        **TEIBody.elsewhere,
        "output_dimension": "`dimensions` chooses their length",
    }

    inputs: Annotated[
        Inputs,
        inputs_validator(MOST_ITEMS, _too_many),
        Field(description="Texts; ids are of the served model's tokens, 300,000 in all"),
    ]
    truncate: Annotated[
        bool | None,
        Field(
            description="Whether a text over the model's limit loses tokens; else it is refused. By default "
            "`EMBED_TRUNCATE` says"
        ),
    ] = None
    truncation_direction: Annotated[
        Direction | None,
        Field(description="Side on which tokens are lost. By default the right, or as the setting says"),
    ] = None
    prompt_name: Annotated[
        AnyInputType, Field(description="Which of the model's prompts; by default none, or `EMBED_TEI_INPUT_TYPE`'s")
    ] = None
    normalize: Annotated[
        bool | None,
        Field(description="False is refused where the model's files do not normalize"),
    ] = True
    dimensions: Dimensions = None
