from benchmarks.request_cost import QUERY, TEXTS, summary


def test_the_ratio_is_the_median_of_the_rounds_so_that_drift_of_the_machine_cancels_out() -> None:
    row = summary({QUERY: {"this": [1.0, 2.0, 30.0], "other": [2.0, 4.0, 10.0]}, TEXTS: {"this": [1], "other": [1]}})
    assert row[QUERY] == {"this": 2.0, "other": 4.0, "ratio": 0.5, "rounds": 3}
    assert row[TEXTS]["ratio"] == 1.0
