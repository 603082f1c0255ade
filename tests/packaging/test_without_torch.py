"""`make serve` as a newcomer has it: only what requirements/serve.txt locks, without PyTorch and its companions."""

import os
import re
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from bentos.common.models.store import find
from scripts.free_port import free_port
from scripts.models.sources.minilm import minilm_folder
from scripts.readiness import wait_until
from tests import model_stores
from tests.models_command import ROOT, run_models_command_with

pytestmark = pytest.mark.packages

ABSENT = ("torch", "transformers", "sentence_transformers", "nncf", "scipy", "sklearn")
ENCODER = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture(scope="module")
def python(pytestconfig: pytest.Config) -> Path:
    return model_stores.serve_python(pytestconfig)


def versions(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / lock).read_text()
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.M))


def test_the_lock_is_a_part_of_what_is_tested_and_holds_no_torch() -> None:
    serve, everything = versions("serve.txt"), versions("dev.txt")
    assert serve.items() <= everything.items()
    assert versions("embed.txt").items() <= serve.items()
    assert not {name.replace("-", "_") for name in serve} & set(ABSENT)


@pytest.mark.parametrize("module", ABSENT)
def test_the_environment_has_none_of_it(python: Path, module: str) -> None:
    done = subprocess.run([python, "-c", f"import {module}"], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr.splitlines()[-1] == f"ModuleNotFoundError: No module named '{module}'"


def test_a_preset_is_installed_verified_and_served(python: Path, converted_store: Path, tmp_path: Path) -> None:
    conversion = find(ENCODER, backend="openvino", precision="int8", home=converted_store)
    assert conversion.profile.provenance["fidelity compared with"].startswith("the original's graph in fp32")
    assert "torch" not in conversion.profile.provenance
    done = run_models_command_with(python, converted_store, "verify", ENCODER)
    assert done.returncode == 0, done.stdout + done.stderr

    ports = [free_port(), free_port()]
    options = ["--embed-port", str(ports[0]), "--rerank-port", str(ports[1])]
    (tmp_path / "models").symlink_to(converted_store / "models")
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", "scripts.serve", "--models", "small", *options],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "BENTOML_HOME": str(tmp_path), "BENTOML_DO_NOT_TRACK": "True"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        embed, rerank = (f"http://127.0.0.1:{port}" for port in ports)
        wait_until(lambda: process.poll() is not None or (is_ready(embed) and is_ready(rerank)), "both are ready", 180)
        assert process.poll() is None, (tmp_path / "log").read_text()
        answer = httpx.post(f"{embed}/embed", json={"text": "heron"}, trust_env=False).raise_for_status().json()
        assert answer["dimension"] == 384
        body = {"query": "heron", "documents": ["a bird", "a spoon"]}
        ranked = httpx.post(f"{rerank}/rerank", json=body, trust_env=False).raise_for_status().json()
        assert len(ranked["results"]) == 2
        assert httpx.get(f"{embed}/info", trust_env=False).json()["backend"]["name"] == "openvino"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(90) == 0, (tmp_path / "log").read_text()


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_a_model_that_only_torch_serves_is_refused_with_what_to_install(python: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "t5", "architectures": ["T5EncoderModel"]}')
    (tmp_path / "model.safetensors").write_bytes(bytes(16))
    folder, _ = minilm_folder()
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    done = run_models_command_with(python, tmp_path / "home", "install", str(tmp_path), "--id", "local/t5")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith("Error: Models of type t5 can be served only with PyTorch: `make venv`")
