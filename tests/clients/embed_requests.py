"""Requests to embed-service that must be answered, and what its answers are compared with."""

from typing import Any

import httpx
import numpy as np

from tests.http import reference
from tests.http.services import Service
from tests.http.shared import E5

TEXT = "The grey heron stands still and waits."
CHINESE = "苍鹭站在浅水中一动不动等待鱼儿游近然后用长喙迅速刺出把鱼叼住吞下再回到原处继续等待" * 25
"""1,000 characters, a chunk of LangChain's defaults: far over the window."""
SAME = 0.999999
OF_E5 = {"model": E5, "input": TEXT}


def send(service: Service, path: str, body: dict[str, Any]) -> httpx.Response:
    """Answer to a request that must be answered."""
    answer = service.server.client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer


def openai(service: Service, **fields: object) -> list[list[float]]:
    """Vectors in the shape of OpenAI's, Jina's and Voyage's answers."""
    return [item["embedding"] for item in send(service, "/v1/embeddings", {**OF_E5, **fields}).json()["data"]]


def native(service: Service, *texts: str, input_type: str) -> list[list[float]]:
    vectors: list[list[float]] = service.post(*texts, input_type=input_type).json()["embeddings"]
    return vectors


def same(some: object, others: object) -> bool:
    return reference.least_cosine(np.array(some), np.array(others)) >= SAME
