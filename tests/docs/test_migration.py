"""docs/migration.md's table is what the settings say; the guide's four lines in docs/deployment.md do what it says."""

import shlex
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from scripts.docs import migration_page
from tests.http.services import Service
from tests.migration.parts import Migration, points, seed

pytestmark = pytest.mark.tools

PAGE = migration_page.PAGE.with_name("deployment.md")
SECTION = "## Step 4"


def test_the_table_of_settings_is_up_to_date() -> None:
    assert migration_page.PAGE.read_text() == migration_page.render(), "run `make docs`"


def test_the_guides_four_command_lines(embed: Service, tmp_path: Path) -> None:
    """As a user runs them, each in a process, on a folder of the embedded engine."""
    folder = tmp_path / "qdrant"
    with_engine = QdrantClient(path=str(folder))
    seed(with_engine, "contacts", 40)
    with_engine.close()
    migrate = Migration(folder, embed.server.url, "contacts", tmp_path / "migration")
    reached = []
    for line in command_lines():
        program, *rest = shlex.split(line.replace("YOUR_USER_ID", "user-2"))
        assert [program, *rest[:2]] == ["python", "-m", "scripts.migrate"]
        assert migrate.start(*rest[2:]).wait(120) == 0, line
        reached.append(migrated(folder, migrate.target))
    assert reached == [0, 10, 40, 40]
    migrate("verify")


def migrated(folder: Path, target: str) -> int:
    client = QdrantClient(path=str(folder))
    try:
        return len(points(client, target)) if client.collection_exists(target) else 0
    finally:
        client.close()


def command_lines() -> list[str]:
    section = PAGE.read_text().partition(SECTION)[2].partition("\n## ")[0]
    lines = section.partition("```sh\n")[2].partition("```")[0].splitlines()
    assert len(lines) == 4
    return lines
