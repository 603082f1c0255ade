"""The text of a point, made from its payload."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from scripts.command import UsageError

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PART = re.compile(rf'(\{{\{{|\}}\}})|\{{((?:{_QUOTED}|[^{{}}"])*)\}}|([^{{}}]+)|([{{}}])')
_STEP = re.compile(rf'({_QUOTED})|([^"]+)')


class _Step(NamedTuple):
    """A key of an object, or, unless it was quoted, several with dots between them."""

    key: str
    quoted: bool


class Template:
    """Text with payload fields in braces: `{name} at {company}`.

    Dots lead into objects, even into one that a string holds as JSON: `{address.city}`, `{_node_content.text}`. Quotes
    hold a key together: `{meta."dc.title"}`. A doubled brace stands for itself.

    Raises:
        UsageError: braces or quotes do not match, or no field is named.
    """

    def __init__(self, text: str) -> None:
        self._parts = list(_parts(text))
        self._steps = {field: _steps(field, text) for _, field in self._parts if field is not None}
        self.fields = list(self._steps)
        if not self.fields:
            raise UsageError(f"The template {text!r} must name payload fields in braces, such as {{name}}.")

    def render(self, payload: Mapping[str, Any]) -> str:
        """The text, white space collapsed; a missing field leaves nothing. Without any field the text is empty."""
        values = {field: _text(_find(payload, steps)) for field, steps in self._steps.items()}
        if not any(values.values()):
            return ""
        return " ".join("".join(literal + values.get(field or "", "") for literal, field in self._parts).split())

    def unknown_fields(self, payloads: Sequence[Mapping[str, Any]]) -> list[str]:
        """Fields that none of the payloads has."""
        return [
            field for field, steps in self._steps.items() if all(_find(payload, steps) is None for payload in payloads)
        ]


def _parts(text: str) -> Iterator[tuple[str, str | None]]:
    """Literals, and the fields after them, if any."""
    for part in _PART.finditer(text):
        brace, field, literal, lone = part.groups()
        if lone:
            raise UsageError(
                f"The template {text!r} is wrong: {text[part.start() :]!r} has a brace or a quote without its "
                "counterpart. Write {{ or }} for a brace itself."
            )
        yield (brace[0] if brace else literal or "", field)


def _steps(field: str, text: str) -> list[_Step]:
    steps: list[_Step] = []
    found = list(_STEP.finditer(field))
    for number, (quoted, bare) in enumerate(step.groups() for step in found):
        if quoted:
            try:
                steps.append(_Step(json.loads(quoted), quoted=True))
            except ValueError as error:
                raise UsageError(f"The template {text!r} is wrong: {quoted} is not a JSON string.") from error
            continue
        first, last = number == 0, number == len(found) - 1
        if bare == "." and not first and not last:
            continue
        key = bare if first else bare.removeprefix(".")
        key = key if last else key.removesuffix(".")
        if not key or (not first and not bare.startswith(".")) or (not last and not bare.endswith(".")):
            raise UsageError(f"The template {text!r} is wrong: put a dot between the keys of {{{field}}}.")
        steps.append(_Step(key, quoted=False))
    if not steps:
        raise UsageError(f"The template {text!r} must name payload fields in braces, such as {{name}}.")
    return steps


def _find(value: Any, steps: list[_Step]) -> Any:
    """The value at the end of a path; of keys that hold dots themselves the longest that there is."""
    if not steps:
        return value
    parent = _as_object(value)
    (key, quoted), rest = steps[0], steps[1:]
    if parent is None or key in parent:
        return None if parent is None else _find(parent[key], rest)
    names = [] if quoted else key.split(".")
    for end in range(len(names) - 1, 0, -1):
        head, tail = ".".join(names[:end]), ".".join(names[end:])
        if head in parent:
            return _find(parent[head], [_Step(tail, quoted=False), *rest])
    return None


def _as_object(value: Any) -> Mapping[str, Any] | None:
    """An object, even one that a string holds as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, Mapping) else None


def _text(value: Any) -> str:
    """Strings as they are, lists with commas between their items, anything else as JSON; empty if there is nothing."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return ", ".join(filter(None, map(_text, value)))
    return "" if value is None or value == {} else json.dumps(value, ensure_ascii=False, default=str)
