"""Flags stand anywhere, and `--help` tells all there is to know of them."""

import re
import subprocess

import pytest
from qdrant_client import QdrantClient
from typer.testing import CliRunner

from scripts.migrate.cli import app
from scripts.migrate.flags import flag, shown_default
from scripts.migrate.settings import MigrateSettings
from tests.http.server import ROOT
from tests.migration.parts import Migration, seed

pytestmark = pytest.mark.tools

COMMANDS = ("", "verify", "switch", "rollback", "cleanup", "alias")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_whole_names_and_defaults(migrate: Migration, command: str) -> None:
    shown = re.sub(r"\s+", " ", migrate(*command.split(), "--help"))
    for name, field in MigrateSettings.model_fields.items():
        assert flag(name, field).partition("/")[0] + " " in shown
        if default := shown_default(field):
            assert f"default: {default}]" in shown


def test_flags_in_any_order(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    old = seed(qdrant, f"{alias}-it", 5)
    del migrate.variables["MIGRATE_ALIAS"]
    alias = f"{alias}-people"
    migrate("alias", old, "--alias", alias)
    migrate("--alias", alias, "alias", "--move", old)
    assert "Error" not in migrate("--batch-size=2", f"--alias={alias}", "--sample=10")
    assert "5 points" in migrate("verify", f"--alias={alias}")
    migrate("--alias=nobody", "switch", "--sample=10", f"--alias={alias}")
    assert "say --yes" in migrate("cleanup", f"--alias={alias}", code=2)
    migrate("cleanup", f"--alias={alias}", "--yes")
    assert not qdrant.collection_exists(old)


@pytest.mark.parametrize("flag", ["--embed-url", "--embed-service-url"])
@pytest.mark.parametrize("command", ["", "verify"])
def test_the_service_has_the_flag_that_other_tools_have(flag: str, command: str) -> None:
    done = CliRunner().invoke(app, [flag, "heron", *command.split()])
    assert done.exit_code == 2
    assert "--embed-service-url (EMBED_SERVICE_URL): heron is not a service's URL" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("variable", "meant"), [("MIGRATE_BATCH_SIZ", "MIGRATE_BATCH_SIZE"), ("MIGRATE_QDRANT_URL", "QDRANT_URL")]
)
def test_a_variable_that_sets_nothing_is_warned_of(variable: str, meant: str) -> None:
    done = CliRunner().invoke(app, ["--embed-url=heron"], env={variable: "5"})
    assert f"{variable} is not a setting and is ignored: did you mean {meant}?\n" in done.stderr


@pytest.mark.parametrize("arguments", [["verify", "--batch-size=0"], ["--batch-size=0", "verify"]])
def test_wrong_flags_of_a_command(migrate: Migration, arguments: list[str]) -> None:
    said = migrate(*arguments, code=2)
    assert "--batch-size (MIGRATE_BATCH_SIZE): Input should be greater than or equal to 1" in " ".join(said.split())


def test_git_ignores_what_a_migration_leaves() -> None:
    left = ["migration/contacts-model.failures.jsonl", "migration/contacts-model.html"]
    ignored = subprocess.run(["git", "check-ignore", *left], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ignored.stdout.splitlines() == left
