"""Limits and table."""

import math

import pytest

from scripts.models.fidelity.gate import LIMITS, limits_of, passes, table, violations

GOOD = {"cosine_mean": 0.9996, "ndcg_at_10_loss": 0.001, "top_10_overlap": 0.97}


def test_figures_within_all_limits_pass() -> None:
    assert passes("encoder", "int8", GOOD)
    assert not passes("encoder", "bf16", GOOD)
    assert not passes("encoder", "int8", GOOD | {"ndcg_at_10_loss": 0.006})
    assert not passes("encoder", "int8", GOOD | {"cosine_mean": math.nan})


def test_a_margin_halves_the_room_that_the_limits_leave() -> None:
    bounds = {name: limit.bound for name, limit in limits_of("encoder", "int8", margin=True).items()}
    assert bounds == pytest.approx({"cosine_mean": 0.9995, "ndcg_at_10_loss": 0.0025, "top_10_overlap": 0.965})
    assert passes("encoder", "int8", GOOD, margin=True)
    barely = GOOD | {"cosine_mean": 0.9994, "ndcg_at_10_loss": 0.003}
    assert passes("encoder", "int8", barely)
    assert violations("encoder", "int8", barely, margin=True) == [
        "cosine_mean 0.999400, at least 0.9995",
        "ndcg_at_10_loss 0.003000, at most 0.0025",
    ]
    assert table("encoder", "int8", barely, margin=True)[0].endswith("at least 0.9995: beyond the limit")


def test_table_says_which_figure_is_beyond_its_limit() -> None:
    [cosine, loss, overlap] = table("encoder", "int8", GOOD | {"top_10_overlap": 0.9})
    assert cosine.endswith("at least 0.999: ok")
    assert loss.endswith("at most 0.005: ok")
    assert overlap.endswith("at least 0.93: beyond the limit")


def test_every_precision_has_limits() -> None:
    assert all(limits.keys() == {"fp32", "bf16", "int8"} for limits in LIMITS.values())
