"""Which prompts are put before queries and passages."""

import json
from pathlib import Path

import pytest

from scripts.models.files.prompts import read_prompts, unused_prompts

GEMMA = {"query": "task: search result | query: ", "passage": "title: none | text: "}
SEARCH = "Represent this sentence for searching relevant passages: "


def write(folder: Path, prompts: dict[str, str], default: str | None = None) -> None:
    settings = {"prompts": prompts, "default_prompt_name": default}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings))


def test_prompts_of_the_folder_win_over_those_of_the_family(tmp_path: Path) -> None:
    write(tmp_path, {"query": "Q ", "document": "D ", "other": "x"})
    prompts = read_prompts(tmp_path, "intfloat/e5-base")
    assert prompts == {"query": "Q ", "passage": "D "}
    assert unused_prompts(tmp_path, prompts) == {"other": "x"}


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({"search_query": "Q", "search_document": "D"}, {"query": "Q", "passage": "D"}),
        ({"retrieval.query": "Q", "retrieval.passage": "D", "text-matching": "T"}, {"query": "Q", "passage": "D"}),
        ({"web_search_query": "Q", "sts_query": "S"}, {"query": "Q"}),
        ({"query": "Q", "corpus": "D"}, {"query": "Q", "passage": "D"}),
        ({"Retrieval-query": "Q", "Retrieval-document": "D", "query": "first"}, {"query": "first", "passage": "D"}),
        ({"query": "", "search_query": "Q"}, {"query": "Q"}),
    ],
)
def test_known_names_are_understood(stored: dict[str, str], expected: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path, stored)
    assert read_prompts(tmp_path, "local/model") == expected


@pytest.mark.parametrize(
    ("stored", "default", "expected"),
    [
        ({"retrieval": "R"}, "retrieval", {"query": "R", "passage": "R"}),
        ({"retrieval": "R", "query": "Q"}, "retrieval", {"query": "Q", "passage": "R"}),
        ({"query": "Q"}, "query", {"query": "Q"}),
        ({"other": "O"}, None, {}),
        ({"query": "Q", "document": "", "retrieval": "R"}, "retrieval", {"query": "Q"}),
        ({"query": "", "document": "", "retrieval": "R"}, "retrieval", {}),
    ],
)
def test_a_default_prompt_is_that_of_both_types(
    stored: dict[str, str], default: str | None, expected: dict[str, str], tmp_path: Path
) -> None:
    write(tmp_path, stored, default)
    assert read_prompts(tmp_path, "local/model") == expected


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({"query": "query: "}, {"query": "query: ", "passage": "passage: "}),
        ({"query": "Q: "}, {"query": "Q: ", "passage": "passage: "}),
        ({"passage": "P: "}, {"query": "query: ", "passage": "P: "}),
        ({"query": "query: ", "document": ""}, {"query": "query: "}),
        ({"query": "", "passage": "passage: "}, {"passage": "passage: "}),
        ({"clustering": "C: "}, {"query": "query: ", "passage": "passage: "}),
        ({"query": "", "document": ""}, {"query": "query: ", "passage": "passage: "}),
    ],
)
def test_what_a_folder_does_not_name_is_known_and_what_it_names_as_blank_stays_blank(
    stored: dict[str, str], expected: dict[str, str], tmp_path: Path
) -> None:
    write(tmp_path, stored)
    assert read_prompts(tmp_path, "intfloat/e5-base-v2") == expected


@pytest.mark.parametrize(
    ("model_id", "expected"),
    [
        ("intfloat/multilingual-e5-large", {"query": "query: ", "passage": "passage: "}),
        ("intfloat/e5-small-v2", {"query": "query: ", "passage": "passage: "}),
        ("local/E5-Base", {"query": "query: ", "passage": "passage: "}),
        (
            "intfloat/multilingual-e5-large-instruct",
            {"query": "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "},
        ),
        ("BAAI/bge-base-en-v1.5", {"query": SEARCH}),
        ("BAAI/bge-m3", {}),
        ("mixedbread-ai/mxbai-embed-large-v1", {"query": SEARCH}),
        ("Snowflake/snowflake-arctic-embed-l-v2.0", {"query": "query: "}),
        ("nomic-ai/nomic-embed-text-v1.5", {"query": "search_query: ", "passage": "search_document: "}),
        ("sentence-transformers/all-MiniLM-L6-v2", {}),
        ("google/embeddinggemma-300m-qat-q8_0-unquantized", GEMMA),
        ("google/embeddinggemma-300m-qat-q4_0-unquantized", GEMMA),
        ("mlx-community/embeddinggemma-300m-4bit", GEMMA),
        ("local/e5-base-v2-int8", {"query": "query: ", "passage": "passage: "}),
        ("local/e5-base-v2-of-mine", {}),
    ],
)
def test_prompts_of_known_families(model_id: str, expected: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path, {"query": "", "document": ""})
    assert read_prompts(tmp_path, model_id) == expected
