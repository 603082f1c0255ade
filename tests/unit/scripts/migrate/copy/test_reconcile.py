from typing import Any

import pytest
from qdrant_client import models

from scripts.migrate.copy.reconcile import changed, same
from scripts.migrate.sources.interface import Record

pytestmark = pytest.mark.tools

ROW = {"name": "Ada", "tags": [1, {"a": None}]}


@pytest.mark.parametrize(
    ("vectors", "copies", "equal"),
    [
        ({"face": [3.0, 4.0]}, {"face": [0.6, 0.8]}, True),
        ({"face": [3, 4]}, {"face": [0.6, 0.8]}, True),
        ({"face": [3.0, 4.0]}, {"face": [0.8, 0.6]}, False),
        ({"face": [3.0, 4.0]}, {"face": [-0.6, -0.8]}, False),
        ({"face": [[3.0, 4.0], [0.0, 2.0]]}, {"face": [[0.6, 0.8], [0.0, 1.0]]}, True),
        ({"face": [[3.0, 4.0], [0.0, 2.0]]}, {"face": [[0.6, 0.8]]}, False),
        ({"face": [0.0, 0.0]}, {"face": [0.0, 0.0]}, True),
        ({"face": [0.0, 0.0]}, {"face": [0.6, 0.8]}, False),
        ({"photo": [3.0, 4.0]}, {"photo": [0.6, 0.8]}, False),
        ({}, {}, True),
        ({"photo": [0.6, 0.8]}, {"photo": [0.6, 0.8000001]}, True),
        ({"photo": [0.6, 0.8]}, {"photo": [0.8, 0.6]}, False),
        ({"photo": [0.6, 0.8]}, {"photo": [0.6, 0.8, 0.0]}, False),
        ({"photo": [0.6, 0.8]}, {}, False),
        ({"rows": [[1.0], [2.0]]}, {"rows": [[1.0], [2.0]]}, True),
        ({"words": ([1], [2.0])}, {"words": ([1], [2.0])}, True),
        ({"words": ([1], [2.0])}, {"words": ([2], [2.0])}, False),
    ],
)
def test_same(vectors: dict[str, Any], copies: dict[str, Any], equal: bool) -> None:
    one, other = (Record(1, dict(ROW), _sparse(side)) for side in (vectors, copies))
    assert same(one, other, {"face"}) is equal


def test_changed() -> None:
    records = [Record(number, {"n": number}) for number in range(4)]
    copies = [Record(0, {"n": 0}), Record(2, {"n": 7}), Record(3, {"n": 3})]
    assert [record.id for record in changed(records, copies, ())] == [1, 2]


def _sparse(vectors: dict[str, Any]) -> dict[str, Any]:
    return {
        name: models.SparseVector(indices=value[0], values=value[1]) if isinstance(value, tuple) else value
        for name, value in vectors.items()
    }
