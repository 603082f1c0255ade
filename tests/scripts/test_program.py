"""`python -m scripts` has every tool, and the documented names are the same commands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.__main__ import COMMANDS
from tests import model_stores
from tests.http.server import ROOT

pytestmark = pytest.mark.tools

DOCUMENTED = ("serve", "models", "migrate", "bench", "doctor", "cache")


def python(*arguments: str, interpreter: Path | str = sys.executable) -> subprocess.CompletedProcess[str]:
    command = [interpreter, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_help_lists_every_command_with_a_line() -> None:
    done = python("scripts", "--help")
    assert done.returncode == 0
    listed = dict(re.findall(r"^  (\w+)  +(.+)$", done.stdout.partition("Commands:")[2], re.M))
    assert listed == COMMANDS


@pytest.mark.parametrize("command", [*(f"scripts {name}" for name in COMMANDS), "scripts.pin", "scripts.pictures"])
def test_help_is_a_sentence_the_exit_codes_and_the_options(command: str) -> None:
    done = python(*command.split(), "--help")
    usage, sentence, *_, options = re.split(r"\n\n(?=\S|  \S)", done.stdout)
    assert usage.startswith(f"Usage: python -m {command} ")
    assert re.match(r"  [A-Z][^.]+", sentence)
    assert re.search(r"^  Exit codes: 0 [a-z ]+, ", done.stdout, re.M)
    assert "  --help " in done.stdout
    assert options


def test_help_imports_no_tool() -> None:
    """It answers at once, whatever the tools need."""
    code = "import sys; import scripts.__main__; print([name for name in sys.modules if name.endswith('.cli')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_without_a_command_the_commands_are_listed() -> None:
    done = python("scripts")
    assert all(f"  {name} " in done.stdout + done.stderr for name in COMMANDS)


def test_an_unknown_command_is_wrong_use_with_a_suggestion() -> None:
    done = python("scripts", "migarte")
    assert done.returncode == 2
    assert "No such command 'migarte'. Did you mean 'migrate'?" in done.stderr


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_documented_name_is_the_same_command(name: str) -> None:
    one, other = python("scripts", name, "--help"), python(f"scripts.{name}", "--help")
    assert one.returncode == other.returncode == 0
    assert one.stdout == other.stdout.replace(f"python -m scripts.{name}", f"python -m scripts {name}")


def test_flags_stand_before_a_subcommand_too() -> None:
    one, other = python("scripts", "cache", "--url", "none", "stats"), python("scripts.cache", "stats", "--url=none")
    assert (one.returncode, one.stderr) == (other.returncode, other.stderr) == (2, other.stderr)
    assert other.stderr == "Error: There is no Redis: give its URL with --url or CACHE_URL.\n"


@pytest.mark.parametrize("name", ["scripts.bench", "scripts"])
def test_where_only_what_serves_is_installed_a_tool_says_what_installs_more(
    pytestconfig: pytest.Config, name: str
) -> None:
    done = python(name, *["bench"] * (name == "scripts"), interpreter=model_stores.serve_python(pytestconfig))
    sentence = "The package matplotlib is not installed: `make venv` installs what all tools need."
    assert (done.returncode, done.stderr) == (2, f"Error: {sentence}\n")
