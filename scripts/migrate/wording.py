"""Sentences about numbers of things."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 point`, `2 points`; a plural that is not made with an s is given."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or f'{noun}s'}"
