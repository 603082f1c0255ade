"""Settings as the environment has them: all mistakes in one message, and a word on variables that set nothing."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from bentos.common.settings import CacheSettings, EngineSettings, ServerSettings, TracesSettings

_SHARED = (ServerSettings, CacheSettings, TracesSettings)
"""Settings of both services, whose names have no prefix in common."""
_MISSPELT = 0.9
"""How alike a variable and such a setting have to be, of 1: others' variables are in the same environment."""
_RENAMED = {"express": "reserved_stream", "target_slice_ms": "target_batch_ms"}
"""Old names of settings that are still taken, until the next release."""

AnySettings = TypeVar("AnySettings", bound=BaseSettings)
Engine_co = TypeVar("Engine_co", bound=EngineSettings, covariant=True)


class WrongSettings(ValueError):
    """The environment has wrong variables; the message has a line for each."""


@dataclass(frozen=True, slots=True)
class ServiceSettings(Generic[Engine_co]):
    """All settings of one service.

    Attributes:
        engine: the service's own.
        server: of the process.
        cache: of the cache.
        traces: of the traces.
        warnings: sentences about variables that do not do what whoever set them may expect.
    """

    engine: Engine_co
    server: ServerSettings
    cache: CacheSettings
    traces: TracesSettings
    warnings: tuple[str, ...]


def load(engine: type[Engine_co]) -> ServiceSettings[Engine_co]:
    """Read and check all settings of a service, of which `engine` is its own class.

    Raises:
        SystemExit: with one line for each wrong variable, so that a mistake ends the start with a sentence.
    """
    lines = [line for kind in (engine, *_SHARED) for line in _mistakes(kind)]
    if lines:
        raise SystemExit(_message(lines))
    return ServiceSettings(
        read(engine), read(ServerSettings), read(CacheSettings), read(TracesSettings), tuple(_warnings(engine))
    )


def read(settings: type[AnySettings]) -> AnySettings:
    """Read and check one class of settings.

    Raises:
        WrongSettings: with one line for each wrong variable.
    """
    if lines := _mistakes(settings):
        raise WrongSettings(_message(lines))
    return settings(**_by_old_names(settings))


def _message(lines: list[str]) -> str:
    return "\n".join(["Settings are wrong:", *lines])


def _mistakes(settings: type[BaseSettings]) -> list[str]:
    """A line for each wrong variable, and for each contradiction between variables that are right by themselves."""
    values = _by_old_names(settings)
    problems = _problems(settings, values)
    wrong = {str(problem["loc"][0]) for problem in problems if problem["loc"]}
    if wrong:
        # pydantic compares variables only when each of them is right.
        right = {name: settings.model_fields[name].get_default(call_default_factory=True) for name in wrong}
        problems += [problem for problem in _problems(settings, values | right) if not problem["loc"]]
    names = re.compile(rf"\b({'|'.join(settings.model_fields)})\b")
    lines = []
    for problem in problems:
        message = problem["msg"].removeprefix("Value error, ")
        if location := problem["loc"]:
            name = _variable(settings, ".".join(map(str, location)))
            lines.append(f"  {name}={_shown(settings, location, problem['input'])}: {message}")
        else:
            contradictions = (line for line in message.splitlines() if wrong.isdisjoint(names.findall(line)))
            lines += [f"  {names.sub(lambda found: _variable(settings, found[0]), line)}" for line in contradictions]
    return lines


def _problems(settings: type[BaseSettings], values: dict[str, Any]) -> list[ErrorDetails]:
    try:
        settings(**values)
    except ValidationError as error:
        return error.errors()
    return []


def _variables(settings: type[BaseSettings]) -> list[str]:
    return [_variable(settings, name) for name in settings.model_fields]


def _variable(settings: type[BaseSettings], name: str) -> str:
    return f"{_prefix(settings)}{name.upper()}"


def _prefix(settings: type[BaseSettings]) -> str:
    return (settings.model_config.get("env_prefix") or "").upper()


def _by_old_names(settings: type[BaseSettings]) -> dict[str, Any]:
    """Values of variables that have another name now, where the new one is not set."""
    prefix = _prefix(settings)
    return {
        new: value
        for old, new in _RENAMED.items()
        if new in settings.model_fields
        and (value := os.environ.get(f"{prefix}{old.upper()}"))
        and not os.environ.get(f"{prefix}{new.upper()}")
    }


def _warnings(settings: type[EngineSettings]) -> Iterator[str]:
    prefix = _prefix(settings)
    known = _variables(settings)
    shared = [variable for kind in _SHARED for variable in _variables(kind)]
    renamed = {f"{prefix}{old.upper()}": f"{prefix}{new.upper()}" for old, new in _RENAMED.items()}
    for name in sorted(os.environ):
        variable = name.upper()
        # EMBED_SERVICE_URL is the tools', EMBED_SERVICE_PORT and others are Kubernetes' own.
        if variable in known or variable in shared or variable.startswith(f"{prefix}SERVICE_"):
            continue
        if not variable.startswith(prefix):
            for meant in get_close_matches(variable, shared, 1, _MISSPELT):
                yield f"{name} is not a setting and is ignored: did you mean {meant}?"
            continue
        if new := renamed.get(variable):
            yield f"{name} is called {new} now; the old name ends with the next release."
        else:
            yield ignored(name, prefix, known)


def ignored(name: str, prefix: str, known: Iterable[str]) -> str:
    """A sentence on a variable that sets nothing, with the nearest of the variables that do."""
    # Without the prefix, which would make all names alike.
    by_rest = {other.removeprefix(prefix): other for other in known}
    near = get_close_matches(name.upper().removeprefix(prefix), by_rest, 1)
    return f"{name} is not a setting and is ignored" + (f": did you mean {by_rest[near[0]]}?" if near else ".")


def _shown(settings: type[BaseSettings], location: tuple[int | str, ...], value: object) -> object:
    """A value as it may be printed."""
    field = settings.model_fields.get(str(location[0])) if location else None
    return "***" if field is not None and SecretStr.__name__ in repr(field.annotation) else value
