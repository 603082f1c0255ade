"""The benchmark for GPUs in its smallest form, on the processor: every step runs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.gpu.measures import fidelity
from benchmarks.gpu.models import PRODUCTION
from benchmarks.gpu.plan import goals
from tests.models_command import ROOT

pytestmark = pytest.mark.torch

WITHOUT = """
import runpy, sys
missing = sys.argv.pop(1).split(",")
sys.modules.update(dict.fromkeys(missing))  # an import of them fails
runpy.run_module("benchmarks.gpu", run_name="__main__")
"""
OUR_PACKAGES = "bentoml,openvino,pydantic,typer"


def run(*arguments: str, missing: str = OUR_PACKAGES) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT, missing, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_the_smallest_form_measures_everything_on_the_processor(tmp_path: Path) -> None:
    done = run("--device", "cpu", "--small", "--json", str(tmp_path / "figures.json"))
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    encoder, cross_encoder = figures["tiny encoder"], figures["tiny cross-encoder"]
    assert encoder["least cosine to fp32"] > 0.999
    assert cross_encoder["relative error to fp32"] < 0.1
    for found in (encoder, cross_encoder):
        assert found["mixed lengths, tokens/s"]["best"] > 0
        assert found["512 tokens"]["share of the peak"] > 0
        assert found["one row, ms"]["16 tokens, as served"]["p50"] > 0
        assert found["times sentence-transformers"]["as they come"] > 0
    assert "| tiny encoder: least cosine to fp32 |" in done.stdout


def test_a_gpu_that_is_not_there_is_said_in_one_sentence() -> None:
    command = [sys.executable, "-m", "benchmarks.gpu", "--small"]
    hidden = {"CUDA_VISIBLE_DEVICES": "", "PATH": ""}
    done = subprocess.run(command, cwd=ROOT, env=hidden, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith("The settings ask for device cuda, but PyTorch ")


def test_help_names_the_wheels_and_a_missing_one_is_said() -> None:
    wheels = "torch>=2.11 (with CUDA)  transformers>=5.17  sentence-transformers>=6.0"
    assert wheels in run("--help", missing="torch").stdout
    done = run("--small", missing="torch")
    assert (done.returncode, done.stderr) == (1, "torch is not installed: --help names the wheels that this needs.\n")


def test_operations_are_those_of_linear_layers_and_of_pairs_of_tokens() -> None:
    encoder = PRODUCTION[0]
    assert encoder.operations([512]) == pytest.approx(24 * (24 * 1024**2 * 512 + 4 * 1024 * 512**2))


def test_the_worst_vector_counts_and_the_error_of_all_scores() -> None:
    vectors = np.array([[1, 0], [0, 1]], np.float32)
    assert fidelity(vectors, np.array([[1, 0], [1, 0]], np.float32)) == {"least cosine to fp32": 0}
    scores = np.array([[3], [4]], np.float32)
    assert fidelity(scores, scores + np.array([[0], [1]], np.float32))["relative error to fp32"] == pytest.approx(
        1 / np.hypot(3, 5)
    )


def test_a_goal_is_met_from_its_side() -> None:
    found = {
        "least cosine to fp32": 0.99999,
        "times sentence-transformers": {"sorted": 2.9},
        "512 tokens": {"share of the peak": 0.5},
        "one row, ms": {"16 tokens, as served": {"p50": 4.1}},
    }
    assert [goal["met"] for goal in goals(found).values()] == [True, False, True, False]
