"""Texts over the window that are read in pieces: their vector is the pieces' mean, weighted by length."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.http import reference
from tests.http.services import EMBED, QUICK_STOP, Service, problem, running
from tests.http.shared import E5

EQUAL = 0.99999
WORDS = ("heron", "river", "stone", "cloud", "paper", "train", "glass")
LIMIT = 254
"""Words that fit into the window beside its two special tokens: each is one token."""
MOST = 600


@pytest.fixture(scope="module")
def chunking(home: Path, logs: Path) -> Iterator[Service]:
    """embed-service that reads long texts in pieces, up to `MOST` tokens, unless a request says otherwise."""
    settings = {"EMBED_CHUNKED": "true", "EMBED_MAX_TOKENS_PER_TEXT": str(MOST)}
    with running(EMBED, EMBED.lean | settings | QUICK_STOP, home=home, log=logs / "chunking.log") as service:
        yield service


def words(count: int, skip: int = 0) -> str:
    """Words of the repeating list."""
    return " ".join(itertools.islice(itertools.cycle(WORDS), skip, skip + count))


def mean(service: Service, lengths: Sequence[int]) -> reference.Vectors:
    """Of the vectors of texts of so many words, one after the other, weighted by their tokens."""
    starts = [0, *itertools.accumulate(lengths)]
    texts = [words(length, skip) for length, skip in zip(lengths, starts, strict=False)]
    vectors = np.array(service.post(*texts, truncate="none").json()["embeddings"], np.float32)
    weights = np.array(lengths, np.float32)[:, np.newaxis] + 2
    summed: reference.Vectors = np.sum(vectors * weights, axis=0, keepdims=True)
    return summed


def test_a_long_text_is_the_mean_of_its_pieces_on_request(embed: Service) -> None:
    long = words(2 * LIMIT + 100)
    answer = embed.post("heron", long, chunked=True)
    assert answer.headers["X-Chunked"] == "1"
    assert "X-Truncated" not in answer.headers
    assert answer.json()["truncated"] == []
    assert answer.json()["tokens"] == 3 + 2 * (LIMIT + 2) + 102
    vector = answer.json()["embeddings"][1:]
    assert reference.least_cosine(vector, mean(embed, [LIMIT, LIMIT, 100])) >= EQUAL
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert reference.least_cosine(vector, embed.post(long).json()["embeddings"]) < EQUAL


def test_others_of_its_request_are_as_they_were(embed: Service) -> None:
    together = embed.post("heron", words(LIMIT + 9), "stork", chunked=True).json()["embeddings"]
    assert reference.least_cosine(together[::2], embed.post("heron", "stork").json()["embeddings"]) >= 0.999999


def test_a_text_that_fits_is_read_in_one_piece(embed: Service) -> None:
    answer = embed.post(words(LIMIT), chunked=True)
    assert "X-Chunked" not in answer.headers
    assert answer.json()["embeddings"] == embed.post(words(LIMIT)).json()["embeddings"]


def test_each_piece_stands_behind_the_prompt(e5: Service) -> None:
    window = e5.server.client.get("/info").json()["max_tokens"]
    long = "heron " * 2 * window
    tokens = {
        kind: e5.post(long, input_type=kind, chunked=True).json()["tokens"] for kind in ("query", "passage", "none")
    }
    pieces = -(-(tokens["none"]) // window)
    assert min(tokens["query"], tokens["passage"]) > tokens["none"] + pieces - 1
    own = e5.post("passage: " + long, input_type="query", chunked=True).json()["embeddings"]
    assert (
        reference.least_cosine(own, e5.post(long, input_type="passage", chunked=True).json()["embeddings"]) >= 0.999999
    )


def test_a_setting_says_it_for_requests_that_do_not(chunking: Service) -> None:
    long = words(LIMIT + 50)
    for path, body in (
        ("/embed", {"texts": [long]}),
        ("/embed", {"inputs": [long]}),
        ("/v1/embed", {"texts": [long]}),
        ("/v1/embeddings", {"input": [long]}),
    ):
        answer = chunking.server.client.post(path, json=body)
        assert answer.headers["X-Chunked"] == "0", path
    assert "X-Chunked" not in chunking.post(long, truncate="end").headers
    assert chunking.post(long, truncate="end").headers["X-Truncated"] == "0"
    assert "X-Chunked" not in chunking.post(long, chunked=False).headers


def test_what_lies_beyond_the_limit_is_truncated_and_named_or_refused(chunking: Service) -> None:
    answer = chunking.post(words(MOST + 100))
    assert (answer.headers["X-Chunked"], answer.headers["X-Truncated"]) == ("0", "0")
    vector = answer.json()["embeddings"]
    assert reference.least_cosine(vector, mean(chunking, [LIMIT, LIMIT, MOST - 2 * LIMIT])) >= EQUAL
    assert problem(chunking.post(words(MOST + 100), chunked=True, truncate="none"))[0] == 422
    assert chunking.post(words(MOST), chunked=True, truncate="none").status_code == 200


def test_a_request_of_openais_may_ask_for_it(e5: Service) -> None:
    body = {"model": E5, "input": ["heron", "heron " * 1500], "chunked": True}
    assert e5.server.client.post("/v1/embeddings", json=body).headers["X-Chunked"] == "1"
