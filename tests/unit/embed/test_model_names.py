"""Names of the served model that say what texts are for."""

import pytest

from bentos.common.environment import load
from bentos.common.errors import UnknownModel
from bentos.embed.model_names import TypedModelNames
from bentos.embed.request import InputType
from bentos.embed.settings import EmbedSettings

NAMES = TypedModelNames("intfloat/e5", ["e5-passage:passage", "e5-query:query", "e5-plain:none", "e5:latest", ":query"])


@pytest.mark.parametrize(
    ("name", "input_type"),
    [
        ("e5-passage", InputType.PASSAGE),
        ("e5-query", InputType.QUERY),
        ("e5-plain", InputType.NONE),
        ("e5:latest", None),
        (":query", None),
        ("intfloat/e5", None),
        (None, None),
    ],
)
def test_a_name_has_the_type_behind_its_colon(name: str | None, input_type: InputType | None) -> None:
    assert NAMES.input_type(name) is input_type


@pytest.mark.parametrize("name", ["e5-passage:passage", "e5", "query", ""])
def test_another_name_is_unknown(name: str) -> None:
    with pytest.raises(UnknownModel):
        NAMES.input_type(name)


@pytest.mark.parametrize("aliases", [["e5:query", "e5:passage"], ["e5", "e5:none"], ["e5:none", "e5"]])
def test_a_name_of_two_types_is_refused(aliases: list[str]) -> None:
    with pytest.raises(ValueError, match="e5 has two input types"):
        TypedModelNames("intfloat/e5", aliases)


def test_the_start_says_which_name_has_two_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBED_MODEL_ALIASES", "e5:query,e5:passage")
    with pytest.raises(SystemExit, match=r"EMBED_MODEL_ALIASES=.*: e5 has two input types: a name has one, or none"):
        load(EmbedSettings)


@pytest.mark.parametrize("alias", ["e5:pasage", "e5:passages", "e5:Passage", "e5: passage", "e5:document"])
def test_the_start_says_which_type_is_misspelt_and_what_was_meant(monkeypatch: pytest.MonkeyPatch, alias: str) -> None:
    monkeypatch.setenv("EMBED_MODEL_ALIASES", f"e5-query:query,{alias}")
    with pytest.raises(SystemExit, match=r"is not an input type \(query, passage, none\): did you mean e5:passage\?"):
        load(EmbedSettings)


@pytest.mark.parametrize("suffix", ["latest", "v1", "567m", "large", "base", "q4_k_m", "fp16", "en", "classification"])
def test_what_is_not_like_a_type_is_a_part_of_the_name(suffix: str) -> None:
    assert TypedModelNames("intfloat/e5", [f"e5:{suffix}"]).all == ["intfloat/e5", f"e5:{suffix}"]


def test_names_are_listed_without_their_types() -> None:
    assert NAMES.all == ["intfloat/e5", "e5-passage", "e5-query", "e5-plain", "e5:latest", ":query"]
