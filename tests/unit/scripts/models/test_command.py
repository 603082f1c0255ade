"""The command line itself, as a user runs it."""

from pathlib import Path

from tests.models_command import run_models_command


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
