"""`python -m scripts.bench` on real services: verdicts, exit codes, cached and uncached."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from scripts.bench.cli import app
from scripts.bench.targets import GUIDE
from scripts.free_port import free_port
from tests.scripts.conftest import KEY, Deployment
from tests.scripts.slow_proxy import slowed

pytestmark = pytest.mark.tools

FEW = ["--iterations", "3", "--warm-up", "1", "--batch-size", "4", "--documents", "5"]
PATIENT = [f"--target={target.name}=60000/60000" for target in GUIDE]


def bench(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "120"}).invoke(app, arguments)


@pytest.fixture(scope="module")
def measured(locked_deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The figures of one run with patient targets."""
    file = tmp_path_factory.mktemp("bench") / "figures.json"
    result = bench(*locked_deployment.urls, "--key", KEY, *FEW, *PATIENT, "--json", str(file))
    assert result.exit_code == 0, result.output
    assert "Fast enough: every figure is below its target." in result.output
    figures: dict[str, Any] = json.loads(file.read_text())
    return figures


def test_every_target_of_the_guide_has_a_row(measured: dict[str, Any]) -> None:
    assert [(row["target"]["name"], row["verdict"], row["requests"]) for row in measured["rows"]] == [
        ("single-embedding", "target", 3),
        ("batch-per-document", "target", 3),
        ("rerank", "target", 3),
        ("p95-embedding", "target", 3),
        ("p95-rerank", "target", 3),
    ]
    assert all(row["milliseconds"] > 0 for row in measured["rows"])


def test_cached_and_uncached_are_told_apart(measured: dict[str, Any]) -> None:
    samples = measured["samples"]
    assert samples["hits"] == {"embedding, cached": 3, "rerank, cached": 3}
    assert {measure: len(times) for measure, times in samples["milliseconds"].items()} == {
        "embedding": 3,
        "batch, per document": 3,
        "embedding, cached": 3,
        "rerank": 3,
        "rerank, cached": 3,
    }


def test_the_report_names_what_was_measured(measured: dict[str, Any], locked_deployment: Deployment) -> None:
    assert [(server["name"], server["model"], server["backend"]) for server in measured["servers"]] == [
        (service.kind.name, service.kind.model, "openvino fp32 cpu") for service in locked_deployment
    ]


def test_services_without_a_cache_are_said_to_have_none(deployment: Deployment) -> None:
    result = bench(*deployment.urls, *FEW, *PATIENT)
    assert result.output.count("0: the service has no cache") == 2


def test_a_service_slowed_on_purpose_is_too_slow_and_the_other_is_not(deployment: Deployment) -> None:
    one = ["--iterations", "1", "--warm-up", "0", "--documents", "2", "--batch-size", "32"]
    with slowed(deployment.embed.server.url, 0.2) as slow:
        urls = ["--embed-url", slow, "--rerank-url", deployment.rerank.server.url]
        rest = [target for target in PATIENT if "embedding" not in target]
        result = bench(*urls, *one, *rest)
    assert result.exit_code == 1
    assert "Too slow: Single embedding, P95 embedding." in result.output


def test_between_target_and_acceptable_does_not_fail(deployment: Deployment) -> None:
    result = bench(*deployment.urls, *FEW, *PATIENT, "--target", "rerank=0.001/60000")
    assert result.exit_code == 0
    assert "Fast enough; above target: Rerank." in result.output


def test_load_that_is_not_held_is_not_fast_enough(deployment: Deployment, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    load = ["--rate", "20", "--duration", "1", "--slo-ms", "0.1"]
    result = bench(*deployment.urls, *FEW, *PATIENT, *load, "--json", str(file))
    assert result.exit_code == 1
    assert "Not sustained: 20 requests/s on embed-service." in result.output
    assert "Fast enough" not in result.output
    figures = json.loads(file.read_text())
    assert (figures["too_slow"], figures["not_held"]) == ([], ["20 requests/s on embed-service"])


def test_a_missing_key_ends_with_one_sentence(locked_deployment: Deployment) -> None:
    result = bench(*locked_deployment.urls, *FEW)
    assert (result.exit_code, result.output.count("\n")) == (3, 1)
    assert "embed-service at" in result.output
    assert "unauthorized" in result.output


def test_an_absent_service_ends_with_one_sentence() -> None:
    absent = f"http://127.0.0.1:{free_port()}"
    result = bench("--embed-url", absent, *FEW)
    assert (result.exit_code, result.output.count("\n")) == (3, 1)
    assert f"embed-service at {absent}/embed failed" in result.output


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--target", "heron=1/2", "no target heron"),
        ("--texts", "{folder}/absent", "cannot be read"),
        ("--lengths", "long", "Lengths are"),
        ("--json", "{folder}/absent/figures.json", "is not a directory"),
        ("--html", "{folder}", "is a directory"),
        ("--compare", "http://heron:abc", "not a URL"),
    ],
)
def test_a_wrong_option_is_explained(tmp_path: Path, option: str, value: str, sentence: str) -> None:
    result = bench(option, value.format(folder=tmp_path))
    assert result.exit_code == 2
    assert sentence in " ".join(result.output.split())


def test_a_wrong_variable_is_no_slowness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBED_SERVICE_URL", "heron")
    result = bench()
    assert result.exit_code == 2
    assert "EMBED_SERVICE_URL=heron" in result.output
