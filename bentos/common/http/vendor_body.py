"""What the bodies of all vendors' dialects have in common: fields that would change the result are never ignored."""

from typing import Any, ClassVar

from pydantic import BaseModel, model_validator

from bentos.common.errors import InvalidInput


def differing(*names: str) -> InvalidInput:
    """The error of fields that have one meaning and different values; it is at the last of them."""
    return InvalidInput(f"{', '.join(names[:-1])} and {names[-1]} say different things.", loc=(names[-1],))


class VendorBody(BaseModel):
    """A body whose unknown fields are ignored, but for one of another vendor that would change the result.

    Attributes:
        result: what would be another one.
        changing: fields of one vendor or another by which it would.
    """

    result: ClassVar[str]
    changing: ClassVar[frozenset[str]]

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, body: Any) -> Any:
        if isinstance(body, dict) and not cls.changing.isdisjoint(body):
            for name in sorted(cls.changing & body.keys() - cls.model_fields.keys()):
                if body[name]:
                    message = f"There is no such field here, and it would change the {cls.result}."
                    raise InvalidInput(message, loc=(name,))
        return body
