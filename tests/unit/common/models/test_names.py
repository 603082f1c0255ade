"""A name that no installed model has leads to the one that is meant."""

import pytest

from bentos.common.models.names import did_you_mean

INSTALLED = ["local/my-st", "sentence-transformers/all-MiniLM-L6-v2", "BAAI/bge-reranker-base"]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("my-st", "local/my-st"),
        ("all-minilm-l6-v2", "sentence-transformers/all-MiniLM-L6-v2"),
        ("sentence-transformers/all-MiniLM-L6-v3", "sentence-transformers/all-MiniLM-L6-v2"),
        ("BAAI/bge_reranker_base", "BAAI/bge-reranker-base"),
    ],
)
def test_a_name_near_an_installed_one_names_it(asked: str, meant: str) -> None:
    assert did_you_mean(asked, INSTALLED) == f" Did you mean {meant}, which is installed?"


@pytest.mark.parametrize("asked", ["intfloat/multilingual-e5-large", "local/my-st"])
def test_a_name_near_none_or_of_one_whose_form_is_missing_names_none(asked: str) -> None:
    assert did_you_mean(asked, INSTALLED) == ""
