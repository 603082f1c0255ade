"""The pages of the command-line tools have every flag, its default and every exit code."""

import re

import pytest
from typer.main import get_command

from scripts.bench.cli import app as bench
from scripts.command import ExitCode
from scripts.doctor.cli import app as doctor
from scripts.embed.cli import app as embed
from scripts.evaluate.cli import app as evaluate
from tests.http.server import ROOT

pytestmark = pytest.mark.tools

ROW = re.compile(r"^\| `(--[a-z-]+)` \| (?:`([^`]*)`)? ?\| .+ \|$", re.M)
PAGES = {"benchmarking.md": bench, "doctor.md": doctor, "embed-files.md": embed, "evaluate.md": evaluate}
ALL_CODES = {"benchmarking.md": 4, "doctor.md": 3, "embed-files.md": 4, "evaluate.md": 4, "migration.md": 4}
"""Number of exit codes that a tool has: the doctor takes what does not answer for a fault that it was asked to find."""


@pytest.mark.parametrize("page", PAGES)
def test_every_flag_is_on_its_page_with_its_default(page: str) -> None:
    options = [one for one in get_command(PAGES[page]).params if one.opts[0].startswith("--") and one.name != "help"]
    flags = {option.opts[0]: shown(option.default) for option in options}
    assert dict(ROW.findall((ROOT / "docs" / page).read_text())) == flags


@pytest.mark.parametrize("page", ALL_CODES)
def test_every_exit_code_is_on_its_page(page: str) -> None:
    found = re.findall(r"^\| (\d) \|", (ROOT / "docs" / page).read_text(), re.M)
    assert found == [str(code.value) for code in ExitCode][: ALL_CODES[page]]


def shown(default: object) -> str:
    return "" if default is None or default is False else f"{default:g}" if isinstance(default, float) else str(default)
