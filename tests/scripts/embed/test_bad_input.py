"""What is wrong with a file is said in a sentence and counted."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.http.server import wait_for
from tests.migration.fault_proxy import FaultProxy
from tests.scripts.embed.parts import Embedding, rows, write

pytestmark = pytest.mark.tools


@pytest.mark.parametrize("wanted", ["npy", "jsonl", "parquet"])
def test_rows_without_text_are_counted(embedding: Embedding, tmp_path: Path, wanted: str) -> None:
    content = rows(40)
    for row in content[::2]:
        del row["text"]
    output = tmp_path / f"out.{wanted}"
    said = embedding(write(tmp_path / "a.jsonl", content), "-o", output, "--batch-size=7", code=1)
    assert "20 vectors;" in said
    assert f"20 rows without a vector: see {output}.failures.jsonl" in said
    failed = [json.loads(line)["id"] for line in Path(f"{output}.failures.jsonl").read_text().splitlines()]
    assert sorted(failed) == list(range(0, 40, 2))
    if wanted == "npy":
        lengths = np.linalg.norm(np.load(output), axis=1)
        np.testing.assert_allclose(lengths, [0, 1] * 20, atol=1e-5)
    elif wanted == "jsonl":
        vectors = [json.loads(line)["embedding"] for line in output.read_text().splitlines()]
        assert [vector is None for vector in vectors] == [True, False] * 20
    else:
        assert [vector is None for vector in pq.read_table(output)["embedding"].to_pylist()] == [True, False] * 20


def test_texts_that_the_service_cannot_take_are_counted(embedding: Embedding, tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", [{"text": "heron"}, {"text": "\ud83d"}, {"text": "crane"}])
    embedding(source, "-o", tmp_path / "out.npy", code=1)
    assert "surrogate" in (tmp_path / "out.npy.failures.jsonl").read_text()


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_file_that_changes_while_it_is_read(proxy: FaultProxy, tmp_path: Path, suffix: str) -> None:
    source = write(tmp_path / f"people.{suffix}", rows(900))
    embedding = Embedding(proxy.url, tmp_path)
    flags = [source, "-o", tmp_path / "out.npy", "--batch-size=1", "--concurrency=1"]
    process = embedding.start(*flags)
    wait_for(lambda: proxy.embedded > 0, "it has begun")
    write(source, rows(800))
    assert process.wait() == 2
    assert "was begun with the file as it was before a change" in embedding(*flags, code=2)
    embedding(source, "-o", tmp_path / "out.npy", "--restart")
    assert len(np.load(tmp_path / "out.npy")) == 800


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.jsonl", b'{"text": "a"}\n{text: b}\n', "is not JSON"),
        ("a.jsonl", b'{"text": "a"}\n["b"]\n', "is not a JSON object"),
        ("a.jsonl", b'{"text": "\xff"}\n', "is not JSON"),
        ("a.jsonl", b'{"name": "a"}\n', "No row of {path} has 'text': name the column of texts with --column"),
        ("a.jsonl", b'{"text": "a", "embedding": 1}\n', "has a column 'embedding' already"),
        ("a.csv", b"text,name\na\n", "has 2 columns, and 1 in row 1"),
        ("a.csv", b"text,text\na,b\n", "has the column 'text' twice"),
        ("a.csv", b'text\n"a\n', "cannot be read after row 0"),
        ("a.csv", b"text\n\xff\n", "cannot be read after row 0"),
        ("a.parquet", b"PAR1 no PAR1", "cannot be read"),
        ("a.txt", b"a", "is neither a file that ends with .jsonl, .csv, .parquet"),
    ],
)
def test_a_file_that_cannot_be_embedded(
    embedding: Embedding, tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert sentence.format(path=path) in embedding(path, code=2)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_format_that_the_name_contradicts(embedding: Embedding, tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", rows(1))
    said = embedding(source, "-o", tmp_path / "out.jsonl", "--format=npy", code=2)
    assert "out.jsonl ends with .jsonl, and --format says npy" in said
    assert list(tmp_path.iterdir()) == [source]


def test_a_column_that_only_later_rows_have(embedding: Embedding, tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", [{"id": number} for number in range(1500)] + [{"text": "heron"}])
    assert "1 vector;" in embedding(source, "-o", tmp_path / "out.npy", code=1)


def test_a_value_that_python_cannot_hold(embedding: Embedding, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a"], "born": pa.array([10**8], pa.date32())}), path)
    assert "hold a value that cannot be read, in 'born'" in embedding(path, code=2)


def test_two_columns_of_one_name(embedding: Embedding, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table([pa.array(["heron"]), pa.array(["crane"])], ["text", "text"]), path)
    assert "has the column 'text' twice" in embedding(path, code=2)


def test_an_output_that_is_there(embedding: Embedding, tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", rows(2))
    embedding(source)
    assert "exists already" in embedding(source, code=2)
    embedding(source, "--restart")


def test_two_files_that_would_become_one(embedding: Embedding, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    folder.mkdir()
    write(folder / "a.jsonl", rows(1))
    write(folder / "a.csv", rows(1))
    assert "would become one file" in embedding(folder, code=2)


@pytest.mark.parametrize(
    ("flag", "sentence"),
    [
        ("--dimensions=385", "makes vectors of 384 dimensions"),
        ("--template={", "has a brace"),
        ("--output=a.txt", "does not end"),
    ],
)
def test_a_wrong_flag_is_explained(embedding: Embedding, tmp_path: Path, flag: str, sentence: str) -> None:
    assert sentence in embedding(write(tmp_path / "a.jsonl", rows(1)), flag, code=2)
