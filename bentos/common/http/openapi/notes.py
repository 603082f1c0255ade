"""What a service says of its bodies that their types do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bentos.common.http.headers import WORK_OPTIONS
from bentos.common.http.openapi.names import SCHEMAS
from bentos.common.http.responses import NativeError


@dataclass(frozen=True)
class BodyNotes:
    """What a route's type does not say of its body.

    Attributes:
        example: that the service answers with 200.
        one_of: fields of which a body has exactly one.
    """

    example: Any
    one_of: Sequence[str] = ()


@dataclass(frozen=True)
class BatchDescription:
    """A BentoML API, which FastAPI does not know.

    Attributes:
        summary: in a few words.
        parameter: its only one, a list.
        item: JSON schema of what may be in the list.
        limit: most items.
        answer: JSON schema of the answer.
    """

    summary: str
    parameter: str
    item: Mapping[str, Any]
    limit: int
    answer: Mapping[str, Any]

    @property
    def operation(self) -> dict[str, Any]:
        """As a path of OpenAPI has it."""
        items = {"type": "array", "items": self.item, "minItems": 1, "maxItems": self.limit}
        properties = {self.parameter: items}
        body = {"type": "object", "properties": properties, "required": [self.parameter], "additionalProperties": False}
        answer = {"description": "Successful Response", "content": {"application/json": {"schema": self.answer}}}
        errors = {"application/json": {"schema": {"$ref": f"{SCHEMAS}{NativeError.__name__}"}}}
        return {
            "tags": ["BentoML"],
            "summary": self.summary,
            "description": "For BentoML's clients. Calls that come together are computed together.",
            "parameters": WORK_OPTIONS[:1],
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": {"200": answer, "default": {"description": "Any error", "content": errors}},
        }
