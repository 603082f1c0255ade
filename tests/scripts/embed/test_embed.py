"""Rows of a file become vectors in another, in every form that goes in and out."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.http.services import Service
from tests.scripts.embed.parts import Embedding, read, rows, write

pytestmark = pytest.mark.tools


def vectors_of(service: Service, texts: list[str], input_type: str = "passage") -> np.ndarray[Any, Any]:
    return np.array(service.post(*texts, input_type=input_type).json()["embeddings"], np.float32)


@pytest.mark.parametrize("given", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("wanted", ["parquet", "jsonl", "npy"])
def test_each_row_gets_its_vector(
    embedding: Embedding, embed: Service, tmp_path: Path, given: str, wanted: str
) -> None:
    content = rows(120)
    source = write(tmp_path / f"people.{given}", content)
    said = embedding(source, "--format", wanted, "--batch-size=7")
    output = tmp_path / f"people.embedded.{wanted}"
    assert f"{output}: 120 vectors; 120 rows now" in said
    assert np.abs(read(output) - vectors_of(embed, [row["text"] for row in content])).max() < 1e-3
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([source.name, output.name])


@pytest.mark.parametrize("wanted", ["parquet", "jsonl"])
def test_columns_stay_as_they_are(embedding: Embedding, tmp_path: Path, wanted: str) -> None:
    table = pa.table(
        {
            "text": ["heron", "crane"],
            "seen": pa.array([1, None], pa.timestamp("ns")),
            "legs": pa.array([2, 2], pa.int8()),
        }
    )
    source = tmp_path / "birds.parquet"
    pq.write_table(table, source)
    output = tmp_path / f"out.{wanted}"
    embedding(source, "--output", output, "--vector-column=vector")
    if wanted == "parquet":
        written = pq.read_table(output)
        assert written.drop_columns("vector") == table
        assert written.schema.field("vector").type == pa.list_(pa.float32(), 384)
    else:
        lines = [json.loads(line) for line in output.read_text().splitlines()]
        assert [list(line) for line in lines] == [["text", "seen", "legs", "vector"]] * 2
        assert [line["legs"] for line in lines] == [2, 2]


def test_a_template_and_queries(embedding: Embedding, embed: Service, tmp_path: Path) -> None:
    source = write(tmp_path / "people.jsonl", [{"name": "Ada", "at": {"company": "Acme"}}])
    embedding(source, "-o", tmp_path / "out.npy", "--template={name} at {at.company}", "--input-type=query")
    assert np.abs(read(tmp_path / "out.npy") - vectors_of(embed, ["Ada at Acme"], "query")).max() < 1e-4


@pytest.mark.parametrize("embedding_type", ["int8", "uint8", "binary", "ubinary"])
def test_types_are_those_of_the_service(
    embedding: Embedding, embed: Service, tmp_path: Path, embedding_type: str
) -> None:
    content = rows(5)
    embedding(write(tmp_path / "a.csv", content), "-o", tmp_path / "out.npy", f"--embedding-type={embedding_type}")
    body = {
        "model": embed.kind.model,
        "texts": [row["text"] for row in content],
        "input_type": "search_document",
        "embedding_types": [embedding_type],
    }
    wanted = embed.server.client.post("/v2/embed", json=body).json()["embeddings"][embedding_type]
    found = read(tmp_path / "out.npy")
    assert found.dtype == (np.uint8 if embedding_type.startswith("u") else np.int8)
    assert found.tolist() == wanted


def test_fewer_dimensions_are_of_unit_length(embedding: Embedding, tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", rows(3))
    embedding(source, "-o", tmp_path / "all.npy")
    embedding(source, "-o", tmp_path / "few.npy", "--dimensions=64")
    first = read(tmp_path / "all.npy")[:, :64]
    wanted = first / np.linalg.norm(first, axis=1, keepdims=True)
    np.testing.assert_allclose(read(tmp_path / "few.npy"), wanted, atol=1e-4)


def test_fields_of_several_types_become_json(embedding: Embedding, tmp_path: Path) -> None:
    """Parquet has one type a column, JSON has none; ids of three types are as common as they are wrong."""
    content: list[dict[str, Any]] = [
        {"id": 1, "text": "one", "score": 1, "tags": {}},
        {"id": "two", "text": "two", "score": 0.5, "tags": {}},
        {"id": [3], "text": "three", "half": "\ud83d"},
    ]
    output = tmp_path / "out.parquet"
    embedding(write(tmp_path / "a.jsonl", content), "-o", output, code=1)  # half of a pair has no UTF-8
    written = pq.read_table(output).to_pydict()
    assert written["id"] == ["1", '"two"', "[3]"]
    assert written["score"] == [1.0, 0.5, None]
    assert written["tags"] == ["{}", "{}", None]
    assert written["half"] == [None, None, '"\\ud83d"']


def test_a_folder_of_files(embedding: Embedding, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    folder.mkdir()
    for number, suffix in enumerate(("jsonl", "csv", "parquet")):
        write(folder / f"{number}.{suffix}", rows(10 + number))
    (folder / "readme.txt").write_text("not a table")
    embedding(folder, "--format=npy")
    output = tmp_path / "people.embedded"
    assert {file.name: len(np.load(file)) for file in output.iterdir()} == {"0.npy": 10, "1.npy": 11, "2.npy": 12}
    assert "3 files embedded before" in embedding(folder, "--format=npy")


def test_an_empty_file(embedding: Embedding, tmp_path: Path) -> None:
    for name, content in (("a.jsonl", ""), ("b.csv", "text\n")):
        (tmp_path / name).write_text(content)
        assert "0 vectors; 0 rows now" in embedding(tmp_path / name, "--format=npy")
        assert np.load(tmp_path / f"{name[0]}.embedded.npy").shape == (0, 384)


@pytest.mark.ray
def test_ray_embeds_a_folder(embedding: Embedding, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    folder.mkdir()
    for number in range(3):
        write(folder / f"{number}.jsonl", rows(20 + number))
    assert embedding.start(folder, "--engine=ray").wait(240) == 0
    found = {file.name: pq.read_table(file).num_rows for file in (tmp_path / "people.embedded").iterdir()}
    assert found == {"0.parquet": 20, "1.parquet": 21, "2.parquet": 22}
