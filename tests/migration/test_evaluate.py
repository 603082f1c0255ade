"""Judged queries on a migrated collection: old vectors, new ones and reranked ones."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient, models
from typer.testing import CliRunner

from scripts.evaluate.cli import app
from scripts.free_port import free_port
from scripts.migrate.sources.rows import point_id
from tests.http.services import Service
from tests.migration.fault_proxy import FaultProxy
from tests.migration.parts import Migration, contact, dense, points, seed

pytestmark = pytest.mark.tools

TEMPLATE = "--template={name} {title} at {company}"
SELF = "--query-template={title} {name} of {company}"


class Evaluation:
    """The command with its connections."""

    def __init__(self, embed: Service, rerank: Service, qdrant_url: str, collection: str) -> None:
        self.flags = [
            f"--embed-url={embed.server.url}",
            f"--rerank-url={rerank.server.url}",
            f"--qdrant-url={qdrant_url}",
            f"--collection={collection}",
            TEMPLATE,
        ]

    def __call__(self, *arguments: object, code: int = 0) -> str:
        """Run it to its end in this process; what it said. Fails when the exit code is another than `code`."""
        runner = CliRunner(env={"COLUMNS": "200"})
        done = runner.invoke(app, [*self.flags, *map(str, arguments)])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return " ".join(done.output.split())


@pytest.fixture
def evaluate(embed: Service, rerank: Service, qdrant_url: str, migrate: Migration) -> Evaluation:
    return Evaluation(embed, rerank, qdrant_url, migrate.target)


def judged(path: Path, queries: list[dict[str, Any]]) -> str:
    """Flag that names a file of these queries."""
    path.write_text("".join(json.dumps(query) + "\n" for query in queries))
    return f"--queries={path}"


def test_old_against_new_against_reranked(
    qdrant: QdrantClient, migrate: Migration, evaluate: Evaluation, alias: str, tmp_path: Path
) -> None:
    old = seed(qdrant, alias, 60)
    migrate()
    vectors = points(qdrant, old)
    queries = [
        {
            "query": f"{contact(number)['name']} {contact(number)['title']} at {contact(number)['company']}",
            "relevant": [number],
            "vector": dense(vectors[(number + number % 2) % 60]).tolist(),  # every other one is of another contact
        }
        for number in range(40)
    ]
    file = tmp_path / "figures.json"
    said = evaluate(judged(tmp_path / "queries.jsonl", queries), f"--old={old}", f"--json={file}")
    assert "new is better than old: nDCG@10" in said
    figures = json.loads(file.read_text())
    assert list(figures["figures"]) == ["old", "new", "new, reranked"]
    assert figures["figures"]["new"]["recall@1"]["mean"] == 1
    assert figures["figures"]["old"]["recall@1"]["mean"] == 0.5
    interval = figures["figures"]["old"]["recall@1"]
    assert 0.3 < interval["low"] < 0.5 < interval["high"] < 0.7
    assert [len(query["found"]["new, reranked"]) for query in figures["queries"]] == [20] * 40
    assert {name: sorted(stages) for name, stages in figures["milliseconds"].items()} == {
        "old": ["search"],
        "new": ["embed", "search"],
        "new, reranked": ["embed", "rerank", "search"],
    }


def test_queries_made_of_the_collection(
    qdrant: QdrantClient, migrate: Migration, evaluate: Evaluation, alias: str, tmp_path: Path
) -> None:
    seed(qdrant, alias, 50)
    migrate()
    page = tmp_path / "evaluation.html"
    said = evaluate(SELF, "--no-rerank", "--limit=30", "--top=5", f"--html={page}", "--threshold=recall@5=0.9")
    assert "30 queries, the first 5 results" in said
    written = page.read_text()
    assert "<svg" in written
    assert "30 queries" in written


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--threshold=mrr=1.5"], "mrr of new is"),
        (["--threshold=new, reranked:recall@10=2"], "recall@10 of new, reranked is"),
    ],
)
def test_below_a_threshold(
    qdrant: QdrantClient, migrate: Migration, evaluate: Evaluation, alias: str, flags: list[str], sentence: str
) -> None:
    seed(qdrant, alias, 12)
    migrate()
    assert sentence in evaluate(SELF, *flags, code=1)


def test_a_loss_against_the_old_vectors(
    qdrant: QdrantClient, migrate: Migration, evaluate: Evaluation, alias: str, tmp_path: Path
) -> None:
    old = seed(qdrant, alias, 30)
    migrate()
    vectors = points(qdrant, old)
    queries = [
        {"query": "heron", "relevant": [number], "vector": dense(vectors[number]).tolist()} for number in range(30)
    ]
    flags = [judged(tmp_path / "queries.jsonl", queries), f"--old={old}", "--no-rerank"]
    said = evaluate(*flags, "--max-loss=0.1", code=1)
    assert "new is worse than old" in said
    assert "below that of old, more than 0.1" in said
    evaluate(*flags, "--max-loss=1")


def test_another_model_on_a_sample(
    qdrant: QdrantClient, evaluate: Evaluation, alias: str, proxy: FaultProxy, tmp_path: Path
) -> None:
    """Nothing is migrated: both services embed the sample. Here both have one model, and cannot be told apart."""
    evaluate.flags[3] = f"--collection={seed(qdrant, alias, 200)}"
    file = tmp_path / "figures.json"
    said = evaluate(SELF, f"--compare={proxy.url}", "--limit=20", "--sample=50", f"--json={file}")
    assert "compared and new cannot be told apart: nDCG@10 +0.000 (95 %: +0.000 to +0.000)." in said
    assert "Searched were 50 points of" in said
    figures = json.loads(file.read_text())["figures"]
    assert list(figures) == ["new", "new, reranked", "compared", "compared, reranked"]
    assert figures["new"]["mrr"]["mean"] > 0.9


def test_judged_ids_that_do_not_exist_are_counted(
    qdrant: QdrantClient, migrate: Migration, evaluate: Evaluation, alias: str, tmp_path: Path
) -> None:
    """Ids of three types: numbers, UUIDs, and names of which the migration made UUIDs."""
    old = seed(qdrant, alias, 5)
    one, named = str(uuid.UUID(int=7)), point_id("heron")
    qdrant.upsert(old, [models.PointStruct(id=i, vector=[1.0] * 16, payload=contact(9)) for i in (one, named)])
    migrate()
    queries: list[dict[str, Any]] = [
        {"query": "Ada", "relevant": [0, 42.0]},
        {"query": "Grace", "relevant": [one, "heron", 3.0]},
        {"query": "Alan", "relevant": ["crane", None, [1]]},
        {"query": " ", "relevant": [1]},
        {"query": "Edsger", "relevant": []},
        {"query": "\ud83d", "relevant": [1]},
    ]
    file = tmp_path / "figures.json"
    said = evaluate(judged(tmp_path / "queries.jsonl", queries), f"--json={file}")
    assert "4 judged ids not in the collection: 42.0, None, [1]" in said
    assert "1 query without another left out" in said
    assert (
        "1 query left out: without a text. 1 query left out: without a relevant id. 1 query left out: it holds half"
        in said
    )
    assert [query["relevant"] for query in json.loads(file.read_text())["queries"]] == [
        [0],
        sorted([3, one, named], key=str),
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param("{", "Line 1 of {path} is not JSON", id="no JSON"),
        pytest.param('{"query": "a", "relevant": 1}', "Line 1 of {path} is not of the form", id="no list"),
        pytest.param('{"query": "a", "relevant": [1], "vector": ["x"]}', "is not of the form", id="no vector"),
        pytest.param('["a"]', "Line 1 of {path} is not of the form", id="no object"),
        pytest.param('{"query": "a", "relevant": [77]}', "There is no query left to ask", id="no such id"),
        pytest.param("", "There is no query left to ask", id="empty"),
    ],
)
def test_a_file_of_queries_that_cannot_be_asked(
    qdrant: QdrantClient, evaluate: Evaluation, alias: str, tmp_path: Path, content: str, sentence: str
) -> None:
    evaluate.flags[3] = f"--collection={seed(qdrant, alias, 3)}"
    path = tmp_path / "queries.jsonl"
    path.write_text(content)
    assert sentence.format(path=path) in evaluate(f"--queries={path}", code=2)


def test_old_vectors_of_another_size(qdrant: QdrantClient, evaluate: Evaluation, alias: str, tmp_path: Path) -> None:
    old = seed(qdrant, alias, 3)
    evaluate.flags[3] = f"--collection={old}"
    flag = judged(tmp_path / "queries.jsonl", [{"query": "a", "relevant": [1], "vector": [1.0, 2.0]}])
    assert "A query's old vector has 2 dimensions, and the vectors to be searched 16" in evaluate(
        flag, f"--old={old}", code=2
    )
    flag = judged(tmp_path / "queries.jsonl", [{"query": "a", "relevant": [1]}])
    assert "No query has an old vector" in evaluate(flag, f"--old={old}", code=2)


def test_a_collection_that_was_not_migrated(qdrant: QdrantClient, evaluate: Evaluation, alias: str) -> None:
    evaluate.flags[3] = f"--collection={seed(qdrant, alias, 3)}"
    assert "The model's vectors have 384 dimensions, and the vectors to be searched 16" in evaluate(SELF, code=2)


def test_an_empty_collection(qdrant: QdrantClient, evaluate: Evaluation, alias: str) -> None:
    evaluate.flags[3] = f"--collection={seed(qdrant, alias, 0)}"
    assert "is empty: there is nothing to find" in evaluate(SELF, code=2)


def test_old_vectors_that_are_not_there(qdrant: QdrantClient, evaluate: Evaluation, alias: str, tmp_path: Path) -> None:
    evaluate.flags[3] = f"--collection={seed(qdrant, alias, 3)}"
    empty = seed(qdrant, f"{alias}-empty", 0)
    flag = judged(tmp_path / "queries.jsonl", [{"query": "a", "relevant": [1], "vector": [1.0] * 16}])
    assert f"{empty} is empty: there is nothing to find" in evaluate(flag, f"--old={empty}", code=2)


def test_a_template_of_another_collection(qdrant: QdrantClient, evaluate: Evaluation, alias: str) -> None:
    """Nothing could be reranked, and that would be called no difference."""
    evaluate.flags[3:] = [f"--collection={seed(qdrant, alias, 3)}", "--template={heron}"]
    assert "has 'heron', which the template names" in evaluate(SELF, code=2)


def test_one_query_has_no_interval(
    qdrant: QdrantClient, migrate: Migration, evaluate: Evaluation, alias: str, tmp_path: Path
) -> None:
    old = seed(qdrant, alias, 3)
    migrate()
    query = {"query": "Ada", "relevant": [1], "vector": dense(points(qdrant, old)[1]).tolist()}
    page = tmp_path / "evaluation.html"
    said = evaluate(judged(tmp_path / "queries.jsonl", [query]), f"--old={old}", "--no-rerank", f"--html={page}")
    assert "1 query, the first" in said
    assert "new and old cannot be told apart: nDCG@10" in said
    assert "inf" not in said + page.read_text().partition("<svg")[0]


def test_a_collection_that_is_not_there(evaluate: Evaluation) -> None:
    assert "cannot be searched in Qdrant" in evaluate(SELF, code=2)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ([], "Name the judged queries"),
        ([SELF, "--queries=a"], "--queries and --query-template exclude each other"),
        ([SELF, "--threshold=heron"], "A threshold is written like"),
        ([SELF, "--threshold=heron=1"], "There is no metric heron"),
        ([SELF, "--threshold=old:mrr=1"], "There is no system 'old'"),
        ([SELF, "--max-loss=1"], "name them with --old"),
        ([SELF, "--old=a", "--compare=http://127.0.0.1:1"], "leave --vector, --old and --old-vector out"),
    ],
)
def test_a_wrong_flag_is_explained(evaluate: Evaluation, flags: list[str], sentence: str) -> None:
    assert sentence in evaluate(*flags, code=2)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--template={text", SELF], "The template '{text' is wrong"),
        ([TEMPLATE, "--query-template=text"], "must name payload fields"),
        ([TEMPLATE, "--queries=nothing.jsonl"], "The queries in nothing.jsonl cannot be read"),
    ],
)
def test_what_is_wrong_here_is_said_before_qdrant_is_asked(flags: list[str], sentence: str) -> None:
    done = CliRunner().invoke(app, [f"--qdrant-url=http://127.0.0.1:{free_port()}", *flags])
    assert done.exit_code == 2
    assert sentence in done.stderr
