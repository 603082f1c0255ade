"""What OpenAI, Jina and Voyage call `input`, text-embeddings-inference `inputs`: texts, also as token ids."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import Field, PlainValidator, ValidationInfo
from typing_extensions import TypedDict

from bentos.common.bounds import MOST_TOKEN_IDS, Text, TokenId
from bentos.common.errors import InvalidInput, Location, TooManyItems, TooManyTokens

_TokenIds: TypeAlias = Annotated[list[TokenId], Field(max_length=MOST_TOKEN_IDS)]


class _TextObject(TypedDict):
    """A text as Jina's clients send it."""

    text: Text


@dataclass(frozen=True, slots=True)
class Inputs:
    """Texts of a request.

    Attributes:
        texts: each a string, or ids of the served model's tokens.
        numbered: whether they came as a list.
    """

    texts: Sequence[str | Sequence[int]]
    numbered: bool


def inputs_validator(
    most: int, too_many: Callable[[int], str], *, token_ids: bool = True, objects: bool = False
) -> PlainValidator:
    """What reads a field of inputs. Numbers of texts and of token ids are checked before any of them is looked at.

    Args:
        most: texts.
        too_many: what to say of a larger number.
        token_ids: whether a text may be token ids,
        objects: or an object with a `text`.
    """
    read_item = _item if token_ids else _string

    def read(value: object, info: ValidationInfo) -> Inputs:
        # A union of types would name every one of them in its errors, and not the item's path.
        loc = (str(info.field_name),)
        match value:
            case str():
                return Inputs([value], numbered=False)
            case dict() if objects:
                return Inputs([_text_of(value, loc)], numbered=False)
            case [int(), *_] if token_ids:
                _check_tokens(len(value))
                return Inputs([_item(value, loc)], numbered=False)
            case list():
                if len(value) > most:
                    raise TooManyItems(too_many(len(value)), loc=loc)
                _check_tokens(sum(len(item) for item in value if isinstance(item, list)))
                if objects and any(isinstance(item, dict) for item in value):
                    value = [
                        _text_of(item, (*loc, index)) if isinstance(item, dict) else item
                        for index, item in enumerate(value)
                    ]
                return Inputs([read_item(item, (*loc, index)) for index, item in enumerate(value)], numbered=True)
        what = "a string, a list of strings, token ids or a list of lists of token ids"
        raise InvalidInput(f"Send {what if token_ids else 'a string or a list of strings'}.", loc=loc)

    if not token_ids:
        return PlainValidator(read, json_schema_input_type=Text | Annotated[list[Text], Field(max_length=most)])
    if objects:
        either = Annotated[list[Text | _TextObject | _TokenIds], Field(max_length=most)]
        return PlainValidator(read, json_schema_input_type=Text | _TextObject | _TokenIds | either)
    texts = Annotated[list[Text | _TokenIds], Field(max_length=most)]
    return PlainValidator(read, json_schema_input_type=Text | _TokenIds | texts)


def _check_tokens(number: int) -> None:
    if number > MOST_TOKEN_IDS:
        raise TooManyTokens(f"Requested {number} tokens, max {MOST_TOKEN_IDS} tokens per request.")


def _text_of(value: dict[Any, Any], loc: Location) -> str:
    text = value.get("text")
    if not isinstance(text, str):
        raise InvalidInput('Send a string or {"text": …}: the model embeds texts only.', loc=loc)
    if other := next((name for name in value if name != "text"), None):
        raise InvalidInput("The model embeds texts only.", loc=(*loc, str(other)[:100]))
    return text


def _string(value: object, loc: Location) -> str:
    if not isinstance(value, str):
        raise InvalidInput("Send a string.", loc=loc)
    return value


def _item(value: object, loc: Location) -> str | Sequence[int]:
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise InvalidInput("Send a string or a list of token ids.", loc=loc)
    if not all(type(token) is int for token in value):
        index = next(index for index, token in enumerate(value) if type(token) is not int)
        raise InvalidInput("A token id is an integer.", loc=(*loc, index))
    return value
