"""Memory grows neither with the number of shapes that a process has seen, nor with the longest text."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from bentos.common.backends.interface import TokenRow
from bentos.common.backends.openvino import OpenVINOBackend
from scripts.models.conversion.graph import write_graph
from scripts.models.miniatures.families import write_encoder
from tests.models_command import ROOT

pytestmark = pytest.mark.models

WINDOW = 8192
SCORES_OF_A_HEAD = 4 * WINDOW**2
"""Bytes: which tokens see each other is as much."""


@pytest.mark.endurance
def test_ten_thousand_random_shapes_take_no_more_memory_than_a_thousand(conversions: Path) -> None:
    folder = str(conversions / "encoder" / "int8")
    command = [sys.executable, "-m", "tests.unit.common.backends.random_shapes", folder, "mean", "1000", "10000"]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=600)
    early, late = map(int, run.stdout.split())
    assert late <= 1.05 * early


def test_what_a_very_long_text_takes_is_given_back(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", "bert", pooling="mean", max_position_embeddings=WINDOW)
    write_graph(folder, "encoder", "fp32", tmp_path)
    backend = OpenVINOBackend(tmp_path, precision="fp32", pooling="mean", threads=2, streams=2, window=WINDOW)
    text = TokenRow(np.full(WINDOW, 5, np.int32), np.zeros(WINDOW, np.int32))
    short = TokenRow(text.ids[:20], text.type_ids[:20])
    alone = backend.infer([short])
    before = psutil.Process().memory_info().rss
    first = backend.infer([text])
    assert psutil.Process().memory_info().rss - before < SCORES_OF_A_HEAD / 2
    assert np.array_equal(backend.infer([short]), alone)
    assert np.array_equal(backend.infer([text]), first)
