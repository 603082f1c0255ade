"""The token budget finds the size whose micro-batch takes the target time, on any machine it is told about."""

from hypothesis import given
from hypothesis import strategies as st

from bentos.common.engine.throughput import TokenBudget

TARGET_SECONDS = 0.05


@given(fixed=st.floats(0.0, 0.02), per_token=st.floats(2e-6, 1e-3), used=st.floats(0.6, 1.0))
def test_settles_where_a_batch_takes_the_target_time(fixed: float, per_token: float, used: float) -> None:
    budget = TokenBudget(target_seconds=TARGET_SECONDS, least=16, most=16_384)
    for _ in range(200):
        tokens = max(1, round(budget.tokens * used))
        budget.observe(tokens, fixed + per_token * tokens)
    ideal = min(16_384.0, max(16.0, (TARGET_SECONDS - fixed / used) / per_token))
    assert abs(budget.tokens - ideal) <= 0.1 * ideal + 2  # and whole tokens


@given(st.lists(st.tuples(st.integers(1, 512), st.floats(1e-5, 100.0)), max_size=50))
def test_stays_within_its_bounds_whatever_happens(observations: list[tuple[int, float]]) -> None:
    budget = TokenBudget(target_seconds=TARGET_SECONDS, least=64, most=4096)
    for tokens, seconds in observations:
        budget.observe(tokens, seconds)
        assert 64 <= budget.tokens <= 4096


def test_small_batches_that_are_dear_per_token_do_not_shrink_it() -> None:
    budget = TokenBudget(target_seconds=TARGET_SECONDS, least=64, most=4096)
    for _ in range(50):
        budget.observe(budget.tokens, 0.01 + 5e-5 * budget.tokens)
    settled = budget.tokens
    for _ in range(200):
        budget.observe(8, 0.0104)
    assert budget.tokens == settled
