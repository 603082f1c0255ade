"""The settings page is what the settings classes say, and their module is the only reader of the environment."""

import ast
from pathlib import Path

from scripts.docs import settings_page

ROOT = Path(__file__).parents[2]
# One tells native libraries their number of threads, which they read from the environment; the second looks for old and
# misspelt names of the settings' variables; the third tells a worker which process started it.
ALLOWED = {"bentos/common/resources.py", "bentos/common/environment.py", "bentos/common/supervisor.py"}


def test_the_settings_page_is_up_to_date() -> None:
    assert settings_page.PAGE.read_text() == settings_page.render(), "run `make docs`"


def test_every_setting_has_a_description() -> None:
    assert "| None |" not in settings_page.render()


def test_no_other_module_of_the_services_reads_the_environment() -> None:
    for file in sorted((ROOT / "bentos").rglob("*.py")):
        if str(file.relative_to(ROOT)) in ALLOWED:
            continue
        names = {node.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute)}
        assert not names & {"environ", "getenv"}, file
