"""`python -m scripts`: all tools as one program. Each is imported when it is run, as some take seconds to import."""

import sys
from importlib import import_module
from typing import Any

from typer.core import TyperCommand
from typer.main import get_command

from scripts.command import ProgramGroup, UsageError

COMMANDS = {
    "serve": "Run both services with a preset of installed models.",
    "models": "Install models, list them, verify conversions.",
    "migrate": "Give a Qdrant collection new vectors without downtime.",
    "bench": "Measure a running deployment: is it fast enough?",
    "doctor": "Check a running deployment: is it set up right?",
    "cache": "Show what the services keep in Redis, and drop entries.",
    "embed": "Embed the rows of files.",
    "evaluate": "Measure how well searches find what they should.",
}
"""What each command is for; it is the `app` of the module `cli` in the package of its name."""


class _Tools(ProgramGroup):
    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, _, rest = super().resolve_command(ctx, args)
        try:
            tool = import_module(f"scripts.{name}.cli").app
        except ModuleNotFoundError as error:
            # `make serve` installs what serving needs.
            raise UsageError(
                f"The package {error.name} is not installed: `make venv` installs what all tools need."
            ) from error
        return name, get_command(tool), rest


program = _Tools(
    name="scripts",
    help="Tools for embed-service and rerank-service.",
    commands=[TyperCommand(name, help=purpose) for name, purpose in COMMANDS.items()],
    no_args_is_help=True,
    rich_markup_mode=None,
)


def run(*arguments: str) -> None:
    """Run what the command line says behind these arguments, and end the process."""
    program.main([*arguments, *sys.argv[1:]], prog_name="python -m scripts")


if __name__ == "__main__":
    run()
