"""A profile for the tests of profiles and of the store."""

from typing import Any

from bentos.common.models.profile import ModelProfile

MODEL_ID = "Example/Tiny-Encoder"
REVISION = "a" * 40


def profile(**changes: Any) -> ModelProfile:
    """A valid profile, changed by `changes`."""
    fields: dict[str, Any] = {
        "model_id": MODEL_ID,
        "revision": REVISION,
        "kind": "encoder",
        "dimension": 8,
        "max_tokens": 64,
        "prompts": {"query": "query: "},
    }
    return ModelProfile(**(fields | changes))
