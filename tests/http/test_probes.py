"""`/live`, `/ready`, `/health` and `/info`: from the first second, under load, and when the start goes wrong."""

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree

import pytest

from bentos.common.models import store as model_store
from bentos.common.resources import cpu_limit, memory_limit
from tests.http.server import START_SECONDS, Server
from tests.http.services import EMBED, QUICK_STOP, RERANK, Kind, Service, problem, running

PROBES = ("/live", "/ready", "/health")


def test_liveness_answers_before_the_model_is_loaded(service: Service) -> None:
    live = service.early["/live"]
    assert (live.status_code, live.json()) == (200, {"status": "ok"})


def test_health_says_loading_and_then_ok(service: Service) -> None:
    early, now = service.early["/health"], service.server.client.get("/health")
    assert (early.status_code, early.json()) == (503, _health(service.kind, "loading", loaded=False))
    assert int(early.headers["Retry-After"]) >= 1
    assert (now.status_code, now.json()) == (200, _health(service.kind, "ok", loaded=True))


def test_readiness_names_the_failing_check_until_the_model_is_loaded(service: Service) -> None:
    early = service.early["/ready"]
    assert early.status_code == 503
    assert (early.json()["status"], early.json()["failing"]) == ("not ready", ["model_loaded"])
    assert int(early.headers["Retry-After"]) >= 1


def test_a_request_before_the_model_is_loaded_is_503_with_seconds_to_wait(service: Service) -> None:
    early = service.early[service.kind.path]
    assert problem(early) == (503, "not_ready", None)
    assert int(early.headers["Retry-After"]) >= 1


def test_a_ready_service_reports_every_check_as_passed(service: Service) -> None:
    answer = service.server.client.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["checks"]
    assert all(answer.json()["checks"].values())


def test_the_log_says_which_model_was_loaded_and_how_long_it_took(embed: Service, rerank: Service) -> None:
    assert f"Loading embedding model: {EMBED.model}" in embed.server.log
    assert "Embedding model loaded in " in embed.server.log
    assert "ms (dim=384)" in embed.server.log
    assert f"Loading reranker model: {RERANK.model}" in rerank.server.log
    assert "Reranker loaded in " in rerank.server.log


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
    assert info["backend"]["name"] == "openvino"
    assert info["backend"]["precision"] == "fp32"
    assert info["backend"]["activation_group_size"] is None
    assert info["limits"]["max_body_bytes"] == 32 * 1024 * 1024
    assert info["limits"][f"max_{service.kind.items}"] == service.kind.most_items


@pytest.mark.torch
def test_an_original_is_served_by_pytorch_and_info_says_so(kind: Kind, home: Path, logs: Path) -> None:
    settings = kind.lean | QUICK_STOP | {f"{kind.prefix}BACKEND": "torch"}
    with running(kind, settings, home=home, log=logs / f"original-{kind.name}.log") as service:
        backend = service.server.client.get("/info").json()["backend"]
        assert (backend["name"], backend["precision"]) == ("torch", "fp32")
        assert service.post("heron").status_code == 200


def test_info_tells_what_the_process_may_use_and_uses(service: Service) -> None:
    resources = service.server.client.get("/info").json()["resources"]
    assert (resources["processors"], resources["memory_limit_bytes"]) == (cpu_limit(), memory_limit())
    assert resources["resident_bytes"] > 10 * 1024 * 1024


def test_the_demo_reranker_is_called_demo(rerank: Service) -> None:
    assert rerank.server.client.get("/health").json()["quality"] == "demo"


def test_openapi_describes_every_route(service: Service) -> None:
    paths = service.server.client.get("/openapi.json").json()["paths"]
    assert {*PROBES, "/info", "/metrics", service.kind.path} <= paths.keys()
    assert service.server.client.get("/docs").status_code == 200


def test_openapi_describes_errors_as_each_dialect_sends_them(service: Service) -> None:
    described = service.server.client.get("/openapi.json").json()
    models = {
        "BentoML": "NativeError",
        "Cohere": "CohereError",
        "Jina": "JinaError",
        "NVIDIA": "NVIDIAError",
        "OpenAI": "OpenAIError",
        "text-embeddings-inference": "TEIError",
        "Voyage": "VoyageError",
        "vLLM": "OpenAIError",
        "native": "NativeError",
    }
    operations = [route["post"] for route in described["paths"].values() if "post" in route]
    assert len(operations) > 2
    for operation in operations:
        schema = operation["responses"]["default"]["content"]["application/json"]["schema"]
        assert schema["$ref"].rpartition("/")[2] in {models.get(tag.split()[0]) for tag in operation["tags"]}
    assert "HTTPValidationError" not in described["components"]["schemas"]


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
    source = model_store.find(EMBED.model, backend="openvino", home=home).path
    broken_home = tmp_path / "home"
    copytree(source.parent, broken_home / source.parent.relative_to(home))
    [weights] = (broken_home / source.relative_to(home)).glob("*.bin")
    weights.write_bytes(weights.read_bytes()[:1000])
    with Server(EMBED.target, home=broken_home, log=tmp_path / "log", settings=EMBED.serving) as server:
        # BentoML would start its worker again, for ever.
        assert server.process.wait(START_SECONDS) == 1
        assert server.log.count(f"The embedding model {EMBED.model} cannot be loaded: ") == 1
        assert "Traceback" not in server.log


@pytest.mark.torch
def test_a_gpu_that_cannot_be_used_is_named_in_one_sentence(home: Path, tmp_path: Path) -> None:
    asked = EMBED.serving | {"EMBED_DEVICE": "cuda", "CUDA_VISIBLE_DEVICES": ""}
    with Server(EMBED.target, home=home, log=tmp_path / "log", settings=asked) as server:
        assert server.process.wait(START_SECONDS) == 1
        sentence = f"The embedding model {EMBED.model} cannot be loaded: The settings ask for device cuda, but PyTorch "
        assert server.log.count(sentence) == 1
        assert "Traceback" not in server.log


def test_a_precision_that_is_not_installed_is_refused_rather_than_computed_by_pytorch(
    home: Path, tmp_path: Path
) -> None:
    last = _failed_start(EMBED, home, tmp_path, EMBED.serving | {"EMBED_PRECISION": "int8"})
    assert last.startswith(f"Model {EMBED.model} has no openvino int8 artefact in the model store: run ")


def test_a_name_without_its_owner_names_the_installed_model(home: Path, tmp_path: Path) -> None:
    last = _failed_start(EMBED, home, tmp_path, EMBED.serving | {"EMBED_MODEL": "all-minilm-l6-v2"})
    assert last.endswith(f"Did you mean {EMBED.model}, which is installed?")


def test_a_taken_port_is_one_line(home: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with Server(EMBED.target, home=home, log=tmp_path / "log", settings=EMBED.serving, port=port) as server:
            assert server.process.wait(START_SECONDS) == 1
            [line] = server.log.splitlines()
            assert f"Cannot listen on 127.0.0.1:{port} (Address already in use): stop what uses the port" in line


@pytest.mark.torch
def test_a_service_falls_back_to_pytorch_with_a_word(home: Path, tmp_path: Path) -> None:
    original = model_store.find(EMBED.model, home=home).path
    own_home = tmp_path / "home"
    copytree(original, own_home / original.relative_to(home))
    with running(EMBED, EMBED.lean | QUICK_STOP, home=own_home, log=tmp_path / "log") as service:
        log = service.server.log
    said = f"WARNING [embed-service] [-] {EMBED.model} is served by PyTorch, as no conversion of it is installed"
    assert said in log
    assert re.search(r"Embedding model loaded in \d+ms \(dim=384\), torch fp32 on cpu$", log, re.MULTILINE)


def test_the_log_names_the_form_that_is_served_in_one_format_from_the_first_line(service: Service) -> None:
    log = service.server.log
    encodes = service.kind is EMBED
    loaded = r"Embedding model loaded in \d+ms \(dim=384\)" if encodes else r"Reranker loaded in \d+ms"
    assert re.search(rf"INFO \[{service.kind.name}\] \[-\] {loaded}, openvino fp32 on cpu$", log, re.M)
    assert all(f" [{service.kind.name}] [" in line for line in log.splitlines())


def _health(kind: Kind, status: str, *, loaded: bool) -> dict[str, object]:
    body: dict[str, object] = {
        "status": status,
        "service": kind.name,
        "model": kind.model,
        "model_loaded": loaded,
        "cache": {"mode": "none", "status": "ok"},
    }
    # Nobody has said of what quality the other model is.
    return body | ({"dimension": 384} if kind is EMBED else {"quality": "demo"})


def _failed_start(kind: Kind, home: Path, folder: Path, settings: dict[str, str]) -> str:
    """Start a service that cannot start; returns the last line of its log."""
    with Server(kind.target, home=home, log=folder / "log", settings=settings) as server:
        assert server.process.wait(START_SECONDS) != 0
        assert "Traceback" not in server.log
        return server.log.strip().splitlines()[-1]
