"""`/live`, `/ready`, `/health` and `/info`: from the first second, under load, and when the start goes wrong."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree

import pytest

from bentos.common import model_store
from tests.http.server import START_SECONDS, Server, wait_for
from tests.http.services import EMBED, RERANK, Kind, Service, problem

PROBES = ("/live", "/ready", "/health")


def test_probes_answer_from_the_first_second_and_tell_loading_from_ready(
    kind: Kind, home: Path, tmp_path: Path
) -> None:
    server = Server(kind.target, home=home, log=tmp_path / "log", settings=kind.serving)
    try:
        wait_for(lambda: server.probe("/live") is not None, "the port answers")

        live, ready, health = (server.client.get(path) for path in PROBES)
        assert (live.status_code, live.json()) == (200, {"status": "ok"})
        assert ready.status_code == 503
        assert ready.json()["status"] == "not ready"
        assert ready.json()["failing"] == ["model_loaded"]
        assert health.status_code == 503
        assert health.json() == _health(kind, "loading", loaded=False)
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in (ready, health))
        early = server.client.post(kind.path, json=kind.body("heron"))
        assert problem(early) == (503, "not_ready", None)
        assert int(early.headers["Retry-After"]) >= 1

        server.wait_ready()
        assert server.client.get("/health").json() == _health(kind, "ok", loaded=True)
        assert server.client.get("/ready").json()["status"] == "ready"
        assert server.client.post(kind.path, json=kind.body("heron")).status_code == 200
        assert server.metric("duobento_ready") == 1
    finally:
        server.close()


def test_a_ready_service_reports_every_check_as_passed(service: Service) -> None:
    answer = service.server.client.get("/ready")
    assert answer.status_code == 200
    assert answer.json()["checks"]
    assert all(answer.json()["checks"].values())


def test_the_log_says_which_model_was_loaded_and_how_long_it_took(embed: Service, rerank: Service) -> None:
    assert f"Loading embedding model: {EMBED.model}" in embed.server.log
    assert "Embedding model loaded in " in embed.server.log
    assert "ms (dim=384)" in embed.server.log
    assert f"Loading reranker model: {RERANK.model}" in rerank.server.log
    assert "Reranker model loaded in " in rerank.server.log


def test_probes_answer_while_the_engine_is_saturated(service: Service) -> None:
    with service.busy(), ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(service.server.client.get, PROBES * 10))
        assert service.server.metric("duobento_queue_tokens") > 0, "the engine ran out of work too early"
    assert [answer.status_code for answer in answers] == [200] * 30


@pytest.mark.parametrize("path", [*PROBES, "/info", "/metrics"])
def test_probes_take_get_only(service: Service, path: str) -> None:
    assert problem(service.server.client.post(path, json={})) == (405, "method_not_allowed", None)


def test_info_tells_model_revision_backend_precision_limits_and_version(service: Service) -> None:
    info = service.server.client.get("/info").json()
    assert info["service"] == service.kind.name
    assert info["model"] == service.kind.model
    assert info["revision"]
    assert info["version"]
    assert info["backend"]["name"] == "torch"
    assert info["backend"]["precision"] == "fp32"
    assert info["limits"]["max_body_bytes"] == 32 * 1024 * 1024
    assert info["limits"][f"max_{service.kind.items}"] == service.kind.most_items


def test_the_demo_reranker_is_called_demo(rerank: Service) -> None:
    assert rerank.server.client.get("/health").json()["quality"] == "demo"


def test_openapi_describes_every_route(service: Service) -> None:
    paths = service.server.client.get("/openapi.json").json()["paths"]
    assert {*PROBES, "/info", "/metrics", service.kind.path} <= paths.keys()
    assert service.server.client.get("/docs").status_code == 200


def test_a_model_that_is_not_installed_ends_the_start_with_the_command_that_installs_it(
    kind: Kind, home: Path, tmp_path: Path
) -> None:
    last_line = _failed_start(kind, home, tmp_path, {f"{kind.prefix}MODEL": "heron/large"})
    assert last_line == ("Model heron/large is not installed: run `python -m scripts.models install heron/large`.")


def test_a_model_of_the_other_kind_ends_the_start(home: Path, tmp_path: Path) -> None:
    last_line = _failed_start(EMBED, home, tmp_path, {"EMBED_MODEL": RERANK.model})
    assert last_line == (f"The model {RERANK.model} is of kind cross-encoder, but this service needs kind encoder.")


def test_a_wrong_setting_ends_the_start_and_is_named_with_its_value(kind: Kind, home: Path, tmp_path: Path) -> None:
    last_line = _failed_start(kind, home, tmp_path, kind.serving | {f"{kind.prefix}STREAMS": "none"})
    assert last_line.strip().startswith(f"{kind.prefix}STREAMS=none: ")


def test_weights_that_cannot_be_loaded_are_named_in_one_sentence(home: Path, tmp_path: Path) -> None:
    source = model_store.find(EMBED.model, home=home).path
    broken_home = tmp_path / "home"
    copytree(source.parent, broken_home / source.parent.relative_to(home))
    [weights] = (broken_home / source.relative_to(home)).glob("model*.safetensors")
    weights.write_bytes(weights.read_bytes()[:1000])
    server = Server(EMBED.target, home=broken_home, log=tmp_path / "log", settings=EMBED.serving)
    try:
        # Outside a container BentoML starts a worker that ended again, so the process goes on.
        sentence = f"The embedding model {EMBED.model} cannot be loaded: "
        wait_for(lambda: sentence in server.log, "the log names the model", START_SECONDS)
    finally:
        server.close()
    assert "Traceback" not in server.log


def _health(kind: Kind, status: str, *, loaded: bool) -> dict[str, object]:
    body: dict[str, object] = {
        "status": status,
        "service": kind.name,
        "model": kind.model,
        "model_loaded": loaded,
        "quality": "production" if kind is EMBED else "demo",
    }
    return body | ({"dimension": 384} if kind is EMBED else {})


def _failed_start(kind: Kind, home: Path, folder: Path, settings: dict[str, str]) -> str:
    """Start a service that cannot start; returns the last line of its log."""
    server = Server(kind.target, home=home, log=folder / "log", settings=settings)
    try:
        assert server.process.wait(120) != 0
    finally:
        server.close()
    assert "Traceback" not in server.log
    return server.log.strip().splitlines()[-1]
