"""Bounds of all that a request may hold. They apply before anything is done with it, whatever the settings allow."""

from typing import Annotated, TypeAlias

from pydantic import Field, PlainValidator, ValidationInfo

from bentos.common.errors import InvalidInput, TooManyItems

MOST_BODY_BYTES = 256 * 1024 * 1024
"""Largest value of `MAX_BODY_BYTES`."""
MOST_ITEMS = 10_000
"""Items of any list; settings may allow fewer."""
MOST_FIELDS = 100
"""Fields of a body, known ones and others."""
MOST_DOCUMENT_FIELDS = 1000
"""Fields of a document that is an object."""
MOST_TOKEN_IDS = 300_000
"""Token ids of all texts together; OpenAI's limit of a request."""
MOST_NAME_CHARACTERS = 256

# A text has no more characters than its body has bytes, and those have been counted. To count the characters as well
# would take 0.1 s for 32 MiB of Cyrillic.
Text: TypeAlias = Annotated[str, Field(json_schema_extra={"maxLength": MOST_BODY_BYTES})]
Texts: TypeAlias = Annotated[list[Text], Field(max_length=MOST_ITEMS, fail_fast=True)]
Name: TypeAlias = Annotated[str, Field(max_length=MOST_NAME_CHARACTERS)]
"""A name or an id, which nobody computes with."""


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
