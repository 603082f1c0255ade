"""Which groups of activations are tried."""

from typing import Literal

import pytest

from scripts.models.conversion.group_sizes import group_sizes, needs_margin


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_only_int8_has_groups(precision: Literal["fp32", "bf16"]) -> None:
    assert group_sizes(precision, 1024) == (None, (), ())


@pytest.mark.parametrize(("width", "wider"), [(1024, (128, 256)), (384, (128, 256)), (200, (128,)), (96, ()), (32, ())])
def test_no_group_is_wider_than_a_hidden_state_but_the_usual_one(width: int, wider: tuple[int, ...]) -> None:
    """OpenVINO would not quantize it."""
    assert group_sizes("int8", width) in ((64, wider, (32,)), (64, (), ()))


def test_only_groups_wider_than_the_usual_ones_need_a_margin() -> None:
    assert [size for size in (None, 32, 64, 128, 256) if needs_margin(size)] == [128, 256]
