"""How the OpenVINO backend prepares for rows of all lengths."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bentos.common.backends import openvino
from bentos.common.backends.interface import TokenRow
from bentos.common.backends.packing import pack


@pytest.mark.parametrize("window", [20, 33, 300])
def test_no_sequence_that_prepares_a_row_is_longer_than_the_window(
    window: int, conversions: Path, monkeypatch: pytest.MonkeyPatch
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
        folder, precision="fp32", pooling="mean", threads=1, streams=1, window=window, reserved=True
    )
    for tokens in backend.unprepared:
        backend.prepare(tokens)
    backend.close()
    assert max(sequences) <= window
    assert {2, 64, 256} <= rows
