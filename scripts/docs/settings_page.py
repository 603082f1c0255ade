"""docs/settings.md as the settings classes have it."""

from pathlib import Path
from typing import get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from bentos.common.settings import CacheSettings, EngineSettings, ServerSettings, TracesSettings
from bentos.embed.settings import EmbedSettings
from bentos.rerank.settings import RerankSettings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"

_HEAD = """\
# Settings

Set as environment variables; an empty variable counts as unset. They are checked when a service starts: a wrong one
ends the start with a line that names it. This page is written from the settings classes by
`make docs`, and a test fails when it is out of date.

BentoML's own: `BENTOML_HOME` (where models and bentos are stored, `~/bentoml`), `BENTOML_DO_NOT_TRACK=True` (no usage
statistics; `make` and the bentos set it).
"""


def render() -> str:
    """The whole page."""
    shared = set(EngineSettings.model_fields)
    parts = [
        _HEAD,
        "## Both services\n",
        _table(ServerSettings, list(ServerSettings.model_fields)),
        "## Cache\n",
        "Of both services; [operations.md](operations.md) says how to size it and what happens when Redis fails.\n",
        _table(CacheSettings, list(CacheSettings.model_fields)),
        "## Traces\n",
        "Of both services; [monitoring.md](monitoring.md#traces) says what is in them.\n",
        _table(TracesSettings, list(TracesSettings.model_fields)),
        "## embed-service\n",
        _table(EmbedSettings, [name for name in EmbedSettings.model_fields if name not in shared]),
        "## rerank-service\n",
        _table(RerankSettings, [name for name in RerankSettings.model_fields if name not in shared]),
        "## Engine\n",
        "Each service has its own: put `EMBED_` or `RERANK_` in front of the name.\n",
        _table(EngineSettings, list(EngineSettings.model_fields), prefix="…_"),
    ]
    return "\n".join(parts)


def _table(settings: type[BaseSettings], names: list[str], *, prefix: str | None = None) -> str:
    if prefix is None:
        prefix = str(settings.model_config.get("env_prefix") or "")
    rows = [_row((prefix + name).upper(), settings.model_fields[name]) for name in names]
    return "\n".join(["| variable | values | default | meaning |", "|---|---|---|---|", *rows, ""])


def _row(variable: str, field: FieldInfo) -> str:
    unset = "the CPU limit" if field.default_factory else ""
    given = ",".join(field.default) if isinstance(field.default, list) else field.default
    if isinstance(given, SecretStr):
        given = given.get_secret_value()
    default = unset if field.default_factory or given in (None, "") else f"`{given}`"
    return f"| `{variable}` | {_values(field)} | {default} | {field.description} |"


def _values(field: FieldInfo) -> str:
    choices = get_args(field.annotation)
    if get_origin(field.annotation) is not None and all(isinstance(choice, str) for choice in choices):
        return ", ".join(f"`{choice}`" for choice in choices)
    if get_origin(field.annotation) is list:
        return "list"
    kind = next((choice for choice in choices if choice is not type(None)), field.annotation)
    name = {
        "bool": "true or false",
        "int": "integer",
        "float": "number",
        "str": "text",
        "SecretStr": "text",
        "HttpUrl": "URL",
    }[getattr(kind, "__name__", "")]
    bounds = {type(bound).__name__: bound for bound in field.metadata}
    signs = {"Ge": ("≥", "ge"), "Gt": (">", "gt"), "Le": ("≤", "le"), "Lt": ("<", "lt")}
    limits = [f"{sign} {getattr(bounds[key], name):g}" for key, (sign, name) in signs.items() if key in bounds]
    return f"{name} {', '.join(limits)}".strip()
