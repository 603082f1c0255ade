"""`python -m scripts.doctor` on real deployments, sound ones and broken ones: each gets the lines it deserves."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from qdrant_client import QdrantClient
from qdrant_client.models import Distance, VectorParams
from typer.testing import CliRunner

from scripts.doctor.checks.chunks import SAMPLES
from scripts.doctor.cli import app
from scripts.free_port import free_port
from tests.http.server import Server, wait_for
from tests.http.services import EMBED, QUICK_STOP, Service, running
from tests.http.shared import E5
from tests.redis_server import RedisServer, needs_redis
from tests.scripts.conftest import KEY, Deployment

pytestmark = pytest.mark.tools

Lines = dict[tuple[str, str], tuple[str, str]]
"""Status and message by subject and check."""


def doctor(*arguments: str) -> tuple[int, Lines]:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    lines = json.loads(result.output)["lines"]
    assert all(line["advice"] for line in lines if line["status"] in ("warning", "failure"))
    return result.exit_code, {(line["subject"], line["check"]): (line["status"], line["message"]) for line in lines}


def of_embed(lines: Lines) -> dict[str, str]:
    """The status of every check of embed-service."""
    return {check: status for (subject, check), (status, _) in lines.items() if subject == "embed-service"}


def collection(folder: Path, size: int, **more: Any) -> list[str]:
    """Make a collection of the embedded engine; returns the options that name it."""
    client = QdrantClient(path=str(folder))
    more = {"distance": Distance.COSINE, "metadata": None} | more
    client.create_collection("contacts", VectorParams(size=size, distance=more["distance"]), metadata=more["metadata"])
    client.close()
    return ["--qdrant-path", str(folder), "--collection", "contacts"]


@contextmanager
def web_server(status: int) -> Iterator[str]:
    """URL of a server that answers everything with this status and a page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html>\n<title>Herons</title>\n")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def checked(locked_deployment: Deployment) -> tuple[int, Lines]:
    """What the doctor says about a deployment that is set up as it should be."""
    for service in locked_deployment:
        for _ in range(2):
            service.post_with({"Authorization": f"Bearer {KEY}"}, "the heron waits")
    return doctor(*locked_deployment.urls, "--key", KEY)


def test_a_sound_deployment_has_no_failure(checked: tuple[int, Lines]) -> None:
    code, lines = checked
    assert code == 0
    statuses = of_embed(lines)
    for check in (
        "reachable",
        "ready",
        "health",
        "keys",
        "port",
        "cache",
        "hit rate",
        "clock",
        "prefixes",
        "input types",
    ):
        assert statuses[check] == "ok", lines["embed-service", check]


def test_every_check_of_both_services_has_a_line(checked: tuple[int, Lines]) -> None:
    _, lines = checked
    both = {"reachable", "ready", "health", "keys", "port", "cache", "hit rate", "threads", "memory"}
    both |= {"restart policy", "first byte", "clock"}
    assert {check for subject, check in lines if subject == "rerank-service"} == both
    assert {check for subject, check in lines if subject == "embed-service"} == both | {
        "prefixes",
        "input types",
        "chunks",
    }
    assert {check for subject, check in lines if subject == "Qdrant"} == {"collection"}


@pytest.mark.usefixtures("checked")
def test_the_hit_rate_is_what_the_service_counted(locked_deployment: Deployment) -> None:
    server = locked_deployment.embed.server
    hits, misses = (server.metric(f"duobento_cache_{name}_total", tier="memory") for name in ("hits", "misses"))
    _, lines = doctor(*locked_deployment.urls, "--key", KEY)
    assert lines["embed-service", "hit rate"] == (
        "ok",
        f"memory had {hits / (hits + misses):.0%} of {hits + misses:.0f} rows.",
    )


def test_the_largest_chunk_is_told_for_each_language_and_fits(
    checked: tuple[int, Lines], locked_deployment: Deployment
) -> None:
    status, message = checked[1]["embed-service", "chunks"]
    assert status == "warning"
    assert "Chunks of 1,000, as many clients make them by default, do not in " in message
    assert "Chinese, code: they lose their end" in message
    headers = {"Authorization": f"Bearer {KEY}"}
    for language, sample in SAMPLES.items():
        [size] = [int(number.replace(",", "")) for number in re.findall(rf"([\d,]+) of {language}\b", message)]
        for chunk in (sample * 20)[:size], (sample * 20)[size // 2 :][:size]:
            answer = locked_deployment.embed.post_with(headers, chunk)
            assert "X-Truncated" not in answer.headers, (language, size)


def test_the_demo_reranker_is_a_warning(checked: tuple[int, Lines]) -> None:
    assert checked[1]["rerank-service", "health"][0] == "warning"


def test_limits_are_those_that_the_service_sees(checked: tuple[int, Lines], locked_deployment: Deployment) -> None:
    resources = locked_deployment.embed.server.client.get("/info", headers={"Authorization": f"Bearer {KEY}"}).json()[
        "resources"
    ]
    status, message = checked[1]["embed-service", "threads"]
    assert message.startswith("1 threads ")
    assert f" {resources['processors']} CPUs" in message
    assert status == ("ok" if resources["processors"] == 1 else "warning")
    limit = resources["memory_limit_bytes"]
    shown = "without a limit" if limit is None else f"of {limit / 2**20:.0f} MiB"
    assert shown in checked[1]["embed-service", "memory"][1]


def test_what_cannot_be_checked_says_how_to(locked_deployment: Deployment) -> None:
    options = [*locked_deployment.urls, "--key", KEY, "--embed-container", "no-such-container"]
    result = CliRunner().invoke(app, options)
    assert "not checked embed-service   restart policy" in result.output
    assert "On its host: docker inspect" in result.output


def test_a_missing_key_is_a_warning_and_a_wrong_one_a_failure(locked_deployment: Deployment) -> None:
    code, lines = doctor(*locked_deployment.urls)
    assert code == 0
    assert lines["embed-service", "keys"] == (
        "warning",
        "It needs a key, and the doctor has none: much is not checked.",
    )
    assert lines["embed-service", "threads"] == ("not checked", "/info needs a key.")
    code, lines = doctor(*locked_deployment.urls, "--key", "egret-key")
    assert code == 1
    assert lines["rerank-service", "keys"][0] == "failure"


def test_services_without_keys_and_cache_are_warned_of(deployment: Deployment) -> None:
    code, lines = doctor(*deployment.urls)
    assert code == 0
    assert lines["embed-service", "keys"] == ("warning", "It answers without a key.")
    assert lines["embed-service", "cache"][0] == "warning"
    assert lines["embed-service", "hit rate"][0] == "not checked"


def test_a_service_that_is_down_is_one_failure_and_hides_nothing_of_the_other(deployment: Deployment) -> None:
    code, lines = doctor("--embed-url", f"http://127.0.0.1:{free_port()}", *deployment.urls[2:])
    assert code == 1
    statuses = of_embed(lines)
    assert statuses.pop("reachable") == "failure"
    assert set(statuses.values()) == {"not checked"}
    assert lines["rerank-service", "ready"][0] == "ok"


@pytest.mark.parametrize("status", [200, 404])
def test_another_server_is_one_failure_whatever_it_answers(deployment: Deployment, status: int) -> None:
    with web_server(status) as url:
        code, lines = doctor("--embed-url", url, *deployment.urls[2:])
    assert code == 1
    assert lines["embed-service", "reachable"] == ("failure", f"Unexpected response from {url}/health.")
    statuses = of_embed(lines)
    assert statuses.pop("reachable") == "failure"
    assert {check for check, found in statuses.items() if found != "not checked"} <= {"port", "clock"}
    assert lines["rerank-service", "ready"][0] == "ok"


def test_urls_that_are_exchanged_are_noticed(deployment: Deployment) -> None:
    embed, rerank = deployment.embed.server.url, deployment.rerank.server.url
    code, lines = doctor("--embed-url", rerank, "--rerank-url", embed)
    assert code == 1
    assert lines["embed-service", "reachable"] == ("failure", f"rerank-service answers at {rerank}.")


def test_a_service_that_loads_is_not_ready(home: Path, tmp_path: Path, deployment: Deployment) -> None:
    with Server(EMBED.target, home=home, log=tmp_path / "log", settings=EMBED.lean | QUICK_STOP) as loading:
        loading.wait_for_probe("/live")
        code, lines = doctor("--embed-url", loading.url, *deployment.urls[2:])
    assert code == 1
    assert lines["embed-service", "ready"] == ("failure", "It is not ready: model_loaded.")
    assert lines["embed-service", "health"] == ("failure", "Its status is loading.")
    assert lines["embed-service", "reachable"][0] == "ok"


@needs_redis
def test_a_redis_that_died_is_a_failure_of_the_cache_and_of_nothing_else(
    redis_server: RedisServer, embed_behind_redis: Service, deployment: Deployment
) -> None:
    urls = ["--embed-url", embed_behind_redis.server.url, *deployment.urls[2:]]
    wait_for(lambda: _cache_status(embed_behind_redis) == "ok", "Redis is used")
    assert doctor(*urls)[1]["embed-service", "cache"] == ("ok", "Redis answers.")
    redis_server.kill()
    try:
        wait_for(lambda: _cache_status(embed_behind_redis) == "degraded", "the cache is degraded")
        code, lines = doctor(*urls)
    finally:
        redis_server.start()
        wait_for(lambda: _cache_status(embed_behind_redis) == "ok", "the cache heals")
    assert code == 1
    assert lines["embed-service", "cache"] == ("failure", "The redis cache fails at: look-up, store.")
    assert [check for check, status in of_embed(lines).items() if status == "failure"] == ["cache"]


@pytest.mark.parametrize(
    ("size", "more", "status", "message"),
    [
        (384, {}, "ok", "384 dimensions, as the service makes; its model is not recorded."),
        (384, {"metadata": {"model": EMBED.model}}, "ok", f"made with {EMBED.model}."),
        (
            384,
            {"metadata": {"model": "heron/small"}},
            "failure",
            f"made with heron/small, but {EMBED.model} is",
        ),
        (384, {"distance": Distance.EUCLID}, "warning", "compares by Euclid."),
        (1024, {}, "failure", f"contacts has vectors of 1024 dimensions, {EMBED.model} makes 384."),
    ],
)
def test_the_collection_must_fit_the_model(
    deployment: Deployment, tmp_path: Path, size: int, more: dict[str, Any], status: str, message: str
) -> None:
    code, lines = doctor(*deployment.urls, *collection(tmp_path, size, **more))
    assert (code, lines["Qdrant", "collection"][0]) == (1 if status == "failure" else 0, status)
    assert message in lines["Qdrant", "collection"][1]


def test_a_collection_or_qdrant_that_is_not_there_is_a_failure(deployment: Deployment, tmp_path: Path) -> None:
    named = collection(tmp_path / "qdrant", 384)
    other = doctor(*deployment.urls, *named[:2], "--collection", "companies")
    assert (other[0], other[1]["Qdrant", "collection"][0]) == (1, "failure")
    nowhere = doctor(*deployment.urls, "--qdrant-url", f"http://127.0.0.1:{free_port()}", "--collection", "contacts")
    assert (nowhere[0], nowhere[1]["Qdrant", "collection"][0]) == (1, "failure")


def test_qdrants_variable_may_be_a_folder_as_for_the_migration(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, folder, *named = collection(tmp_path, 384)
    monkeypatch.setenv("QDRANT_URL", folder)
    assert doctor(*deployment.urls, *named)[1]["Qdrant", "collection"][0] == "ok"


def test_two_qdrants_are_refused() -> None:
    result = CliRunner().invoke(app, ["--qdrant-path=qdrant", "--qdrant-url=http://localhost:6333"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--qdrant-path and --qdrant-url name two Qdrants" in result.stderr


def test_a_wrong_variable_is_no_failure_of_the_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RERANK_SERVICE_URL", "heron")
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 2
    assert "RERANK_SERVICE_URL=heron" in result.output


def _cache_status(service: Service) -> str:
    """What `/health` says of it once it was asked for a text that it does not have."""
    service.post(f"a text that is in no cache: {uuid4()}")
    status: str = service.server.client.get("/health").json()["cache"]["status"]
    return status


def test_a_model_with_prompts_and_no_names_with_types_is_a_warning(e5: Service, home: Path, logs: Path) -> None:
    _, lines = doctor("--embed-url", e5.server.url)
    assert lines["embed-service", "input types"][0] == "ok"
    settings = EMBED.lean | QUICK_STOP | {"EMBED_MODEL": E5}
    with running(EMBED, settings, home=home, log=logs / "without-names.log") as service:
        _, lines = doctor("--embed-url", service.server.url)
    status, message = lines["embed-service", "input types"]
    assert (status, message.partition(",")[0]) == ("warning", "A request that says no input type is embedded as query")
