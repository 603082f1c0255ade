"""Packed rows give what padded ones give, on the processor, where attention is the ordinary one with a mask.

What a GPU would be asked to do is run as far as shapes and arguments go.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense
from torch._subclasses.fake_tensor import FakeTensorMode

from bentos.common.backends.interface import Outputs, TokenRow
from bentos.common.backends.torch import TorchCrossEncoder, TorchEncoder
from bentos.common.backends.torch_packed.attention import has_varlen_kernel, packed_attention
from bentos.common.backends.torch_packed.heads import CannotPack
from bentos.common.backends.torch_packed.layout import PackedBatch, lay_out
from bentos.common.backends.torch_packed.model import PackedModel, unpadded
from bentos.common.backends.torch_packed.selection import packed_or_none
from tests.unit.common.backends.conftest import MODELS, installed
from tests.unit.scripts.models.conversion.tiny_models import Family, tiny_cross_encoder, tiny_encoder

pytestmark = pytest.mark.torch

FAMILIES: list[Family] = ["bert", "xlm-roberta", "modernbert", "qwen3"]
LENGTHS = (3, 40, 1, 17, 64, 8)


def rows_of(lengths: Sequence[int], *, types: bool = False) -> list[TokenRow]:
    source = np.random.default_rng(0)
    return [
        TokenRow(
            source.integers(1000, 20_000, length).astype(np.int32),
            (np.arange(length) > length // 2).astype(np.int32) * types,
        )
        for length in lengths
    ]


def assert_same(outputs: Outputs, expected: Outputs) -> None:
    """Each vector to a cosine of 0.99999, each logit to its fifth digit."""
    assert outputs.shape == expected.shape
    if outputs.shape[1] == 1:
        assert outputs == pytest.approx(expected, rel=1e-4, abs=1e-4)
    else:
        assert (outputs * expected).sum(axis=1).min() >= 0.99999


@pytest.mark.parametrize("kind", ["encoder", "cross-encoder"])
def test_the_small_models(model_store: Path, kind: str) -> None:
    folder = installed(MODELS[kind], model_store)
    padded = (TorchEncoder if kind == "encoder" else TorchCrossEncoder)(
        folder, device="cpu", precision="fp32", threads=2
    )
    original: Any = (SentenceTransformer if kind == "encoder" else CrossEncoder)(str(folder), device="cpu")
    rows = rows_of((*LENGTHS, 256), types=True)
    assert_same(PackedModel(original.eval()).infer(rows), padded.infer(rows))


def test_the_multilingual_model(model_store: Path) -> None:
    folder = installed("intfloat/multilingual-e5-small-q4", model_store)
    padded = TorchEncoder(folder, device="cpu", precision="fp32", threads=2)
    rows = rows_of(LENGTHS)
    assert_same(PackedModel(SentenceTransformer(str(folder), device="cpu").eval()).infer(rows), padded.infer(rows))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("pooling", ["mean", "cls", "lasttoken"])
def test_encoders(tmp_path: Path, family: Family, pooling: str) -> None:
    """Windows, shared heads and tokens that look back only are among them."""
    model = tiny_encoder(tmp_path, family, pooling, Dense(32, 8).eval())
    rows = rows_of(LENGTHS, types=family == "bert")
    expected = padded_outputs(model, rows)
    assert_same(PackedModel(model).infer(rows), expected)


def test_vectors_that_are_not_compared_by_the_cosine_keep_their_length(tmp_path: Path) -> None:
    model = tiny_encoder(tmp_path, "bert")
    model.similarity_fn_name = "euclidean"
    rows = rows_of(LENGTHS, types=True)
    expected = padded_outputs(model, rows)
    np.testing.assert_allclose(PackedModel(model).infer(rows), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_cross_encoders(tmp_path: Path, family: Family) -> None:
    model = tiny_cross_encoder(tmp_path, family)
    rows = rows_of(LENGTHS, types=family == "bert")
    expected = padded_outputs(model, rows)
    assert_same(PackedModel(model).infer(rows), expected)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_that_fills_up_and_rows_that_are_not_taken_change_nothing(tmp_path: Path, family: Family) -> None:
    """As in CUDA graphs, which have fixed sizes."""
    model = PackedModel(tiny_encoder(tmp_path, family))
    rows = rows_of((5, 9, 2))
    first = 2 if family == "xlm-roberta" else 0
    for tokens in (16, 32):
        numbers = lay_out(rows, first_position=first, tokens=tokens, slots=7)
        with torch.inference_mode():
            outputs = model.forward(PackedBatch.of(numbers, tokens, tokens))
        assert_same(outputs[:3].numpy(), model.infer(rows))


@pytest.mark.parametrize("family", FAMILIES)
def test_padded_calls_of_a_packed_model_stay_as_they_were(tmp_path: Path, family: Family) -> None:
    model = tiny_encoder(tmp_path, family)
    rows = rows_of(LENGTHS, types=family == "bert")
    expected = padded_outputs(model, rows)
    PackedModel(model)
    assert np.array_equal(padded_outputs(model, rows), expected)


def test_bf16_stays_near_fp32(model_store: Path) -> None:
    folder = str(installed(MODELS["encoder"], model_store))
    exact, coarse = (
        PackedModel(SentenceTransformer(folder, device="cpu", model_kwargs={"dtype": dtype}).eval())
        for dtype in (torch.float32, torch.bfloat16)
    )
    rows = rows_of(LENGTHS)
    assert (coarse.infer(rows) * exact.infer(rows)).sum(axis=1).min() >= 0.999


@pytest.mark.parametrize(("family", "pooling"), [("distilbert", "mean"), ("bert", "max")])
def test_other_models_are_padded_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, family: Family, pooling: str
) -> None:
    model = tiny_encoder(tmp_path, family, pooling)
    with pytest.raises(CannotPack):
        PackedModel(model)
    assert packed_or_none(model, lambda rows: padded_outputs(model, rows)) is None
    assert "Texts are padded on the GPU, which is slower: " in caplog.text


def test_packed_rows_are_used_only_where_they_give_what_padded_ones_give(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = tiny_encoder(tmp_path, "bert")
    assert packed_or_none(model, lambda rows: padded_outputs(model, rows)) is not None
    assert packed_or_none(model, lambda rows: padded_outputs(model, rows[::-1])) is None
    assert "Packed rows differ from padded ones by " in caplog.text


@pytest.mark.parametrize(("heads", "window"), [(4, None), (2, 3)])
def test_the_kernel_of_gpus_takes_what_it_is_given(heads: int, window: int | None) -> None:
    """Tensors without contents stand in for those of a GPU: arguments and shapes are checked, nothing is computed."""
    assert has_varlen_kernel()
    with FakeTensorMode():
        query = torch.empty(1, 4, 10, 8, dtype=torch.bfloat16, device="cuda")
        key = torch.empty(1, heads, 10, 8, dtype=torch.bfloat16, device="cuda")
        bounds = torch.empty(3, dtype=torch.int32, device="cuda")
        output, _ = packed_attention(
            torch.nn.Module(),
            query,
            key,
            key,
            None,
            scaling=0.5,
            sliding_window=window,
            cu_seq_lens_q=bounds,
            max_length_q=6,
        )
    assert output.shape == (1, 10, 4, 8)


def test_only_short_micro_batches_are_filled_up_to_the_size_of_a_graph() -> None:
    layout = unpadded((16, 32))
    assert [layout.tokens(lengths) for lengths in ([3], [9, 7], [9, 8], [15, 15, 3])] == [16, 16, 32, 33]


def padded_outputs(model: SentenceTransformer | CrossEncoder, rows: Sequence[TokenRow]) -> Outputs:
    """As the padded backend computes them, from a model that is already loaded."""
    longest = max(len(row.ids) for row in rows)
    names = model.tokenizer.model_input_names
    features: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": [], "token_type_ids": []}
    for row in rows:
        rest = longest - len(row.ids)
        features["input_ids"].append([*row.ids.tolist(), *[model.tokenizer.pad_token_id] * rest])
        features["attention_mask"].append([1] * len(row.ids) + [0] * rest)
        features["token_type_ids"].append([*row.type_ids.tolist(), *[0] * rest])
    with torch.inference_mode():
        found = model({name: torch.tensor(values) for name, values in features.items() if name in names})
    if isinstance(model, CrossEncoder):
        scores: Outputs = found["scores"].reshape(len(rows), -1).float().numpy()
        return scores
    vectors = found["sentence_embedding"].float()
    unit = model.similarity_fn_name == "cosine"
    outputs: Outputs = (torch.nn.functional.normalize(vectors, dim=-1) if unit else vectors).numpy()
    return outputs
