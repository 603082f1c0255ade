"""Documents become points: from Firestore's wire protocol, and from Google's emulator where it is installed."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from shutil import which

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.cloud import firestore
from grpc import StatusCode
from qdrant_client import QdrantClient

from scripts.free_port import free_port
from tests.http.server import wait_for
from tests.migration.firestore_server import Documents, firestore_server
from tests.migration.parts import Migration, contact, points

pytestmark = pytest.mark.tools

EMULATOR = Path("/usr/lib/google-cloud-sdk/platform/cloud-firestore-emulator/cloud-firestore-emulator.jar")
KINDS = ["wire", *(["emulator"] if EMULATOR.exists() and which("java") else [])]
MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
PROJECT = "duobento-test"


@contextmanager
def emulator() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        ["java", "-cp", str(EMULATOR), MAIN, "start", "--host=127.0.0.1", f"--port={port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_for(listens, "the emulator listens")
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(params=KINDS)
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "emulator":
        with emulator() as address:
            yield address
        return
    with firestore_server() as (address, _):
        yield address


@pytest.fixture
def people(
    address: str, migrate: Migration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> firestore.CollectionReference:
    """An empty collection; the migration is told of it as a user would, with a service account's file."""
    return collection(address, migrate, tmp_path, monkeypatch)


@pytest.fixture
def documents(migrate: Migration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Documents]:
    """45 documents on the wire's server, two of them without a text."""
    with firestore_server() as (address, documents):
        people = collection(address, migrate, tmp_path, monkeypatch)
        for number in range(45):
            people.document(f"person-{number}").set({} if number in (7, 30) else contact(number))
        yield documents


def collection(
    address: str, migrate: Migration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> firestore.CollectionReference:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", address)
    alias = migrate.variables["MIGRATE_ALIAS"]
    account = tmp_path / "account.json"
    account.write_text(json.dumps(service_account()))
    migrate.variables |= {
        "FIRESTORE_EMULATOR_HOST": address,
        "GOOGLE_APPLICATION_CREDENTIALS": str(account),
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "MIGRATE_SOURCE": f"firestore:users/{alias}/people",  # Google's library opens each once in a process
    }
    return firestore.Client(project=PROJECT).collection(f"users/{alias}/people")


def service_account() -> dict[str, str]:
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "0",
        "private_key": key.decode(),
        "client_email": f"test@{PROJECT}.iam.gserviceaccount.com",
        "token_uri": "http://127.0.0.1:9/token",
    }


def test_documents_become_points(
    qdrant: QdrantClient, migrate: Migration, people: firestore.CollectionReference
) -> None:
    born = datetime(1815, 12, 10, tzinfo=UTC)
    for number in range(45):
        people.document(f"person-{number}").set(
            contact(number) | {"born": born, "home": firestore.GeoPoint(51.5, -0.1), "raw": b"\x00\xff"}
        )
    assert migrate.start("--batch-size=2", "--user-id=user-1").wait(120) == 0
    assert qdrant.count(migrate.target).count == 11
    assert migrate.start("--batch-size=2").wait(120) == 0
    found = {(point.payload or {})["id"]: point.payload for point in points(qdrant, migrate.target).values()}
    assert found.keys() == {f"person-{number}" for number in range(45)}
    assert found["person-7"] == contact(7) | {
        "id": "person-7",
        "born": born.isoformat(),
        "home": {"lat": 51.5, "lon": -0.1},
        "raw": "AP8=",
    }
    assert migrate.start("verify").wait(120) == 0


def test_failed_documents_are_tried_again_in_one_pass(migrate: Migration, documents: Documents) -> None:
    assert migrate.start().wait(120) == 1
    before = len(documents.queries)
    assert migrate.start("--retry-failed", "--batch-size=1").wait(120) == 1
    assert len(documents.queries) - before == 2  # a sample, and the pass


def test_a_fault_that_passes_is_waited_for(qdrant: QdrantClient, migrate: Migration, documents: Documents) -> None:
    documents.faults = [None, StatusCode.RESOURCE_EXHAUSTED, StatusCode.UNKNOWN]
    migrate(code=1)
    assert not documents.faults
    assert qdrant.count(migrate.target).count == 43


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (StatusCode.PERMISSION_DENIED, 2, "Firestore refuses the migration: 403 fault of a test"),
        (StatusCode.RESOURCE_EXHAUSTED, 3, "Firestore does not answer as it should: 429 fault of a test"),
    ],
)
def test_refusals_are_sentences(
    migrate: Migration, documents: Documents, status: StatusCode, code: int, sentence: str
) -> None:
    documents.faults = [status]
    assert f"Error: {sentence}" in migrate(code=code)


def test_no_credentials(migrate: Migration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "FIRESTORE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    assert "Your default credentials were not found" in migrate("--source=firestore:people", code=2)
