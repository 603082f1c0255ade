"""An error says where it is: the domain in its own words, a route in its dialect's."""

import pytest

from bentos.common.errors import InvalidInput, Location


@pytest.mark.parametrize(
    ("loc", "indexed", "param"),
    [
        ((), True, None),
        (("texts",), True, "input"),
        (("texts", 3), True, "input.3"),
        (("texts", 3, 7), True, "input.3.7"),
        (("texts", 0), False, "input"),
        (("texts", 0, 7), False, "input.7"),
        (("query", 3), True, "query.3"),
        (("query", 3), False, "query.3"),
    ],
)
def test_a_field_gets_the_name_that_the_dialect_has_for_it(loc: Location, indexed: bool, param: str | None) -> None:
    error = InvalidInput("The text is blank.", loc=loc)
    error.rename(texts="input", indexed=indexed)
    assert error.param == param
