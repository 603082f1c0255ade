"""The field by which requests of all dialects say what their texts are for."""

from difflib import get_close_matches
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from bentos.embed.request import InputType

# What is compared with its like counts as a query, as E5's model card says of symmetric tasks.
_MEANINGS = {
    "query": InputType.QUERY,
    "search_query": InputType.QUERY,
    "retrieval.query": InputType.QUERY,
    "code.query": InputType.QUERY,
    "nl2code.query": InputType.QUERY,
    "classification": InputType.QUERY,
    "clustering": InputType.QUERY,
    "text-matching": InputType.QUERY,
    "separation": InputType.QUERY,
    "passage": InputType.PASSAGE,
    "document": InputType.PASSAGE,
    "search_document": InputType.PASSAGE,
    "retrieval.passage": InputType.PASSAGE,
    "code.passage": InputType.PASSAGE,
    "nl2code.passage": InputType.PASSAGE,
    "none": InputType.NONE,
}


_RETRIEVAL = ("query", "passage", "none", "document", "search_query", "search_document")
"""Of those the names that somebody would put behind a model's name; others may well be a tag of its own."""
_ALIKE = 0.8
"""How alike two words have to be, of 1: `pasage` and `passage` are, `large` and `passage` are not."""


def meaning(value: object) -> object:
    """An input type of any vendor, in any case, as ours."""
    return _MEANINGS.get(value.lower(), value) if isinstance(value, str) else value


def nearest(word: str) -> InputType | None:
    """The input type that a word seems to mean, as another vendor's name or misspelt; none if it is like none."""
    found = get_close_matches(word.strip().lower(), _RETRIEVAL, 1, _ALIKE)
    return _MEANINGS[found[0]] if found else None


DESCRIPTION = "What the texts are for: chooses the model's prompt. Other vendors' names are understood in every dialect"
AnyInputType: TypeAlias = Annotated[
    InputType | None,
    BeforeValidator(
        meaning,
        json_schema_input_type=Literal["query", "passage", "none", "search_query", "search_document", "document", None],
    ),
    Field(description=DESCRIPTION),
]
