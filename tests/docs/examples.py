"""Examples on a page: `curl` commands, most with a JSON body, each followed by its answer."""

import base64
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_EXAMPLE = re.compile(
    r"^\$ curl -s localhost:\d+(?P<path>\S+)(?: [^']*'[^']*' -d '(?P<body>[^']*)')?\n(?P<answer>.*?)^```$", re.M | re.S
)
_SHOWN_NUMBERS = 2
_SHOWN_CHARACTERS = 12
_LONG_STRING = 120
_REQUEST_ID = re.compile("[0-9a-f]{32}")


class Example(NamedTuple):
    """A request and the answer that the page shows; without a body it is a GET."""

    path: str
    body: Any
    answer: Any


def examples(page: Path) -> list[Example]:
    """All examples of a page, in their order."""
    return [
        Example(found["path"], json.loads(found["body"] or "null"), json.loads(found["answer"]))
        for found in _EXAMPLE.finditer(page.read_text())
    ]


def shortened(answer: Any) -> Any:
    """The answer as the page shows it: of vectors and encoded ones only the beginning."""
    match answer:
        case dict():
            return {key: shortened(value) for key, value in answer.items()}
        case [int() | float(), *_] if len(answer) > 2 * _SHOWN_CHARACTERS:
            return [*answer[:_SHOWN_NUMBERS], f"… {len(answer) - _SHOWN_NUMBERS} more"]
        case list():
            return [shortened(item) for item in answer]
        case str() if len(answer) > _LONG_STRING and " " not in answer:
            return f"{answer[:_SHOWN_CHARACTERS]}…"
        case _:
            return answer


def comparable(answer: Any) -> Any:
    """The answer without the request's id, which is never the same, and with numbers rounded, encoded ones too."""
    match answer:
        case dict():
            return {key: comparable(value) for key, value in answer.items()}
        case list():
            return [comparable(item) for item in answer]
        case float():
            return round(answer, 4)
        case str() if _REQUEST_ID.fullmatch(answer):
            return "the request's id"
        case str() if answer.endswith("…"):
            return np.frombuffer(base64.b64decode(answer[:_SHOWN_CHARACTERS]), "<f4", _SHOWN_NUMBERS).round(4).tolist()
        case _:
            return answer
