"""The prompts that a model was trained with: by the names in its files, else as its family's documentation has them."""

from collections.abc import Mapping
from pathlib import Path

from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.models.profile import PromptName
from scripts.command import UsageError
from scripts.models.files.facts import read_json
from scripts.models.files.known_names import is_of_family

_FILE = "config_sentence_transformers.json"

# Names in config_sentence_transformers.json, the usual ones first; case does not matter.
_NAMES: dict[PromptName, tuple[str, ...]] = {
    "query": ("query", "search_query", "retrieval.query", "retrieval_query", "retrieval-query", "web_search_query"),
    "passage": (
        *("document", "passage", "corpus", "search_document", "retrieval.passage", "retrieval.document"),
        *("retrieval_passage", "retrieval_document", "retrieval-document"),
    ),
}

_SEARCH = "Represent this sentence for searching relevant passages: "
_INSTRUCT = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "

# Families whose files do not name, or not always, the prompts of their model cards.
_KNOWN: list[tuple[str, dict[PromptName, str]]] = [
    (r"(multilingual-)?e5-(small|base|large)(-v2|-unsupervised)?", {"query": "query: ", "passage": "passage: "}),
    (r"(multilingual-e5-large|e5-mistral-7b)-instruct", {"query": _INSTRUCT}),
    (r"bge-(small|base|large)-en(-v1\.5)?", {"query": _SEARCH}),
    (r"bge-(small|base|large)-zh(-v1\.5)?", {"query": "为这个句子生成表示以用于检索相关文章："}),  # noqa: RUF001
    (r"mxbai-embed-(large|xsmall)-v1|mxbai-embed-2d-large-v1|uae-large-v1", {"query": _SEARCH}),
    (r"snowflake-arctic-embed-(xs|s|m|l|m-long|m-v1\.5)", {"query": _SEARCH}),
    (r"snowflake-arctic-embed-[ml]-v2\.0", {"query": "query: "}),
    (
        r"nomic-embed-text-v(1|1\.5|2-moe|1-unsupervised)|modernbert-embed-(base|large)",
        {"query": "search_query: ", "passage": "search_document: "},
    ),
    (r"qwen3-embedding-[\d.]+b", {"query": _INSTRUCT.removesuffix(" ")}),
    (
        r"embeddinggemma-300m",
        {"query": "task: search result | query: ", "passage": "title: none | text: "},
    ),
]


def read_prompts(folder: Path, model_id: str) -> dict[PromptName, str]:
    """The prompts of an encoder, by the type of input that they are put before.

    Those that its folder names, and for a type that it does not name its default prompt, if that has a name of its own,
    else the one that its family is known for. A prompt that is named and blank stays so, unless all of them are: then
    sentence-transformers wrote the names of a model that it knows no prompts of.
    """
    named = _named(folder)
    others: Mapping[PromptName, str] = known_prompts(model_id)
    default = str(read_json(folder / _FILE).get("default_prompt_name") or "").lower()
    if named.get(default) and not any(default in names for names in _NAMES.values()):
        others = dict.fromkeys(_NAMES, named[default])
    prompts: dict[PromptName, str] = {}
    for kind, names in _NAMES.items():
        found = [named[name] for name in names if name in named]
        prompt = next(filter(None, found), "") if found else others.get(kind)
        if prompt:
            prompts[kind] = prompt
    return prompts


def known_prompts(model_id: str) -> dict[PromptName, str]:
    """The prompts that a family's documentation names; empty for others."""
    known = (prompts for family, prompts in _KNOWN if is_of_family(model_id, family))
    return dict(next(known, {}))


def check_prompts(prompts: Mapping[PromptName, str], tokenizer: Tokenizer) -> None:
    """Pass prompts that leave a text half of the window at least; all texts behind a longer one look alike.

    Raises:
        UsageError: With the first that takes more.
    """
    window = tokenizer.window
    for name, prompt in prompts.items():
        taken = window - tokenizer.content_limit + len(tokenizer.tokens(prompt))
        if taken > window // 2:
            raise UsageError(
                f"The prompt of a {name} takes {taken} tokens with the special ones, more than half of the window of "
                f"{window}: use a shorter --{name}-prompt or a larger --max-tokens."
            )


def unused_prompts(folder: Path, prompts: Mapping[PromptName, str]) -> dict[str, str]:
    """The prompts of a folder that are put before nothing, by their names there."""
    stored = read_json(folder / _FILE).get("prompts") or {}
    return {name: text for name, text in stored.items() if text and text not in prompts.values()}


def _named(folder: Path) -> dict[str, str]:
    """The prompts of a folder, blank ones too, by their names there in lower case; none if all are blank."""
    stored = read_json(folder / _FILE).get("prompts") or {}
    return {name.lower(): text or "" for name, text in stored.items()} if any(stored.values()) else {}
