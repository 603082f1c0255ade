"""How every command ends: with one of four exit codes and, unless all went well, one sentence on standard error."""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, ClassVar, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

_NO_ACCESS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)

Function = TypeVar("Function", bound=Callable[..., Any])


class ExitCode(IntEnum):
    """What an exit code says, whichever command it is of."""

    DONE = 0
    NEGATIVE = 1
    """The command did its work, and the result is negative: a check or a target failed, or some items did."""
    WRONG_USE = 2
    """The command refuses: a flag, a variable, a file or the state of things has to be changed first."""
    UNREACHABLE = 3
    """A service, Qdrant, Redis or a source does not answer as it should: the same command may succeed later."""


class CommandError(Exception):
    """Ends a command with its message, which is one sentence for the person at the terminal."""

    exit_code: ClassVar[ExitCode] = ExitCode.NEGATIVE


class UsageError(CommandError):
    """The command refuses what it is asked to do; the message says why and what to change."""

    exit_code = ExitCode.WRONG_USE


class UnreachableError(CommandError):
    """Something that the command needs does not answer, or not as it should."""

    exit_code = ExitCode.UNREACHABLE


class Program(typer.Typer):
    """A command line whose `CommandError`s end the process with their sentence and exit code.

    Help is plain text, as tables would cut the names of long flags.
    """

    def __init__(self, help: str | None = None, *, no_args_is_help: bool = False) -> None:
        super().__init__(
            help=help, no_args_is_help=no_args_is_help, cls=ProgramGroup, add_completion=False, rich_markup_mode=None
        )

    def command(self, name: str | None = None, **options: Any) -> Callable[[Function], Function]:
        """As `typer.Typer.command`."""
        options.setdefault("cls", ProgramCommand)
        return super().command(name, **options)


class ProgramCommand(TyperCommand):
    """One command."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run it, and end the process."""
        return _run(super().main, *arguments, **options)


class ProgramGroup(TyperGroup):
    """Several commands, whose flags may stand before their names."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the command in front, as typer wants it."""
        position = self._name_position(args)
        return super().parse_args(ctx, args[position : position + 1] + args[:position] + args[position + 1 :])

    def _name_position(self, args: Sequence[str]) -> int:
        """Where the command stands among the arguments; their number if it is not there."""
        options = [option for command in (self, *self.commands.values()) for option in command.params]
        takes_value = {name for option in options if not getattr(option, "is_flag", False) for name in option.opts}
        position = 0
        while position < len(args) and args[position].startswith("-"):
            position += 2 if args[position] in takes_value else 1
        return position

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the command that is named, and end the process."""
        return _run(super().main, *arguments, **options)


def _run(main: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call `main`; a `CommandError`, a full disk or a file out of reach ends the process with one line and a code."""
    try:
        return main(*arguments, **options)
    except Exception as error:
        found = first_error(error)
        # A tree that cannot be copied raises an OSError without a number, which lists the reason for each file.
        if isinstance(found, OSError) and os.strerror(errno.ENOSPC) in str(found):
            found = UsageError(f"The disk is full{_place(found)}: make room, then run it again.")
        elif isinstance(found, OSError) and found.filename and found.errno in _NO_ACCESS:
            found = UsageError(f"There is no access to {found.filename} ({found.strerror}).")
        if not isinstance(found, CommandError):
            raise
        typer.echo(f"Error: {found}", err=True)
        sys.exit(found.exit_code)


def _place(error: OSError) -> str:
    return f" at {error.filename}" if error.filename else ""


def first_error(error: BaseException) -> BaseException:
    """The error itself or, of a group at any depth, the first one."""
    return first_error(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def reason(error: BaseException) -> str:
    """The first line of an error's message without its full stop, to stand in a sentence; else its class's name."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
