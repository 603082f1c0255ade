"""What the bodies of all vendors' dialects have in common: fields that would change the vectors are never ignored."""

from typing import Any

from pydantic import BaseModel, model_validator

from bentos.common.errors import InvalidInput

_CHANGE_VECTORS = frozenset(
    {
        *("instruction", "prompt", "task", "late_chunking", "return_multivector"),
        *("dimensions", "output_dimension", "truncate_prompt_tokens", "add_special_tokens"),
    }
)
"""Fields of one vendor or another by which the vectors would be other ones."""


class VendorBody(BaseModel):
    """A body whose unknown fields are ignored, but for one of another vendor that would change the vectors."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, body: Any) -> Any:
        if isinstance(body, dict) and not _CHANGE_VECTORS.isdisjoint(body):
            for name in sorted(_CHANGE_VECTORS & body.keys() - cls.model_fields.keys()):
                if body[name] not in (None, "", False):
                    raise InvalidInput("There is no such field here, and it would change the vectors.", loc=(name,))
        return body
