"""Texts over the model's window: cut on the side that was asked for, reported, refused, or read in windows."""

import itertools

import pytest

from tests.http import reference
from tests.http.server import wait_for
from tests.http.services import EMBED, RERANK, Service, problem

EQUAL = 0.99999
WORDS = ("heron", "river", "stone", "cloud", "paper", "train", "glass")
"""Each is more or less one token; a few of them make a period in which tokens repeat exactly."""
NEEDLE = "A heron hunts by standing still in shallow water and striking at fish."
FILLER = "Our office is open from nine to five and closed on public holidays. "
QUERY = "How does a heron hunt?"
LONG = FILLER * 60
OF_RERANK = {"model": RERANK.model, "query": QUERY}
CUTS: dict[str, dict[str, object]] = {
    "/embed": {"texts": [LONG, "heron", LONG]},
    "/v1/embed": {"texts": [LONG, "heron", LONG]},
    "/v2/embed": {"texts": [LONG, "heron", LONG], "model": EMBED.model, "input_type": "search_query"},
    "/v1/embeddings": {"input": [LONG, "heron", LONG], "model": EMBED.model},
    "/embeddings": {"input": [LONG, "heron", LONG]},
    "/tei/embed": {"inputs": [LONG, "heron", LONG]},
    "/": {"inputs": [LONG, "heron", LONG]},
    "/voyage/v1/embeddings": {"input": [LONG, "heron", LONG], "model": EMBED.model},
    "/encode": {"sentences": [LONG, "heron", LONG]},
    "/score": {"pairs": [[QUERY, FILLER * 600], [QUERY, "heron"], [LONG, "heron"]]},
    "/predict": {"inputs": [[QUERY, LONG], [QUERY, "heron"], [LONG, "heron"]]},
    "/rerank": {"query": QUERY, "documents": [LONG, "heron", LONG], "max_tokens_per_doc": 100},
    "/v1/rerank": {**OF_RERANK, "documents": [LONG, "heron", LONG], "max_chunks_per_doc": 1},
    "/v2/rerank": {**OF_RERANK, "documents": [LONG, "heron", LONG], "max_tokens_per_doc": 100},
    "/tei/rerank": {"query": QUERY, "texts": [LONG, "heron", LONG]},
    "/voyage/v1/rerank": {**OF_RERANK, "documents": [FILLER * 600, "heron", FILLER * 600]},
}
"""For each route that computes a request that truncates the first and the third text."""


def _words(count: int, skip: int = 0) -> str:
    """Words of the repeating list, one token each."""
    return " ".join(itertools.islice(itertools.cycle(WORDS), skip, skip + count))


@pytest.mark.parametrize("path", CUTS)
def test_a_truncated_text_is_named_and_counted_in_every_dialect(embed: Service, rerank: Service, path: str) -> None:
    of_rerank = "rerank" in path or path in ("/score", "/predict")
    server = (rerank if of_rerank else embed).server
    before = server.metric("duobento_truncated_items_total", route=path)
    answer = server.client.post(path, json=CUTS[path])
    assert (answer.status_code, answer.headers["X-Truncated"]) == (200, "0,2"), answer.text
    wait_for(lambda: server.metric("duobento_truncated_items_total", route=path) == before + 2, "both are counted")


def test_what_is_not_truncated_is_not_named(service: Service) -> None:
    assert "X-Truncated" not in service.post("heron", "stork").headers


@pytest.fixture(scope="module")
def content_limit(embed: Service) -> int:
    """Words that fit into the encoder's window beside its two special tokens."""
    assert embed.post(_words(50)).json()["tokens"] == 52, "the words are no longer one token each"
    window: int = embed.server.client.get("/info").json()["max_tokens"]
    return window - 2


def test_a_text_that_just_fits_is_not_truncated(embed: Service, content_limit: int) -> None:
    answer = embed.post(_words(content_limit)).json()
    assert (answer["tokens"], answer["truncated"]) == (content_limit + 2, [])


def test_a_text_one_token_over_the_window_is_reported_as_truncated(embed: Service, content_limit: int) -> None:
    answer = embed.post("heron", _words(content_limit + 1), "heron", _words(content_limit + 50)).json()
    assert answer["truncated"] == [1, 3]


def test_a_single_text_says_whether_it_was_truncated(embed: Service, content_limit: int) -> None:
    answer = embed.server.client.post("/embed", json={"text": _words(content_limit + 1)}).json()
    assert (answer["tokens"], answer["truncated"]) == (content_limit + 2, True)


def test_truncation_at_the_end_keeps_the_beginning(embed: Service, content_limit: int) -> None:
    cut, beginning = (
        embed.post(text, truncate="end").json()["embeddings"]
        for text in (_words(content_limit + 30), _words(content_limit))
    )
    assert reference.least_cosine(cut, beginning) >= EQUAL


def test_truncation_at_the_start_keeps_the_end(embed: Service, content_limit: int) -> None:
    cut = embed.post(_words(content_limit + 30), truncate="start").json()["embeddings"]
    end = embed.post(_words(content_limit, skip=30)).json()["embeddings"]
    beginning = embed.post(_words(content_limit)).json()["embeddings"]
    assert reference.least_cosine(cut, end) >= EQUAL
    assert reference.least_cosine(cut, beginning) < EQUAL


def test_truncation_at_the_end_is_the_default(embed: Service, content_limit: int) -> None:
    default, end = (
        embed.post(_words(content_limit + 30), **fields).json()["embeddings"] for fields in ({}, {"truncate": "end"})
    )
    assert reference.least_cosine(default, end) >= EQUAL


def test_a_text_that_just_fits_passes_when_truncation_is_refused(embed: Service, content_limit: int) -> None:
    assert embed.post(_words(content_limit), truncate="none").status_code == 200


def test_a_text_one_token_over_is_refused_when_truncation_is_refused(embed: Service, content_limit: int) -> None:
    answer = embed.post("heron", _words(content_limit + 1), truncate="none")
    assert problem(answer) == (422, "invalid_request", "texts.1")
    assert str(content_limit + 2) in answer.json()["error"]["message"]


def test_e5_keeps_its_prefix_when_a_text_loses_its_start(e5: Service) -> None:
    window = e5.server.client.get("/info").json()["max_tokens"]
    long = e5.post(_words(3000), input_type="passage", truncate="start").json()
    assert (long["tokens"], long["truncated"]) == (window, [0])
    as_query = e5.post(_words(3000), input_type="query", truncate="start").json()
    assert reference.least_cosine(long["embeddings"], as_query["embeddings"]) < 0.9999


@pytest.mark.parametrize("filler_before", [0, 40, 80], ids=["first window", "middle", "last window"])
def test_a_long_document_scores_like_its_best_window(rerank: Service, filler_before: int) -> None:
    document = FILLER * filler_before + NEEDLE + " " + FILLER * (80 - filler_before)
    answer = rerank.post(document, FILLER * 80, query=QUERY).json()
    assert answer["truncated"] == []
    assert [result["index"] for result in answer["results"]] == [0, 1]
    assert answer["results"][0]["score"] > answer["results"][1]["score"] + 0.05


def test_a_document_beyond_max_tokens_per_doc_is_cut_and_reported(rerank: Service) -> None:
    document = FILLER * 40 + NEEDLE
    answer = rerank.post(FILLER, document, query=QUERY, max_tokens_per_doc=100).json()
    assert answer["truncated"] == [1]
    full = rerank.post(FILLER, document, query=QUERY).json()
    assert full["truncated"] == []
    assert full["results"][0]["score"] > 10 * answer["results"][0]["score"]


def test_a_document_cut_at_its_start_keeps_its_end(rerank: Service) -> None:
    fields = {"query": QUERY, "max_tokens_per_doc": 100}
    end, start = (
        rerank.post(FILLER * 40 + NEEDLE, truncate=side, **fields).json()["results"][0]["score"]
        for side in ("end", "start")
    )
    assert start > 10 * end


def test_a_document_over_its_limit_is_refused_when_truncation_is_refused(rerank: Service) -> None:
    answer = rerank.post(FILLER, FILLER * 40, max_tokens_per_doc=100, truncate="none")
    assert problem(answer) == (422, "invalid_request", "documents.1")
    assert "max_tokens_per_doc" in answer.json()["error"]["message"]


def test_a_long_document_within_its_limit_passes_when_truncation_is_refused(rerank: Service) -> None:
    assert rerank.post(FILLER * 40, truncate="none").status_code == 200


def test_a_long_query_leaves_half_the_window_to_the_documents(rerank: Service) -> None:
    answer = rerank.post(NEEDLE, FILLER, query=QUERY + " " + FILLER * 100).json()
    assert answer["query_truncated"] is True
    assert answer["truncated"] == []


def test_a_long_query_is_refused_when_truncation_is_refused(rerank: Service) -> None:
    answer = rerank.post(NEEDLE, query=FILLER * 100, truncate="none")
    assert problem(answer) == (422, "invalid_request", "query")
