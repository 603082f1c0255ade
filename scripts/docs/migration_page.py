"""docs/migration.md with its table of settings as the settings class has them."""

from pathlib import Path

from scripts.migrate.flags import shown_default, spellings, variable
from scripts.migrate.settings import MigrateSettings

PAGE = Path(__file__).parents[2] / "docs" / "migration.md"
_HEAD = "| variable | flag | default | meaning |\n|---|---|---|---|\n"


def render() -> str:
    """The whole page, with the table as it should be."""
    before, _, rest = PAGE.read_text().partition(_HEAD)
    _, _, after = rest.partition("\n## ")
    rows = []
    for name, field in MigrateSettings.model_fields.items():
        default = shown_default(field)
        shown = f"`{default}`" if default else ""
        flags = ", ".join(f"`{spelling}`" for spelling in spellings(name, field))
        rows.append(f"| `{variable(name, field)}` | {flags} | {shown} | {field.description} |\n")
    return f"{before}{_HEAD}{''.join(rows)}\n## {after}"
