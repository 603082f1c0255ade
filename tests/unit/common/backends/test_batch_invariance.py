"""A text gives the same output alone and among any others, on every backend and precision."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentos.common.backends.interface import ActivationGroupSize, Backend, Outputs, Pooling, TokenRow
from bentos.common.backends.openvino import OpenVINOBackend, supports_bf16
from tests.unit.common.backends.conftest import MODELS, PRECISIONS, installed

WINDOW = 256
AMX = "amx_tile" in Path("/proc/cpuinfo").read_text()
"""Whether there are tiles for products of bf16 and int8; their kernels differ from one row length to another."""
BF16_DIGIT = 2**-7
"""What the last of bf16's eight digits is worth, relatively."""
KINDS = ("encoder", "cross-encoder")
GROUP_SIZES: tuple[ActivationGroupSize, ...] = (32, 128, 256)
"""Besides the usual one; the last does not divide a hidden state of 384 numbers."""
PACKED = [
    *(f"{kind} {precision}" for kind in KINDS for precision in PRECISIONS),
    *(pytest.param(f"encoder int8 {size}", marks=pytest.mark.models) for size in GROUP_SIZES),
]
VARIANTS = [*PACKED, *(pytest.param(f"{kind} torch fp32", marks=pytest.mark.torch) for kind in KINDS)]

rows = st.builds(lambda length, seed: _row(length, seed), length=st.integers(3, 140), seed=st.integers(0, 2**32 - 1))


def _row(length: int, seed: int) -> TokenRow:
    source = np.random.default_rng(seed)
    ids = source.integers(1000, 20_000, length).astype(np.int32)
    types = (np.arange(length) > length // 2).astype(np.int32)
    return TokenRow(ids, types)


@pytest.fixture(scope="module", params=VARIANTS)
def backend(request: pytest.FixtureRequest, model_store: Path, conversions: Path) -> Backend:
    kind, variant, *more = request.param.split()
    if variant == "torch":
        from bentos.common.backends.torch import TorchCrossEncoder, TorchEncoder

        torch_backend = TorchEncoder if kind == "encoder" else TorchCrossEncoder
        return torch_backend(installed(MODELS[kind], model_store), device="cpu", precision="fp32", threads=2)
    pooling: Pooling = "mean" if kind == "encoder" else "first"
    return OpenVINOBackend(
        conversions / kind / variant,
        precision=variant,
        pooling=pooling,
        threads=2,
        streams=2,
        window=WINDOW,
        activation_group_size=next((size for size in GROUP_SIZES if str(size) in more), None),
        reserved=True,
    )


def assert_same(backend: Backend, outputs: Outputs, alone: Outputs) -> None:
    """To the last bit with OpenVINO, but where the length of a row decides which kernels compute it.

    In bf16 that is not shown for rows of any even length: no processor with bf16 and without tiles was at hand.
    """
    if backend.name == "torch" or (backend.precision == "int8" and not supports_bf16()):
        assert outputs == pytest.approx(alone, abs=2e-5)
    elif backend.precision == "bf16" or (AMX and backend.precision != "fp32"):
        assert outputs == pytest.approx(alone, abs=BF16_DIGIT, rel=BF16_DIGIT)
    else:
        assert np.array_equal(outputs, alone)


@settings(max_examples=12)
@given(row=rows, mates=st.lists(rows, max_size=6), index=st.integers(0, 6))
def test_batch_mates_do_not_change_an_output(
    backend: Backend, row: TokenRow, mates: list[TokenRow], index: int
) -> None:
    index = min(index, len(mates))
    alone = backend.infer([row])[0]
    among = backend.infer([*mates[:index], row, *mates[index:]])[index]
    assert_same(backend, among, alone)
    if backend.infer_reserved:
        assert_same(backend, backend.infer_reserved([*mates, row])[-1], alone)


@pytest.mark.parametrize("backend", PACKED, indirect=True)
@pytest.mark.parametrize("length", [*range(1, 70, 4), 79, 98, 133, 190])
def test_the_length_of_the_packed_row_does_not_change_an_output(backend: Backend, length: int) -> None:
    """Rows have any even length, so what a text is computed with ends at another place each time."""
    row = _row(length, length)
    alone = backend.infer([row])[0]
    for others in ([1], [3], [5, 4], [8, 1, 2], [40 + length % 7]):
        mates = [_row(other, number) for number, other in enumerate(others)]
        assert_same(backend, backend.infer([row, *mates])[0], alone)
        assert_same(backend, backend.infer([*mates, row])[-1], alone)


@pytest.mark.parametrize("backend", PACKED, indirect=True)
def test_a_length_that_was_prepared_gives_the_same_output(backend: Backend) -> None:
    row = _row(38, 1)
    assert 38 in backend.unprepared
    before = backend.infer([row])
    backend.prepare(38)
    assert 38 not in backend.unprepared
    assert np.array_equal(backend.infer([row]), before)


def test_no_rows_of_a_large_micro_batch_are_mixed_up(backend: Backend) -> None:
    """More than a packed row's 256 tokens and 64 texts, so that it is computed in several chunks."""
    batch = [_row(3 + number % 40, number) for number in range(70)]
    together = backend.infer(batch)
    assert together.shape == (70, backend.width)
    digit = BF16_DIGIT if AMX and backend.precision in ("bf16", "int8") else 2e-5
    assert together == pytest.approx(np.concatenate([backend.infer([row]) for row in batch]), abs=digit, rel=digit)


def test_a_short_text_may_lie_in_the_filling_behind_a_long_one(backend: Backend) -> None:
    """A text over 256 tokens has a packed row of its own, padded up to a multiple of 32."""
    long, short = _row(265, 1), _row(12, 2)
    alone = np.concatenate([backend.infer([long]), backend.infer([short])])
    assert_same(backend, backend.infer([long, short]), alone)


@pytest.mark.parametrize("kind", ["encoder", "cross-encoder"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_streams_and_the_reserved_one_agree_with_a_single_stream(conversions: Path, kind: str, precision: str) -> None:
    """OpenVINO packs the weights for each number of streams anew."""
    pooling: Pooling = "mean" if kind == "encoder" else "first"
    batch = [_row(3 + number, number) for number in range(20)]
    folder = conversions / kind / precision
    single = OpenVINOBackend(folder, precision=precision, pooling=pooling, threads=1, streams=1, window=WINDOW)
    expected = single.infer(batch)
    backend = OpenVINOBackend(
        folder, precision=precision, pooling=pooling, threads=4, streams=2, window=WINDOW, reserved=True
    )
    for _ in range(2):
        assert np.array_equal(backend.infer(batch), expected)
    assert backend.infer_reserved
    assert np.array_equal(backend.infer_reserved(batch), expected)
