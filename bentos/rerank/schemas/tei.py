"""Bodies of text-embeddings-inference."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, Field, PlainValidator

from bentos.common.bounds import MOST_ITEMS, Text, Texts
from bentos.common.errors import InvalidInput, Location
from bentos.common.http.dialects.tei import Direction
from bentos.rerank.schemas.vendor_body import BestFirstBody, VendorBody
from bentos.rerank.scoring import is_pair

_Pair: TypeAlias = Annotated[list[Text], Field(min_length=2, max_length=2)]


class RerankTEIBody(BestFirstBody):
    """A query and the texts to order by it. Unknown fields are ignored."""

    # The native route's, at the same path: a body with both says two things.
    changing = VendorBody.changing | {"documents"}

    query: Text
    texts: Annotated[Texts, Field(description="Blank ones are scored like any other")]
    truncate: Annotated[
        bool | None,
        Field(
            description="Whether of a text over the model's window one window is scored; else it is refused. By "
            "default `RERANK_TRUNCATE` says"
        ),
    ] = None
    truncation_direction: Annotated[
        Direction | None,
        Field(description="Side on which tokens are lost. By default the right, or as the setting says"),
    ] = None
    raw_scores: Annotated[bool | None, Field(description="Logits instead of their sigmoid")] = False
    return_text: bool | None = False


def _pairs(value: Any) -> Any:
    """One pair, or several; a text alone is nothing that a model for pairs can score."""
    if not isinstance(value, list) or not value:
        raise InvalidInput("Input should be a pair of strings, or a list of such pairs", loc=("inputs",))
    several = isinstance(value[0], list)
    for index, pair in enumerate(value if several else [value]):
        if not is_pair(pair):
            loc: Location = ("inputs", index) if several else ("inputs",)
            raise InvalidInput("Input should be a pair of strings: this model scores pairs", loc=loc)
    return value


class PredictTEIBody(VendorBody):
    """A pair of texts or several. Unknown fields are ignored."""

    inputs: Annotated[
        Any,
        PlainValidator(
            _pairs,
            json_schema_input_type=_Pair | Annotated[list[_Pair], Field(max_length=MOST_ITEMS)],
        ),
    ]
    truncate: Annotated[bool | None, Field(description="As in `/rerank`")] = None
    truncation_direction: Annotated[
        Direction | None,
        Field(description="Side on which tokens are lost. By default the right, or as the setting says"),
    ] = None
    raw_scores: Annotated[bool | None, Field(description="Logits instead of their sigmoid")] = False

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """All pairs, also of one alone."""
        return [(first, second) for first, second in (self.inputs if self.is_batch else [self.inputs])]

    @property
    def is_batch(self) -> bool:
        """Whether there is a list of pairs, which is answered with a list of lists."""
        return isinstance(self.inputs[0], list)


class Prediction(BaseModel):
    """Score of the model's only class."""

    score: float
    label: Literal["LABEL_0"]


class Rank(BaseModel):
    """One text's place in the ranking."""

    index: Annotated[int, Field(description="Place of the text in the request")]
    score: float
    text: str | None = None
