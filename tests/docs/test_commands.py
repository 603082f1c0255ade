"""The pages of the command-line tools have every flag, its default, every variable and every exit code."""

import re

import pytest
import typer
from pydantic_settings import BaseSettings
from typer.main import get_command

from scripts.bench.__main__ import app as bench
from scripts.deployment import DeploymentSettings
from scripts.doctor.__main__ import app as doctor
from scripts.qdrant import QdrantSettings
from tests.http.server import ROOT
from tests.scripts.environment import variables

PAGES = {"benchmarking.md": bench, "doctor.md": doctor}
ROW = re.compile(r"^\| `(--[a-z-]+)` \| (?:`([^`]*)`)? ?\| .+ \|$", re.M)


@pytest.mark.parametrize("page", PAGES)
def test_every_flag_is_on_its_page_with_its_default(page: str) -> None:
    assert dict(ROW.findall((ROOT / "docs" / page).read_text())) == _flags(PAGES[page])


@pytest.mark.parametrize(
    ("page", "used"), [("benchmarking.md", [DeploymentSettings]), ("doctor.md", [DeploymentSettings, QdrantSettings])]
)
def test_every_variable_is_on_the_page_that_uses_it(page: str, used: list[type[BaseSettings]]) -> None:
    text = (ROOT / "docs" / page).read_text()
    assert all(f"`{variable}`" in text for settings in used for variable in variables(settings))


def _flags(app: typer.Typer) -> dict[str, str]:
    """The flags of a command with the defaults that its help shows."""
    return {option.opts[0]: _shown(option.default) for option in get_command(app).params if option.name != "help"}


def _shown(default: object) -> str:
    return "" if default is None or default is False else f"{default:g}" if isinstance(default, float) else str(default)
