"""A little work for both services, of every kind that the dashboard shows."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

_CALLERS = 3
_SEED = 7
_PAUSE_SECONDS = 0.1
_WORDS = [
    "the",
    "grey",
    "heron",
    "waits",
    "in",
    "shallow",
    "water",
    "for",
    "fish",
    "while",
    "the",
    "office",
    "opens",
    "late",
    "and",
    "herons",
    "nest",
    "in",
    "trees",
]
_LENGTHS = [3, 6, 12, 25, 400]
"""Words of a text; the last is more than the small models' windows hold."""
_SHARES = [30, 30, 25, 14, 1]
_BULK_TEXTS = 60


class Load:
    """Callers that send one request after another: short texts, some of them again and again, bulk work, mistakes."""

    def __init__(self, embed_url: str, rerank_url: str) -> None:
        self._embed_url = embed_url
        self._rerank_url = rerank_url
        self._embed_model = httpx.get(f"{embed_url}/health", trust_env=False).json()["model"]

    def send_for(self, seconds: float) -> None:
        """Send until the time is over."""
        until = time.monotonic() + seconds
        with ThreadPoolExecutor(_CALLERS) as pool:
            callers = [pool.submit(self._call, random.Random(_SEED + number), until) for number in range(_CALLERS)]
            for caller in callers:
                caller.result()

    def _call(self, chance: random.Random, until: float) -> None:
        with httpx.Client(timeout=60, trust_env=False) as client:
            while time.monotonic() < until:
                url, body = self._request(chance)
                client.post(url, json=body)
                time.sleep(chance.expovariate(1 / _PAUSE_SECONDS))

    def _request(self, chance: random.Random) -> tuple[str, Any]:
        match chance.choices(["embed", "openai", "rerank", "bulk", "mistake"], [40, 20, 30, 2, 2])[0]:
            case "embed":
                return f"{self._embed_url}/embed", {"texts": _texts(chance, 4)}
            case "openai":
                return f"{self._embed_url}/v1/embeddings", {"model": self._embed_model, "input": _texts(chance, 2)}
            case "rerank":
                return f"{self._rerank_url}/rerank", {"query": "How does a heron hunt?", "documents": _texts(chance, 8)}
            case "bulk":
                return f"{self._embed_url}/embed", {"texts": _texts(chance, _BULK_TEXTS), "priority": "bulk"}
            case _:
                return f"{self._rerank_url}/rerank", {"query": "", "documents": []}


def _texts(chance: random.Random, number: int) -> list[str]:
    lengths = chance.choices(_LENGTHS, _SHARES, k=number)
    return [" ".join(chance.choices(_WORDS, k=length)) for length in lengths]
