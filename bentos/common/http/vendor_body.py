"""What the bodies of all vendors' dialects have in common: fields that would change the result are never ignored."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, model_validator

from bentos.common.errors import InvalidInput
from bentos.common.http.spelling import meant_field

_USUAL = {
    "truncation_direction": "right",
    "truncation_side": "right",
    **dict.fromkeys(("encoding_format", "embedding_type", "embedding_types", "output_dtype"), "float"),
}
"""Values with which a field that would change the result asks for what is done anyway."""


def differing(*names: str) -> InvalidInput:
    """The error of fields that have one meaning and different values; it is at the last of them."""
    return InvalidInput(f"{', '.join(names[:-1])} and {names[-1]} say different things.", loc=(names[-1],))


class VendorBody(BaseModel):
    """A body whose unknown fields are ignored, but for one of another vendor that would change the result.

    One that looks like a field of the body misspelt is refused, too, if it is not null.

    Attributes:
        result: what would be another one.
        changing: fields of one vendor or another by which it would,
        changing_if_false: and those by which it would if they are false.
        elsewhere: who takes such a field, where a caller can be told.
    """

    result: ClassVar[str]
    changing: ClassVar[frozenset[str]]
    changing_if_false: ClassVar[frozenset[str]]
    elsewhere: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, body: Any) -> Any:
        if not isinstance(body, dict) or body.keys() <= cls.model_fields.keys():
            return body
        changing = [name for name in cls.changing & body.keys() if body[name] and not _is_usual(name, body[name])]
        changing += [name for name in cls.changing_if_false & body.keys() if body[name] is False]
        for name in sorted({*changing} - cls.model_fields.keys()):
            message = f"There is no such field here, and it would change the {cls.result}"
            where = f": {cls.elsewhere[name]}." if name in cls.elsewhere else "."
            raise InvalidInput(message + where, loc=(name,))
        for name in sorted(body.keys() - cls.model_fields.keys() - cls.changing - cls.changing_if_false):
            if body[name] is not None and (meant := meant_field(name, cls.model_fields)):
                raise InvalidInput(f"There is no such field here: did you mean {meant}?", loc=(name,))
        return body


def _is_usual(name: str, value: object) -> bool:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return isinstance(value, str) and _USUAL.get(name) == value.lower()
