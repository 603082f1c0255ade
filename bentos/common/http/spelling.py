"""Names of fields that look like a known one misspelt, or written as another language writes names."""

from collections.abc import Iterable
from itertools import takewhile

_LONGEST = 40
"""Characters of a name that is compared with others; no field has as many."""
_SHORTEST = 6
"""Characters of a field whose letters may differ: `top_p` and `mode` are other names than `top_n` and `model`."""


def meant_field(name: str, known: Iterable[str]) -> str | None:
    """The known field that an unknown name seems to mean; none if it is like none of them.

    It is the same but for capitals, `_` and `-`, as in `inputType`; or, of a longer field, has one letter too many, one
    too few or a wrong one, or two of them swapped.

    Args:
        name: of a request, as long as the client likes.
        known: names of fields.
    """
    if len(name) > _LONGEST:
        return None
    plain = _plain(name)
    return next((field for field in known if _is_one_slip_away(plain, _plain(field))), None)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _is_one_slip_away(given: str, field: str) -> bool:
    if len(field) < _SHORTEST or abs(len(given) - len(field)) > 1:
        return given == field
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(given, field, strict=False)))
    rest, wanted = given[same:], field[same:]
    swapped = rest[:2] == wanted[:2][::-1] and rest[2:] == wanted[2:]
    return swapped or rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:]
