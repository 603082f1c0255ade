import pytest

from benchmarks.peers.catalogue import OURS
from benchmarks.peers.goals import goals
from benchmarks.peers.report import markdown
from benchmarks.peers.results import Interference, Results, Sample
from benchmarks.peers.work import MIXED, QUERY

FP32_PEAK = 1e9


def sample(contestant: str, load: str, number: int, seconds: float, latencies: list[float]) -> Sample:
    return Sample(contestant, "fp32", load, number, seconds, latencies, tokens=100, operations=FP32_PEAK / 2)


def results(*samples: Sample) -> Results:
    return Results({"processor": "any", "threads": 2}, {"encoder": "a/b"}, {"fp32": FP32_PEAK}, samples=list(samples))


def test_ratio_of_a_latency_load_is_the_median_of_the_rounds() -> None:
    found = results(
        *(sample(OURS, QUERY, number, 1.0, [0.1, 0.2, 0.3]) for number in range(3)),
        *(sample("slow", QUERY, number, 1.0, [0.2 * factor] * 3) for number, factor in enumerate((2, 5, 90))),
    )
    assert found.ratio("slow", OURS, QUERY) == pytest.approx(5)


def test_ratio_of_a_load_of_many_clients_compares_their_total_time() -> None:
    found = results(sample(OURS, MIXED, 0, 2.0, [1.9, 2.0]), sample("slow", MIXED, 0, 6.0, []))
    assert found.ratio("slow", OURS, MIXED) == pytest.approx(3)


def test_ratio_uses_only_rounds_that_both_finished() -> None:
    found = results(sample(OURS, MIXED, 0, 1.0, []), sample(OURS, MIXED, 1, 1.0, []), sample("slow", MIXED, 1, 4.0, []))
    assert found.ratio("slow", OURS, MIXED) == pytest.approx(4)
    assert found.ratio("absent", OURS, MIXED) is None


def test_figures_give_speed_and_the_share_of_the_peak() -> None:
    [figures] = results(sample(OURS, QUERY, 0, 2.0, [0.5, 1.5])).figures()
    assert figures.tokens_per_second == 50
    assert figures.gemm_peak_share == pytest.approx(0.25)
    assert figures.p50_ms == pytest.approx(1000)


def test_goals_name_what_was_missed() -> None:
    found = results(sample(OURS, MIXED, 0, 1.0, []), sample("onnxruntime", MIXED, 0, 2.0, []))
    found.interference = Interference(
        queries=9, idle_p50_ms=9, idle_p99_ms=10, bulk_p50_ms=50, bulk_p99_ms=64, target_batch_ms=50, micro_batch_ms=48
    )
    assert [(goal.value, goal.met) for goal in goals(found)] == [(2.0, False), (64, True)]


def test_the_report_shows_what_could_not_be_measured() -> None:
    found = results(sample(OURS, QUERY, 0, 2.0, [0.5]))
    found.failures["infinity-torch, encoder"] = "InstallFailed: no matching distribution"
    assert "| infinity-torch, encoder | InstallFailed: no matching distribution |" in markdown(found)


def test_the_report_shows_what_servers_do_beside_speed_and_how_they_were_started() -> None:
    found = results(sample(OURS, QUERY, 0, 2.0, [0.5]))
    found.behaviour = {OURS: {"encoder: 5 MB of text": "answered"}}
    found.starts = {OURS: {"encoder": "OMP_NUM_THREADS=2 bin/python -m bentoml serve"}}
    report = markdown(found)
    assert f"| {OURS} | answered |" in report
    assert f"# {OURS}, encoder\nOMP_NUM_THREADS=2 bin/python" in report
