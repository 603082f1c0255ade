"""The texts in the repository are what the gate needs."""

from scripts.models.fidelity.texts import other_texts, rankings, read_entries


def test_every_topic_comes_once_in_every_language() -> None:
    entries = read_entries()
    languages = {entry.language for entry in entries}
    topics = {entry.topic for entry in entries}
    assert languages == {"en", "de", "fr", "es", "ru", "zh"}
    assert {(entry.topic, entry.language) for entry in entries} == {(t, lang) for t in topics for lang in languages}
    assert len(entries) == len(topics) * len(languages)


def test_lengths_reach_from_one_character_to_beyond_the_window() -> None:
    lengths = [len(text) for _, text in other_texts()]
    assert min(lengths) == 1
    assert max(lengths) > 1500


def test_rankings_have_eight_different_documents_each() -> None:
    assert len(rankings()) == 30
    assert {len(set(ranking.documents)) for ranking in rankings()} == {8}
    assert max(len(document) for ranking in rankings() for document in ranking.documents) > 1500
