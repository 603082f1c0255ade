"""How the OpenVINO backend compiles a graph and prepares for rows of all lengths."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bentos.common.backends import openvino
from bentos.common.backends.interface import ActivationGroupSize, Backend, Outputs, TokenRow
from bentos.common.backends.packing import pack
from bentos.common.models.profile import ModelProfile
from bentos.common.models.resolve import load
from bentos.common.models.store import InstalledModel
from bentos.common.settings import EngineSettings
from scripts.models.conversion.group_sizes import group_sizes


@pytest.mark.parametrize(("window", "reserved"), [(20, False), (33, False), (300, True)])
def test_no_sequence_that_prepares_a_row_is_longer_than_the_window(
    window: int, reserved: bool, conversions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables of positions end there; rows of all lengths are prepared nonetheless."""
    sequences: set[int] = set()
    rows: set[int] = set()

    def recorded(packed: Sequence[TokenRow], *args: Any, **options: Any) -> Any:
        inputs = pack(packed, *args, **options)
        sequences.update(len(row.ids) for row in packed)
        rows.add(inputs["input_ids"].shape[1])
        return inputs

    monkeypatch.setattr(openvino, "pack", recorded)
    folder = conversions / "encoder" / "fp32"
    backend = openvino.OpenVINOBackend(
        folder, precision="fp32", pooling="mean", threads=1, streams=1, window=window, reserved=reserved
    )
    for tokens in backend.unprepared:
        backend.prepare(tokens)
    backend.close()
    assert max(sequences) <= window
    assert {2, 64, 256} <= rows


def test_a_service_computes_in_the_groups_of_the_profile(conversions: Path) -> None:
    folder = conversions / "encoder" / "int8"

    def served(size: ActivationGroupSize | None) -> Outputs:
        profile = ModelProfile(
            model_id="tiny",
            revision="1",
            kind="encoder",
            backend="openvino",
            precision="int8",
            pooling="mean",
            activation_group_size=size,
            dimension=384,
            max_tokens=256,
        )
        return _output(load(InstalledModel("tiny:1", folder, profile, datetime.now(UTC)), EngineSettings()))

    def computed(size: ActivationGroupSize) -> Outputs:
        return _output(
            openvino.OpenVINOBackend(
                folder,
                precision="int8",
                pooling="mean",
                threads=1,
                streams=1,
                window=256,
                activation_group_size=size,
            )
        )

    assert np.array_equal(served(256), computed(256))
    assert np.array_equal(served(64), computed(64))
    assert np.array_equal(served(None), computed(64))
    assert np.array_equal(computed(256), computed(64)) == (not group_sizes("int8", 384).wider)


def _output(backend: Backend) -> Outputs:
    try:
        return backend.infer([TokenRow(np.arange(1000, 1020, dtype=np.int32), np.zeros(20, np.int32))])
    finally:
        backend.close()
