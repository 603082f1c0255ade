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
from qdrant_client import QdrantClient

from tests.http.server import free_port, wait_for
from tests.migration.firestore_server import firestore_server
from tests.migration.parts import Migration, contact, points

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
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", address)
    account = tmp_path / "account.json"
    account.write_text(json.dumps(service_account()))
    migrate.variables |= {
        "FIRESTORE_EMULATOR_HOST": address,
        "GOOGLE_APPLICATION_CREDENTIALS": str(account),
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "MIGRATE_SOURCE": "firestore:users/ada/people",
    }
    return firestore.Client(project=PROJECT).collection("users/ada/people")


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
