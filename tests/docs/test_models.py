"""docs/models.md's tables are what the installer knows and what was measured of each family."""

from scripts.docs import families_table, models_page
from scripts.models.conversion.families import FAMILIES


def test_the_tables_are_up_to_date() -> None:
    assert models_page.PAGE.read_text() == models_page.render(), "run `make docs`"


def test_each_family_is_in_the_table() -> None:
    rows = families_table.rows()
    assert [row.split("`")[1] for row in rows] == [*FAMILIES, "static"], "run `python -m benchmarks.families`"
    assert list(families_table.REMARKS) == [*FAMILIES, "static"]
