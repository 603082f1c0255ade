"""Makes a flag of every setting, so that each is described in one place."""

import inspect
import os
from collections.abc import Callable
from typing import Any, get_origin

import typer
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from bentos.common.environment import ignored
from scripts.command import UsageError
from scripts.migrate.settings import MigrateSettings

_OF_OTHER_TOOLS = {"embed_service_url": "--embed-url", "service_api_key": "--key"}
"""What all other tools call a flag."""


def flag(name: str, field: FieldInfo) -> str:
    """The flag of a setting, as typer declares it."""
    long = "--" + name.replace("_", "-")
    return f"{long}/--no-{long[2:]}" if field.default is True else long


def spellings(name: str, field: FieldInfo) -> list[str]:
    """All flags that set a setting; the last is named after it."""
    return [*filter(None, [_OF_OTHER_TOOLS.get(name)]), flag(name, field)]


def variable(name: str, field: FieldInfo) -> str:
    """The environment variable of a setting."""
    alias = field.validation_alias
    return (
        str(alias.choices[0])
        if alias is not None and not isinstance(alias, str) and hasattr(alias, "choices")
        else (f"{MigrateSettings.model_config.get('env_prefix', '')}{name}".upper())
    )


def shown_default(field: FieldInfo) -> str:
    """The default of a setting, for people; empty if it has none."""
    default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    if isinstance(default, bool):
        return "on" if default else "off"
    return f"{default:g}" if isinstance(default, float) else str(default)


def with_flags(command: Callable[..., None]) -> Callable[..., None]:
    """A command for typer that takes every setting as a flag, besides its own parameters.

    Args:
        command: gets the settings, and its own parameters by their names.
    """

    def with_settings(ctx: typer.Context, **arguments: Any) -> None:
        given = {name: arguments.pop(name) for name in MigrateSettings.model_fields}
        if ctx.invoked_subcommand is None:  # else they are for the command that follows
            command(load({name: value for name, value in given.items() if value is not None}), **arguments)

    parameters = [
        inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
        *(own for own in inspect.signature(command).parameters.values() if own.kind is own.KEYWORD_ONLY),
    ]
    for name, field in MigrateSettings.model_fields.items():
        kind: Any = str if field.annotation is SecretStr else field.annotation
        default = shown_default(field)
        notes = f"[{variable(name, field)}{f'; default: {default}' if default else ''}]"
        option = typer.Option(None, *spellings(name, field), help=f"{field.description} {notes}")
        annotation = kind | None if get_origin(kind) is None else kind
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=annotation)
        )
    with_settings.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_settings.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    with_settings.__doc__ = command.__doc__
    return with_settings


def load(given: dict[str, Any]) -> MigrateSettings:
    """Settings from flags, else from the environment; warns of variables that set nothing.

    Raises:
        UsageError: with a line for each that is wrong.
    """
    prefix = MigrateSettings.model_config.get("env_prefix", "")
    known = [variable(name, field) for name, field in MigrateSettings.model_fields.items()]
    for name in sorted(os.environ):
        if name.upper().startswith(prefix) and name.upper() not in known:
            typer.echo(ignored(name, prefix, known), err=True)
    try:
        return MigrateSettings(**given)
    except ValidationError as error:
        lines = [
            f"  {_named(problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}" for problem in error.errors()
        ]
        raise UsageError("\n".join(["Settings are wrong:", *lines])) from None


def _named(path: tuple[int | str, ...]) -> str:
    name = str(path[0]) if path else ""
    fields: dict[str, FieldInfo] = MigrateSettings.model_fields
    by_variable = {variable(known, field): known for known, field in fields.items()}
    name = by_variable.get(name, name)
    return f"{flag(name, fields[name])} ({variable(name, fields[name])})" if name in fields else name
