"""Bodies of text-embeddings-inference."""

from typing import Annotated

from pydantic import BaseModel, Field

from bentos.common.bounds import Text, Texts
from bentos.common.http.dialects.tei import Direction


class RerankTEIBody(BaseModel):
    """A query and the texts to order by it. Unknown fields are ignored."""

    query: Text
    texts: Annotated[Texts, Field(description="Blank ones are scored like any other")]
    truncate: Annotated[
        bool | None,
        Field(
            description="Whether of a text over the model's window one window is scored; else it is refused. By "
            "default `RERANK_TRUNCATE` says"
        ),
    ] = None
    truncation_direction: Annotated[Direction | None, Field(description="Side on which tokens are lost")] = "Right"
    raw_scores: Annotated[bool | None, Field(description="Logits instead of their sigmoid")] = False
    return_text: bool | None = False


class Rank(BaseModel):
    """One text's place in the ranking."""

    index: Annotated[int, Field(description="Place of the text in the request")]
    score: float
    text: str | None = None
