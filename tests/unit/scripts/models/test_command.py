"""The command line itself, as a user runs it."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models_command import ROOT, run_models_command

pytestmark = pytest.mark.models


def test_installed_presets_are_left_alone(model_store: Path) -> None:
    done = run_models_command(model_store, "install", "small")
    assert done.returncode == 0
    assert [line.split(" is installed as ")[0] for line in done.stdout.splitlines()] == [
        "sentence-transformers/all-MiniLM-L6-v2",
        "duobento/small-reranker-demo",
    ]


def test_list_names_models_and_calls_the_demo_a_demo(model_store: Path) -> None:
    done = run_models_command(model_store, "list")
    assert done.returncode == 0
    assert "intfloat/multilingual-e5-small-q4" in done.stdout
    assert "demo quality, not for production" in done.stdout


def test_list_of_an_empty_store_says_what_to_run(tmp_path: Path) -> None:
    done = run_models_command(tmp_path, "list")
    assert done.returncode == 0
    assert "python -m scripts.models install small" in done.stdout


def test_errors_are_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    done = run_models_command(tmp_path, "install", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "home", "why"),
    [
        ("models list", "{file}", "Not a directory"),
        ("models list", "{file}/home", "Not a directory"),
        ("models list", "/proc/home", "No such file or directory"),
        ("models install small", "{file}", "Not a directory"),
        ("serve", "{file}", "Not a directory"),
    ],
)
def test_a_store_that_cannot_be_is_one_line_that_names_the_variable(
    tmp_path: Path, command: str, home: str, why: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    home = home.format(file=file)
    done = subprocess.run(
        [sys.executable, "-m", "scripts", *command.split()],
        cwd=ROOT,
        env=os.environ | {"BENTOML_HOME": home},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"Error: The model store cannot be in BENTOML_HOME ({why}): set it to a directory that can be written.\n"
    )


def test_a_second_install_waits_for_the_first(tmp_path: Path) -> None:
    with (tmp_path / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen(
            [sys.executable, "-m", "scripts.models", "install", str(tmp_path / "nowhere")],
            cwd=ROOT,
            env=os.environ | {"BENTOML_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stdout
        assert second.stdout.readline().startswith(f"Another install is at work in {tmp_path}")
    _, problem = second.communicate()
    assert second.returncode == 2
    assert "nowhere is neither a preset" in problem


def test_sizes_are_whole_numbers(tmp_path: Path) -> None:
    done = run_models_command(tmp_path, "install", "small", "--dimensions", "8,x")
    assert (done.returncode, done.stderr) == (
        2,
        "Error: --dimensions 8,x: name whole numbers separated by commas, such as 256,512.\n",
    )
