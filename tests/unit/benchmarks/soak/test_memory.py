from benchmarks.soak.memory import rise

MIB = 2**20


def test_a_rise_compares_medians_so_that_one_peak_does_not_count() -> None:
    samples = [100 * MIB] * 60 + [200 * MIB] + [110 * MIB] * 60 + [900 * MIB]
    assert rise(samples, 60) == (100.0, 110.0)


def test_memory_before_the_second_alone_is_where_it_starts_from() -> None:
    assert rise([1 * MIB] * 30 + [5 * MIB] * 30 + [9 * MIB] * 30, 60) == (5.0, 9.0)
