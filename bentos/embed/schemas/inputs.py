"""What OpenAI calls `input` and text-embeddings-inference `inputs`: one text or several, also as token ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import PlainValidator, ValidationInfo

from bentos.common.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Inputs:
    """Texts of a request.

    Attributes:
        texts: each a string, or ids of the served model's tokens.
        numbered: whether they came as a list.
    """

    texts: Sequence[str | Sequence[int]]
    numbered: bool


def _read(value: object, info: ValidationInfo) -> Inputs:
    # A union of types would name every one of them in its errors, and not the item's place.
    place = str(info.field_name)
    match value:
        case str():
            return Inputs([value], numbered=False)
        case [int(), *_]:
            return Inputs([_item(value, place)], numbered=False)
        case list():
            return Inputs([_item(item, f"{place}.{index}") for index, item in enumerate(value)], numbered=True)
    raise InvalidInput("Send a string, a list of strings, token ids or a list of lists of token ids.", param=place)


def _item(value: object, place: str) -> str | Sequence[int]:
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise InvalidInput("Send a string or a list of token ids.", param=place)
    for index, token in enumerate(value):
        if type(token) is not int:
            raise InvalidInput("A token id is an integer.", param=f"{place}.{index}")
    return value


AnyInputs: TypeAlias = Annotated[
    Inputs, PlainValidator(_read, json_schema_input_type=str | list[str] | list[int] | list[list[int]])
]
