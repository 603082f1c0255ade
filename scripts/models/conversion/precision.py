"""The precisions a model can be converted to, and which one is tried after which."""

from typing import Literal

Precision = Literal["fp32", "bf16", "int8"]
Wanted = Literal["auto", "fp32", "bf16", "int8"]

# The next one is slower and closer to the original.
_LADDER: tuple[Precision, ...] = ("int8", "bf16", "fp32")


def candidates(wanted: Wanted, *, bf16: bool) -> list[Precision]:
    """What to try, in order; the first that passes is taken.

    Args:
        wanted: a precision, or `auto` for the fastest that is faithful.
        bf16: whether the processor computes in bf16.
    """
    if wanted != "auto":
        return [wanted]
    return ["int8", *_better_than("int8", bf16=bf16)]


def next_better(precision: Precision, *, bf16: bool) -> Precision | None:
    """The precision to offer where this one is not faithful enough."""
    return next(iter(_better_than(precision, bf16=bf16)), None)


def _better_than(precision: Precision, *, bf16: bool) -> list[Precision]:
    better = _LADDER[_LADDER.index(precision) + 1 :]
    return [step for step in better if bf16 or step != "bf16"]
