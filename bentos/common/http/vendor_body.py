"""What the bodies of all vendors' dialects have in common: fields that would change the result are never ignored."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, model_validator

from bentos.common.errors import InvalidInput, Location
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
    """A body whose unknown fields are ignored, unless one of another vendor would change the result.

    One that looks like a misspelt field of the body is refused, too, if it is not null.

    Attributes:
        result: what such a field would change, for the error.
        changing: fields of any vendor that would change it,
        changing_if_false: and those that would if they are false.
        elsewhere: what to do instead of sending such a field, where there is something, for the error.
        place: where the body is, if it is part of another one.
    """

    result: ClassVar[str]
    changing: ClassVar[frozenset[str]]
    changing_if_false: ClassVar[frozenset[str]]
    elsewhere: ClassVar[Mapping[str, str]] = {}
    place: ClassVar[Location] = ()

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
            raise InvalidInput(message + where, loc=(*cls.place, name))
        for name in sorted(body.keys() - cls.model_fields.keys() - cls.changing - cls.changing_if_false):
            if body[name] is not None and (meant := meant_field(name, cls.model_fields)):
                raise InvalidInput(f"There is no such field here: did you mean {meant}?", loc=(*cls.place, name))
        return body


def _is_usual(name: str, value: object) -> bool:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return isinstance(value, str) and _USUAL.get(name) == value.lower()
