"""Golden files: the exact keys of each dialect's answers, nested, with the types of their values."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "golden"


def shape(value: Any) -> Any:
    """A JSON value with the names of types instead of values; of a list, each shape of its items once."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        shapes: list[Any] = []
        for item in map(shape, value):
            if item not in shapes:
                shapes.append(item)
        return shapes
    return type(value).__name__


def golden(name: str) -> Any:
    """The shape that `golden/<name>.json` holds."""
    return json.loads((FOLDER / f"{name}.json").read_text())
