"""deploy/compose/docker-compose.production.yml with the gateway's template in it: the file is enough on a server."""

from pathlib import Path
from textwrap import indent

_DEPLOY = Path(__file__).parents[2] / "deploy"
PAGE = _DEPLOY / "compose" / "docker-compose.production.yml"
TEMPLATE = _DEPLOY / "gateway" / "default.conf.template"

_HEAD = "      GATEWAY_TEMPLATE: |\n"


def render() -> str:
    """The whole file, which ends with the template; a `$` is doubled, as compose would fill in a variable."""
    before, _, _ = PAGE.read_text().partition(_HEAD)
    return before + _HEAD + indent(TEMPLATE.read_text().replace("$", "$$"), " " * 8)
