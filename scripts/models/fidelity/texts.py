"""The texts that a converted model is measured on: six languages, 1 to 512 tokens."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

ASSETS = Path(__file__).parents[1] / "assets"
FIDELITY_FILE = ASSETS / "fidelity-texts.jsonl"

# One token or a few: words, punctuation, numbers, code, a character outside the basic plane.
_SHORT = {
    "en": ["a", "?", "7", "ok", "e = mc²", "SELECT 1;", "🙂", "…"],
    "de": ["Straße"],
    "fr": ["naïve café"],
    "es": ["¿qué?"],
    "ru": ["привет"],
    "zh": ["東京"],
}
_LONG_PASSAGES = 12
_FOLLOWING = 6
_LONG_EVERY = 3


class Entry(NamedTuple):
    """A query and the passage that answers it; every topic comes once in each language."""

    topic: str
    language: str
    query: str
    passage: str


class Ranking(NamedTuple):
    """A query and the documents that a cross-encoder has to put in order."""

    query: str
    documents: list[str]


@cache
def read_entries() -> tuple[Entry, ...]:
    """Entries of the JSON lines file: by topic, and within a topic by language, always in the same order."""
    return tuple(Entry(**json.loads(line)) for line in FIDELITY_FILE.read_text(encoding="utf-8").splitlines())


@cache
def other_texts() -> tuple[tuple[str, str], ...]:
    """Language and text of very short texts and of long ones, some beyond the window; nobody searches them."""
    found = [(language, text) for language, texts in _SHORT.items() for text in texts]
    for number, (language, entries) in enumerate(_by_language(read_entries()).items()):
        passages = [entry.passage for entry in entries]
        found += [(language, " ".join(passages[:count])) for count in (number + 2, _LONG_PASSAGES)]
    return tuple(found)


def rankings() -> list[Ranking]:
    """One ranking of eight documents per topic, its language changing from topic to topic.

    The documents are the answer, the answer in another language and the passages on the next topics in the query's
    language; in every third ranking the last document is a long text, which may be cut.
    """
    by_language = _by_language(read_entries())
    languages = list(by_language)
    found = []
    for number in range(len(by_language[languages[0]])):
        own = by_language[languages[number % len(languages)]]
        other = by_language[languages[(number + 1) % len(languages)]]
        following = [own[(number + step) % len(own)].passage for step in range(1, _LONG_PASSAGES)]
        last = " ".join(following) if number % _LONG_EVERY == 0 else following[_FOLLOWING - 1]
        documents = [own[number].passage, other[number].passage, *following[: _FOLLOWING - 1], last]
        found.append(Ranking(own[number].query, documents))
    return found


def _by_language(entries: tuple[Entry, ...]) -> dict[str, list[Entry]]:
    languages: dict[str, list[Entry]] = {}
    for entry in entries:
        languages.setdefault(entry.language, []).append(entry)
    return languages
