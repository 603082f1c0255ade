"""Examples on a page: `curl` commands, most with a JSON body, each followed by its answer."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

_EXAMPLE = re.compile(
    r"^\$ curl -s localhost:\d+(?P<path>\S+)(?: [^']*'[^']*' -d '(?P<body>[^']*)')?\n(?P<answer>.*?)^```$", re.M | re.S
)


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
