"""A place of Qdrant is a server or a folder, and a server has a port."""

from pathlib import Path

import pytest

from scripts.qdrant import folder_of, server_client

pytestmark = pytest.mark.tools


def test_what_is_no_url_is_a_folder() -> None:
    assert folder_of("migration/qdrant") == Path("migration/qdrant")
    assert folder_of("http://localhost:6333") is None


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://qdrant.example", "https://qdrant.example"),
        ("https://qdrant.example:6333", "https://qdrant.example:6333"),
        ("http://localhost", "http://localhost:6333"),
        ("http://localhost:80", "http://localhost:80"),
    ],
)
def test_a_url_without_a_port_has_https_own_or_qdrants(url: str, address: str) -> None:
    client = server_client(url, None)
    assert client.http.client.host == address
    client.close()
