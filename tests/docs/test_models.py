"""docs/models.md's table is what the installer knows."""

from scripts.docs import models_page


def test_the_table_is_up_to_date() -> None:
    assert models_page.PAGE.read_text() == models_page.render(), "run `make docs`"
