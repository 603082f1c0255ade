"""What the bodies of the native dialect have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class NativeBody(BaseModel):
    """A body in which an unknown field is an error, unless it is null: clients write out what they leave unset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_unset(cls, body: Any) -> Any:
        if isinstance(body, dict) and None in body.values():
            return {name: value for name, value in body.items() if value is not None or name in cls.model_fields}
        return body
