"""Which known field a misspelt one means."""

import pytest

from bentos.common.http.spelling import meant_field

KNOWN = ["input", "model", "input_type", "dimensions", "top_n", "truncate"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("inputType", "input_type"),
        ("INPUT-TYPE", "input_type"),
        ("inputtype", "input_type"),
        ("topN", "top_n"),
        ("dimension", "dimensions"),
        ("dimensionss", "dimensions"),
        ("dimensiens", "dimensions"),
        ("dimensoins", "dimensions"),
        ("runcate", "truncate"),
    ],
)
def test_other_capitals_or_one_slip_mean_a_field(given: str, meant: str) -> None:
    assert meant_field(given, KNOWN) == meant


@pytest.mark.parametrize(
    "given", ["", "user", "mode", "models", "top_p", "inputs", "dimens", "truncation", "x" * 10_000_000]
)
def test_a_name_of_its_own_means_none(given: str) -> None:
    assert meant_field(given, KNOWN) is None
