"""Every command ends with one of four exit codes, and an error is one line on standard error."""

import errno
import os
import pickle
import shutil
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner, Result

from scripts.command import CommandError, ExitCode, Program, UnreachableError, UsageError, first_error, reason


def program(error: Exception | None) -> Program:
    """A program of two commands, one of which fails with this error."""
    app = Program("Watch birds.")

    @app.command("watch")
    def watch(
        bird: Annotated[str, typer.Argument()],
        pond: Annotated[str, typer.Option()] = "large",
        again: Annotated[bool, typer.Option("--again")] = False,
    ) -> None:
        typer.echo(f"{bird} {pond} {again}")

    @app.command("count")
    def count() -> None:
        if error:
            raise error

    return app


def run(error: Exception | None, *arguments: str) -> Result:
    return CliRunner().invoke(program(error), arguments)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, ExitCode.DONE),
        (CommandError("heron"), ExitCode.NEGATIVE),
        (UsageError("heron"), ExitCode.WRONG_USE),
        (UnreachableError("heron"), ExitCode.UNREACHABLE),
        (ExceptionGroup("tasks", [ExceptionGroup("task", [UnreachableError("heron")])]), ExitCode.UNREACHABLE),
    ],
)
def test_an_error_is_one_line_and_its_exit_code(error: Exception | None, code: ExitCode) -> None:
    result = run(error, "count")
    assert result.exit_code == code
    assert (result.stdout, result.stderr) == ("", "Error: heron\n" if error else "")


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/pond/heron"), " at /pond/heron"),
        (shutil.Error([("heron", "/pond/heron", str(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))]), ""),
    ],
)
def test_a_full_disk_is_one_line_that_says_what_to_do(error: OSError, place: str) -> None:
    result = run(error, "count")
    assert result.exit_code == ExitCode.WRONG_USE
    assert result.stderr == f"Error: The disk is full{place}: make room, then run it again.\n"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOTDIR])
def test_a_file_out_of_reach_is_one_line_that_names_it(number: int) -> None:
    result = run(OSError(number, os.strerror(number), "/pond/heron"), "count")
    assert result.exit_code == ExitCode.WRONG_USE
    assert result.stderr == f"Error: There is no access to /pond/heron ({os.strerror(number)}).\n"


def test_the_codes_are_those_of_the_documentation() -> None:
    assert [code.value for code in ExitCode] == [0, 1, 2, 3]


def test_another_error_keeps_its_trace() -> None:
    assert isinstance(run(ZeroDivisionError(), "count").exception, ZeroDivisionError)


@pytest.mark.parametrize(
    "arguments",
    [
        ["watch", "heron", "--pond", "small", "--again"],
        ["watch", "--again", "--pond=small", "heron"],
        ["--pond", "small", "watch", "--again", "heron"],
        ["--again", "--pond=small", "watch", "heron"],
    ],
)
def test_flags_stand_anywhere(arguments: list[str]) -> None:
    assert run(None, *arguments).stdout == "heron small True\n"


def test_help_shows_defaults_and_whole_names() -> None:
    shown = run(None, "--help", "watch").stdout
    assert "--pond" in shown
    assert "default: large" in shown


def test_an_unknown_command_is_wrong_use_with_a_suggestion() -> None:
    result = run(None, "wach")
    assert result.exit_code == ExitCode.WRONG_USE
    assert "Did you mean 'watch'?" in result.stderr


def test_errors_travel_between_processes() -> None:
    """Ray's workers send them to the driver."""
    error = pickle.loads(pickle.dumps(UnreachableError("heron")))
    assert (str(error), error.exit_code) == ("heron", ExitCode.UNREACHABLE)


def test_the_reason_is_a_part_of_a_sentence() -> None:
    assert reason(ValueError("The pond is dry.\nNo heron comes.")) == "The pond is dry"
    assert reason(ValueError()) == "ValueError"


def test_the_first_of_nested_groups() -> None:
    inner = KeyError("egret")
    assert first_error(ExceptionGroup("", [ExceptionGroup("", [inner]), ValueError()])) is inner
    assert first_error(inner) is inner
