import json

import pytest

from scripts.command import UsageError
from scripts.migrate.copy.template import Template

pytestmark = pytest.mark.tools


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


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        ({"en": "hello", "de": "Straße"}, '{"en": "hello", "de": "Straße"}'),
        ([{"en": "hello"}, True, None, []], '{"en": "hello"}, true'),
        ({}, ""),
        (42.0, "42.0"),
        (2**63, "9223372036854775808"),
        ({"ok": [True, None]}, '{"ok": [true, null]}'),
    ],
)
def test_values_that_are_not_strings_are_written_as_json(value: object, text: str) -> None:
    assert Template("{field}").render({"field": value}) == text


def test_nested_fields_and_fields_with_dots() -> None:
    template = Template("{address.city} {a.b}")
    assert template.render({"address": {"city": "Paris"}, "a.b": "x"}) == "Paris x"
    assert template.unknown_fields([{"address": {"city": "Paris"}}]) == ["a.b"]


@pytest.mark.parametrize(
    ("template", "payload"),
    [
        ("{dc:title}", {"dc:title": "heron"}),
        ("{name!r}", {"name!r": "heron"}),
        ("{tags[0]}", {"tags[0]": "heron"}),
        ('{"dc:title"}', {"dc:title": "heron"}),
        ('{"a}{b"}', {"a}{b": "heron"}),
        (r'{"say \"hi\""}', {'say "hi"': "heron"}),
        ('{meta."dc.title"}', {"meta": {"dc": {"title": "wren"}, "dc.title": "heron"}}),
        ('{"a.b".c.d}', {"a.b": {"c": {"d": "heron"}}, "a": {"b": {"c": {"d": "wren"}}}}),
        ('{"a"."b"}', {"a": {"b": "heron"}, "a.b": "wren"}),
        ("{a.b.c}", {"a.b": {"c": "heron"}}),
        ("{päth to.ключ}", {"päth to": {"ключ": "heron"}}),
    ],
)
def test_keys_of_any_kind(template: str, payload: dict[str, object]) -> None:
    assert Template(template).render(payload) == "heron"


def test_braces_that_stand_for_themselves() -> None:
    assert Template("{{{name}}} {{x}}").render({"name": "Ada", "x": "y"}) == "{Ada} {x}"


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (json.dumps({"text": "A heron “fishes”.", "metadata": {}}), "A heron “fishes”."),
        (' \n{"text": "x"}', "x"),
        ('{"text": {"en": "x"}}', '{"en": "x"}'),
        ('{"text": "cut sho', ""),
        ('["text"]', ""),
        ("{text}", ""),
        ({"text": "x"}, "x"),
        (7, ""),
    ],
)
def test_dots_lead_into_json_that_a_string_holds(node: object, text: str) -> None:
    assert Template("{node.text}").render({"node": node}) == text


def test_json_in_json() -> None:
    inner = json.dumps({"text": "heron"})
    assert Template("{a.b.text}").render({"a": json.dumps({"b": inner})}) == "heron"


@pytest.mark.parametrize(
    "text", ["no field", "{}", "{name", "name}", '{"name}', '{"a"b}', '{a"b"}', '{"a".}', r'{"\x"}', '{""."b}', "{{}}"]
)
def test_wrong_templates(text: str) -> None:
    with pytest.raises(UsageError):
        Template(text)
