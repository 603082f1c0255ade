"""Whole searches: embed, find, rerank, with each stage's share and the engine's name."""

import json
from pathlib import Path

import pytest
from qdrant_client import QdrantClient, models
from typer.testing import CliRunner, Result

from scripts.bench.cli import app
from tests.scripts.conftest import Deployment

pytestmark = pytest.mark.tools

CLOSED = ["--iterations=4", "--warm-up=1", "--batch-size=2", "--documents=5"]
TEXTS = [f"The heron waits in the shallow water of pond {number}." for number in range(12)]


def bench(deployment: Deployment, *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "160"}).invoke(app, [*deployment.urls, *CLOSED, *arguments])


@pytest.fixture
def folder(deployment: Deployment, tmp_path: Path) -> Path:
    """An embedded engine's folder with collections of the model's size and of another."""
    vectors = deployment.embed.post(*TEXTS).json()["embeddings"]
    client = QdrantClient(path=str(tmp_path / "qdrant"))
    for name, size in (("herons", 384), ("small", 2)):
        client.create_collection(name, models.VectorParams(size=size, distance=models.Distance.COSINE))
        points = [
            models.PointStruct(id=number, vector=vector[:size], payload={"body": text})
            for number, (text, vector) in enumerate(zip(TEXTS, vectors, strict=True))
        ]
        client.upsert(name, points)
    client.create_collection("empty", models.VectorParams(size=384, distance=models.Distance.COSINE))
    client.close()
    return tmp_path / "qdrant"


def test_each_stage_has_its_share(deployment: Deployment, folder: Path, tmp_path: Path) -> None:
    file, page = tmp_path / "figures.json", tmp_path / "report.html"
    where = [f"--qdrant-url={folder}", "--collection=herons", "--template={body}"]
    result = bench(deployment, *where, f"--json={file}", f"--html={page}")
    assert result.exit_code in (0, 1), result.output
    assert "12 points of herons in qdrant-client" in " ".join(result.output.split())
    search = json.loads(file.read_text())["search"]
    assert {stage: len(times) for stage, times in search["milliseconds"].items()} == dict.fromkeys(
        ("embed", "search", "rerank"), 4
    )
    stages = search["figures"]["stages"]
    assert sum(stage["share"] for stage in stages.values()) == pytest.approx(1)
    assert search["figures"]["p50"] >= max(stage["p50"] for stage in stages.values())
    assert "A whole search" in page.read_text()


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            ["--collection=small", "--template={body}"],
            "The model's vectors have 384 dimensions, and the vectors to be searched 2",
        ),
        (["--collection=absent"], "cannot be searched"),
        (["--collection=herons", "--vector=heron"], "Name the vector"),
        (["--collection=herons", "--template={heron}"], "has 'heron', which the template names"),
        (["--collection=empty"], "empty is empty: there is nothing to find"),
    ],
)
def test_a_collection_that_cannot_be_searched(
    deployment: Deployment, folder: Path, flags: list[str], sentence: str
) -> None:
    result = bench(deployment, f"--qdrant-url={folder}", *flags)
    assert result.exit_code == 2
    assert sentence in " ".join(result.output.split())


def test_a_wrong_template_is_explained(deployment: Deployment) -> None:
    result = bench(deployment, "--collection=herons", "--template={")
    assert result.exit_code == 2
