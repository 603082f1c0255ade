"""What the command-line tools read from the environment."""

from pydantic_settings import BaseSettings


def variables(settings: type[BaseSettings]) -> list[str]:
    """Names of the variables of a settings class."""
    prefix = settings.model_config.get("env_prefix") or ""
    return [(prefix + name).upper() for name in settings.model_fields]
