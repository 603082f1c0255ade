"""Names of series in PromQL."""

import re

_QUOTED = re.compile('"[^"]*"')
_NAME = re.compile(r"\b(?:up|(?:duobento|process)_\w+)\b")


def names_in(expression: str) -> set[str]:
    """Names of all series that an expression reads."""
    return set(_NAME.findall(_QUOTED.sub("", expression)))
