"""The text of a point, made from its payload."""

from collections.abc import Mapping
from string import Formatter
from typing import Any

from scripts.migrate.errors import MigrateError


class Template:
    """Text with payload fields in braces: `{name} at {company}`, nested ones with dots: `{address.city}`.

    Raises:
        MigrateError: braces do not match, or no field is named.
    """

    def __init__(self, text: str) -> None:
        try:
            self._parts = [(literal, field) for literal, field, *_ in Formatter().parse(text)]
        except ValueError as error:
            raise MigrateError(f"The template {text!r} is wrong: {error}.") from error
        self.fields = list(dict.fromkeys(field for _, field in self._parts if field is not None))
        if not self.fields or "" in self.fields:
            raise MigrateError(f"The template {text!r} must name payload fields in braces, such as {{name}}.")

    def render(self, payload: Mapping[str, Any]) -> str:
        """The text, white space collapsed; a missing field leaves nothing. Without any field the text is empty."""
        values = {field: _text(_find(payload, field)) for field in self.fields}
        if not any(values.values()):
            return ""
        return " ".join("".join(literal + values.get(field or "", "") for literal, field in self._parts).split())

    def unknown_fields(self, payloads: list[Mapping[str, Any]]) -> list[str]:
        """Fields that none of the payloads has."""
        return [field for field in self.fields if all(_find(payload, field) is None for payload in payloads)]


def _find(payload: Any, path: str) -> Any:
    if isinstance(payload, Mapping) and path in payload:
        return payload[path]
    head, _, rest = path.partition(".")
    return _find(payload[head], rest) if rest and isinstance(payload, Mapping) and head in payload else None


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(filter(None, map(_text, value)))
    return "" if value is None else str(value).strip()
