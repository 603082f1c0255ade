"""The production stack by its compose file, with one processor for each service, and what the file promises."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from bentos.common.settings import CacheSettings, ServerSettings, TracesSettings
from bentos.embed.settings import EmbedSettings
from bentos.rerank.settings import RerankSettings
from scripts.docs import compose_file
from scripts.free_port import free_port
from tests.http.server import ANSWER_SECONDS, ROOT, START_SECONDS, wait_for
from tests.oci.engine import Engine

FOLDER = ROOT / "deploy" / "compose"
FILE = FOLDER / "docker-compose.production.yml"
GATEWAY = ROOT / "deploy" / "gateway"
PODMAN_COMPOSE = str(Path(sys.executable).parent / "podman-compose")
LOCAL = FOLDER / "docker-compose.local.yml"
# Qdrant's image can only be pulled; the others have stand-ins.
STARTED = ["embed-service", "rerank-service", "redis", "gateway"]
RERANK = {"query": "software engineer", "documents": ["John is a software engineer", "Mary is a chef"]}


def config(*files: Path) -> dict[str, dict[str, Any]]:
    """The services of compose files, merged and with their defaults."""
    arguments = [part for file in files for part in ("-f", str(file))]
    command = [PODMAN_COMPOSE, "--env-file", os.devnull, *arguments, "config"]
    rendered = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    merged: dict[str, dict[str, Any]] = yaml.safe_load(rendered)["services"]
    return merged


def services() -> dict[str, dict[str, Any]]:
    described: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["services"]
    return described


def example() -> dict[str, str]:
    lines = (FOLDER / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_variable_has_the_default_that_the_example_shows() -> None:
    before_the_template, _, _ = FILE.read_text().partition("GATEWAY_TEMPLATE: |")
    variables = re.findall(r"(?<!\$)\$\{([^}]+)\}", before_the_template)
    assert dict(variable.split(":-") for variable in variables) == example()


def test_only_monitoring_needs_other_files() -> None:
    for name, service in services().items():
        mounted = [volume for volume in service.get("volumes", []) if volume.startswith((".", "/"))]
        assert not mounted or service["profiles"] == ["monitoring"], name
        assert all(not file["required"] for file in service.get("env_file", [])), name


def test_the_gateway_has_its_template_and_settings() -> None:
    assert compose_file.PAGE.read_text() == compose_file.render(), "run `make docs`"
    lines = (GATEWAY / "gateway.env").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    rendered = config(FILE)["gateway"]["environment"]
    assert rendered.pop("GATEWAY_TEMPLATE") == compose_file.TEMPLATE.read_text()
    assert rendered == settings


def test_the_services_examples_are_settings_that_the_compose_file_leaves_to_them() -> None:
    shown = re.findall(r"^#([A-Z_]+)=", (FOLDER / "services.env.example").read_text(), re.M)
    classes = (ServerSettings, CacheSettings, TracesSettings, EmbedSettings, RerankSettings)
    known = {
        f"{kind.model_config.get('env_prefix') or ''}{name}".upper() for kind in classes for name in kind.model_fields
    }
    for name in ("embed-service", "rerank-service"):
        service = services()[name]
        assert service["env_file"] == [{"path": "services.env", "required": False}]
        assert set(shown) <= known - service["environment"].keys()
    assert shown


def test_only_the_gateway_and_grafana_are_published() -> None:
    assert {name for name, service in services().items() if "ports" in service} == {"gateway", "grafana"}


def test_local_ports_are_published_on_this_machine_only() -> None:
    merged = config(FILE, LOCAL)
    for name, port in {"embed-service": 5555, "rerank-service": 5556, "redis": 6379, "qdrant": 6333}.items():
        assert merged[name]["networks"] == ["internal", "public"]
        assert merged[name]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert all(port.startswith("127.0.0.1:") for service in merged.values() for port in service.get("ports", []))


def test_every_service_restarts_rotates_its_log_and_is_limited() -> None:
    for name, service in services().items():
        assert service["restart"] == "unless-stopped", name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        assert "mem_limit" in service, name


def test_every_part_of_the_stack_has_a_health_check_that_ends_in_time() -> None:
    for name, service in services().items():
        if "profiles" not in service:
            check = service["healthcheck"]
            assert {"start_period", "retries"} <= check.keys(), name
            assert 1 <= seconds(check["timeout"]) < seconds(check["interval"]), name


def seconds(duration: str) -> int:
    assert duration.endswith("s")
    return int(duration[:-1])


@pytest.fixture(scope="module")
def stack(
    engine: Engine, images: dict[str, str], official_images: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """URL of the gateway of a stack that runs from the file alone, with what differs here in the environment."""
    assert official_images is None
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(FILE, folder)
    address = f"127.0.0.1:{free_port()}"
    tag = images["embed-service"].split(":")[1]
    changed = {"TAG": tag, "GATEWAY_ADDRESS": address, "EMBED_CPUS": "1", "RERANK_CPUS": "1"}
    compose = [PODMAN_COMPOSE] if engine.program == "podman" else ["docker", "compose"]
    compose += ["-p", "duobento-oci-test", "-f", FILE.name]

    def run(*arguments: str) -> None:
        environment = os.environ | changed
        done = subprocess.run(
            [*compose, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    run("up", "-d", *STARTED)
    yield f"http://{address}"
    run("down", "-v")
    assert not engine.run("ps", "-aq", "--filter", "label=com.docker.compose.project=duobento-oci-test")


def test_the_stack_answers_by_its_gateway(stack: str) -> None:
    with httpx.Client(base_url=stack, timeout=ANSWER_SECONDS, trust_env=False) as client:

        def ready() -> bool:
            try:
                answers = [
                    client.post("/embed", json={"text": "Hello world test"}),
                    client.post("/rerank", json=RERANK),
                ]
            except httpx.TransportError:
                return False
            return all(answer.status_code == 200 for answer in answers)

        wait_for(ready, "both services answer", START_SECONDS)
        assert client.post("/embed", json={"text": "Hello world test"}).json()["dimension"] == 384
        assert client.post("/rerank", json=RERANK).json()["results"][0]["index"] == 0
        assert client.get("/health").json()["cache"]["mode"] == "redis"
        assert client.get("/health").json()["cache"]["status"] == "ok"


def test_the_services_cannot_reach_the_outside(engine: Engine, stack: str) -> None:
    assert stack
    names = engine.run("ps", "--format", "{{.Names}}", "--filter", "name=duobento-oci-test").splitlines()
    [embed] = [name for name in names if "embed-service" in name]
    code = "print([line.split()[1] for line in open('/proc/net/route')][1:].count('00000000'))"
    assert engine.run("exec", embed, "python", "-c", code) == "0"
