"""Parts of sentences about several things."""

from collections.abc import Iterable
from itertools import islice


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 point`, `2 points`; a plural that is not made with an s is given."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or f'{noun}s'}"


def first_few(items: Iterable[object], maximum: int = 5) -> str:
    """Up to `maximum` items with commas between them, and an ellipsis if there are more."""
    shown = [str(item) for item in islice(items, maximum + 1)]
    return ", ".join(shown[:maximum]) + (" …" if len(shown) > maximum else "")
