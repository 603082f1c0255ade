"""An endless mix of requests: each dialect, one text or many, known to the cache or new; and bodies that are wrong."""

import random
from collections.abc import Sequence
from typing import Any

from benchmarks.dialect_requests import EMBED, RERANK
from benchmarks.load import requests_of
from benchmarks.served import Served
from benchmarks.texts import mixed_lengths
from scripts.bench.texts import WORDS

_DIALECTS = {"embed": EMBED, "rerank": RERANK}
_KNOWN = 200
"""Requests that come again and again."""
_KNOWN_SHARE = 0.5
_BATCH_SHARE = 0.2
_LARGEST_BATCH = 16
_LENGTHS = 512


class Mix:
    """Requests for one service; the same seed gives the same ones.

    Args:
        name: `embed` or `rerank`.
        service: a running service.
        model: the model that it serves.
        seed: seed of what is chosen.
    """

    def __init__(self, name: str, service: Served, model: str, seed: int = 0) -> None:
        self._dialects = list(_DIALECTS[name].values())
        self._url, self._model = service.url, model
        self._random = random.Random(seed)
        self._lengths = mixed_lengths(_LENGTHS, median=20, longest=150, seed=seed)
        self._known = [self._new() for _ in range(_KNOWN)]
        self._wrong = [self._broken(content) for content in self._known[:20]] + self._refused()

    def next(self) -> bytes:
        """A valid request."""
        return self._random.choice(self._known) if self._random.random() < _KNOWN_SHARE else self._new()

    def single(self) -> bytes:
        """The smallest valid request."""
        path, body = self._dialects[0]
        return self._request(path, body(["contact"], self._model))

    def next_wrong(self) -> bytes:
        """A request that gets a client error."""
        return self._random.choice(self._wrong)

    def _new(self) -> bytes:
        count = self._random.randint(2, _LARGEST_BATCH) if self._random.random() < _BATCH_SHARE else 1
        path, body = self._random.choice(self._dialects)
        return self._request(path, body([self._text() for _ in range(count)], self._model))

    def _text(self) -> str:
        return " ".join(self._random.choices(WORDS, k=self._random.choice(self._lengths)))

    def _request(self, path: str, body: dict[str, Any]) -> bytes:
        [content] = requests_of(self._url + path, [body])
        return content

    def _broken(self, content: bytes) -> bytes:
        """A request whose JSON is cut short, at the same length."""
        return content[:-2] + b"  "

    def _refused(self) -> list[bytes]:
        """Requests that are JSON, and wrong."""
        bodies: Sequence[dict[str, Any]] = [
            {},
            {"texts": [], "documents": [], "query": "a"},
            {"texts": [1] * 1000, "documents": [{}] * 1000, "query": "a"},
            {"text": "a" * 100_000, "texts": ["a"], "unknown": {"a": [None] * 1000}},
            {"texts": ["a"] * 5000, "documents": ["a"] * 5000, "query": "a"},
        ]
        return [self._request(path, body) for path, _ in self._dialects for body in bodies]
