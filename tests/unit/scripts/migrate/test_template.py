import pytest

from scripts.migrate.errors import MigrateError
from scripts.migrate.template import Template


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ({"name": "Ada", "company": "Acme"}, "Ada at Acme"),
        ({"name": " Ada\n Lovelace ", "company": None}, "Ada Lovelace at"),
        ({"name": ["Ada", "", "Countess"], "company": 7}, "Ada, Countess at 7"),
        ({"name": "", "company": "  "}, ""),
        ({}, ""),
    ],
)
def test_render(payload: dict[str, object], text: str) -> None:
    assert Template("{name} at {company}").render(payload) == text


def test_nested_fields_and_fields_with_dots() -> None:
    template = Template("{address.city} {a.b}")
    assert template.render({"address": {"city": "Paris"}, "a.b": "x"}) == "Paris x"
    assert template.unknown_fields([{"address": {"city": "Paris"}}]) == ["a.b"]


@pytest.mark.parametrize("text", ["no field", "{}", "{name", "name}"])
def test_wrong_templates(text: str) -> None:
    with pytest.raises(MigrateError):
        Template(text)
