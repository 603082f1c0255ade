"""Requests are bounded by an estimate, which must not be less than what the client sends."""

import json
from typing import Any

import numpy as np
import pytest
from qdrant_client import models

from scripts.migrate.qdrant.request_size import json_bytes

pytestmark = pytest.mark.tools

ROWS = np.random.default_rng(0).normal(size=(30, 128)).astype(np.float32).tolist()


@pytest.mark.parametrize(
    ("payload", "vectors"),
    [
        ({"name": "Ada", "tags": [1, None, {"deep": True}]}, {}),
        ({"name": "Ångström “é” \U0001f426" * 100}, {}),
        ({"n": 1}, {"text": ROWS[0]}),
        ({"n": 1}, {"text": ROWS[0], "tokens": ROWS}),
        ({"n": 1}, {"words": models.SparseVector(indices=list(range(10**9, 10**9 + 128)), values=ROWS[0])}),
        ({}, {"text": [0.0] * 128}),
        ({}, {"tokens": []}),
    ],
    ids=["payload", "not ASCII", "dense", "rows", "sparse", "zeros", "no rows"],
)
def test_a_point_is_not_larger_than_estimated(payload: dict[str, Any], vectors: dict[str, Any]) -> None:
    point = models.PointStruct(id=2**63, payload=payload, vector=vectors)
    body = point.model_dump_json().encode()
    estimated = json_bytes(payload, vectors.values()) + 100  # names and id
    assert len(body) <= estimated
    assert json.loads(body)
