"""The pages of `embed` and `evaluate` have every flag, its default, every variable and every exit code."""

import re

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from scripts.__main__ import app
from tests.http.server import ROOT

ROW = re.compile(r"^\| `(--[a-z-]+)` \| (?:`([^`]*)`)? ?\| .+ \|$", re.M)
PAGES = {"embed": "embed-files.md", "evaluate": "evaluate.md"}


@pytest.mark.parametrize("name", PAGES)
def test_every_flag_is_on_its_page_with_its_default(name: str) -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    options = [one for one in group.commands[name].params if one.opts[0].startswith("--") and one.name != "help"]
    flags = {option.opts[0]: shown(option.default) for option in options}
    assert dict(ROW.findall((ROOT / "docs" / PAGES[name]).read_text())) == flags


@pytest.mark.parametrize(("name", "codes"), [("embed", "0123"), ("evaluate", "0123")])
def test_every_exit_code_is_on_its_page(name: str, codes: str) -> None:
    assert re.findall(r"^\| (\d) \|", (ROOT / "docs" / PAGES[name]).read_text(), re.M) == list(codes)


def shown(default: object) -> str:
    return "" if default is None or default is False else f"{default:g}" if isinstance(default, float) else str(default)
