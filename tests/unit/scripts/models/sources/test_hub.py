"""Downloads, against a stand-in for the hub that serves a real model over HTTP."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from bentos.common.models.store import find, list_installed
from scripts.models.sources.minilm import minilm_folder
from scripts.models.sources.selection import link_files
from tests.models_command import run_models_command

pytestmark = pytest.mark.models

MODEL_ID = "example/MiniLM"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class StandInHub(ThreadingHTTPServer):
    """The calls of the hub's API that a download takes: a revision's commit, its files, and a file."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.served: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandInHub

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        files = {file.relative_to(self.server.folder).as_posix(): file for file in self._files()}
        if path in (f"/api/models/{MODEL_ID}", f"/api/models/{MODEL_ID}/revision/{COMMIT}"):
            siblings = [{"rfilename": name, "size": file.stat().st_size} for name, file in files.items()]
            self._answer(json.dumps({"id": MODEL_ID, "sha": COMMIT, "siblings": siblings}).encode())
        elif path == f"/api/models/{MODEL_ID}/tree/{COMMIT}":
            entries = [
                {"type": "file", "path": name, "size": file.stat().st_size, "oid": "0" * 40}
                for name, file in files.items()
            ]
            self._answer(json.dumps(entries).encode())
        elif (name := path.removeprefix(f"/{MODEL_ID}/resolve/{COMMIT}/")) in files:
            if self.command == "GET":
                self.server.served.add(name)
            self._answer(files[name].read_bytes())
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound" if MODEL_ID not in path else "RevisionNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    do_HEAD = do_GET  # noqa: N815

    def _files(self) -> list[Path]:
        return [file for file in self.server.folder.rglob("*") if file.is_file()]

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test output quiet."""


@contextmanager
def _hub(parent: Path) -> Iterator[StandInHub]:
    folder = parent / "repository"
    (folder / "onnx").mkdir(parents=True)
    link_files(minilm_folder()[0], folder)
    (folder / "onnx" / "model.onnx").write_bytes(b"not needed")
    (folder / "pytorch_model.bin").write_bytes(b"not needed either")
    with StandInHub(folder) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[StandInHub]:
    with _hub(tmp_path) as hub:
        yield hub


@pytest.fixture
def environment(hub: StandInHub, tmp_path: Path) -> dict[str, str]:
    return _environment(hub, tmp_path)


def _environment(hub: StandInHub, folder: Path) -> dict[str, str]:
    return {"HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "cache"), "HF_HUB_OFFLINE": "0"}


class Downloaded(NamedTuple):
    """A model that was installed from the hub, and how."""

    home: Path
    hub: StandInHub
    shown: str


@pytest.fixture(scope="module")
def downloaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Downloaded]:
    folder = tmp_path_factory.mktemp("downloaded")
    with _hub(folder) as hub:
        done = run_models_command(folder / "home", "install", MODEL_ID, **_environment(hub, folder))
        assert done.returncode == 0, done.stdout + done.stderr
        yield Downloaded(folder / "home", hub, done.stdout)


def test_a_model_is_installed_with_its_commit_and_source(downloaded: Downloaded) -> None:
    assert "downloading" in downloaded.shown
    profile = find(MODEL_ID, COMMIT, home=downloaded.home).profile
    assert profile.revision == COMMIT
    assert profile.license == "apache-2.0"
    assert profile.provenance["source"] == f"{downloaded.hub.url}/{MODEL_ID}"


def test_what_is_not_needed_is_not_downloaded(downloaded: Downloaded) -> None:
    assert {"model.safetensors", "tokenizer.json", "1_Pooling/config.json"} <= downloaded.hub.served
    assert not {"onnx/model.onnx", "pytorch_model.bin"} & downloaded.hub.served


def test_what_is_installed_needs_no_hub(downloaded: Downloaded) -> None:
    again = run_models_command(downloaded.home, "install", MODEL_ID, HF_HUB_OFFLINE="1")
    assert again.returncode == 0
    assert "is installed" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["example/unknown"], "neither a preset, nor a folder here, nor a public model"),
        ([MODEL_ID, "--revision", "v9"], f"{MODEL_ID} has no revision v9"),
    ],
)
def test_unknown_model_or_revision_is_one_sentence(
    environment: dict[str, str], tmp_path: Path, arguments: list[str], problem: str
) -> None:
    done = run_models_command(tmp_path / "home", "install", *arguments, **environment)
    assert done.returncode == 2
    assert problem in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "unreachable", [{"HF_HUB_OFFLINE": "1"}, {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://127.0.0.1:9"}]
)
def test_unreachable_hub_is_one_sentence(tmp_path: Path, unreachable: dict[str, str]) -> None:
    home = tmp_path / "home"
    done = run_models_command(home, "install", "production", **unreachable)
    assert done.returncode == 3
    assert "cannot be reached" in done.stderr
    assert "install FOLDER --id intfloat/multilingual-e5-large" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list_installed(home) == ([], [])
