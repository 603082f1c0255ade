"""Fields of several dialects that say what a vector is made of."""

from typing import Annotated, TypeAlias

from pydantic import Field

from bentos.common.bounds import NOT_BOOLEAN

Dimensions: TypeAlias = Annotated[
    int | None,
    Field(description="One of the lengths that the model was trained for (`/info`): vectors are cut and renormalised"),
    NOT_BOOLEAN,
]
Chunked: TypeAlias = Annotated[
    bool | None, Field(description="Whether a text over the window is read in pieces, its vector being their mean")
]
