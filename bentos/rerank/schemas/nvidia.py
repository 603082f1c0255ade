"""Bodies and answers of NVIDIA's NIM. Unknown fields are ignored."""

from typing import Annotated

from pydantic import BaseModel, Field

from bentos.common.bounds import MOST_ITEMS, Name, Text
from bentos.common.http.truncate import VendorTruncate
from bentos.rerank.schemas.vendor_body import BestFirstBody


class TextOfRanking(BaseModel):
    """A query or a passage."""

    text: Text
    image: Annotated[None, Field(description="Refused: the model reads texts")] = None


class RankingBody(BestFirstBody):
    """A query and the passages to order by it."""

    model: Annotated[Name, Field(description="The served model's id or one of its aliases")]
    query: TextOfRanking
    passages: Annotated[list[TextOfRanking], Field(max_length=MOST_ITEMS, fail_fast=True)]
    truncate: VendorTruncate = None


class RankOfPassage(BaseModel):
    """One passage's place in the ranking."""

    index: Annotated[int, Field(description="Place of the passage in the request")]
    logit: float


class RankingUsage(BaseModel):
    """Tokens of all windows, the query counted in each."""

    prompt_tokens: int
    total_tokens: int


class RankingAnswer(BaseModel):
    """Rankings, best first."""

    rankings: list[RankOfPassage]
    usage: RankingUsage
