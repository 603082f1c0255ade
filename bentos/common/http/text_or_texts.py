"""A field of a body that holds one text or several."""

from typing import Annotated, TypeAlias

from pydantic import PlainValidator, ValidationInfo

from bentos.common.bounds import MOST_ITEMS, Text, Texts
from bentos.common.errors import InvalidInput, TooManyItems


def text_or_texts(value: object, info: ValidationInfo) -> str | list[str]:
    """Read a field that holds one text or several; of wrong ones the first is named."""
    # A union of types would name each of them for every item.
    if isinstance(value, str):
        return value
    field = str(info.field_name)
    if not isinstance(value, list):
        raise InvalidInput(f"{field}: Input should be a string or a list of strings", loc=(field,))
    if len(value) > MOST_ITEMS:
        raise TooManyItems(f"{field}: {len(value)} texts are more than the limit of {MOST_ITEMS}", loc=(field,))
    for index, item in enumerate(value):
        if not isinstance(item, str):
            raise InvalidInput(f"{field}.{index}: Input should be a valid string", loc=(field, index))
    return value


TextOrTexts: TypeAlias = Annotated[str | list[str], PlainValidator(text_or_texts, json_schema_input_type=Text | Texts)]
