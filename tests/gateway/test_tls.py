"""With tls.conf the gateway also speaks TLS, on a port of its own."""

import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from tests import programs
from tests.gateway.nginx import Gateway
from tests.http.server import ANSWER_SECONDS
from tests.http.services import EMBED, RERANK, Service

_SUBJECT = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A folder with a certificate of our own making, and its key."""
    files = ("-keyout", "tls.key", "-out", "tls.crt")
    subprocess.run(
        [programs.require("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *_SUBJECT, *files],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    return tmp_path


def test_both_services_over_tls(
    embed: Service, rerank: Service, certificate: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tls")
    trusted = ssl.create_default_context(cafile=str(certificate / "tls.crt"))
    with (
        Gateway(folder, embed.server.address, rerank.server.address, certificate=certificate) as gateway,
        httpx.Client(base_url=gateway.tls_url, verify=trusted, timeout=ANSWER_SECONDS, trust_env=False) as client,
    ):
        assert client.post(EMBED.path, json=EMBED.body("heron")).status_code == 200
        assert client.post(RERANK.path, json=RERANK.body("heron")).status_code == 200
        assert client.get("/live").status_code == 200
        plain = client.post(gateway.tls_url.replace("https:", "http:") + "/v2/embed", json={})
        assert plain.status_code == 400
        assert plain.json()["message"] == "This port speaks HTTPS: begin the URL with https://."
