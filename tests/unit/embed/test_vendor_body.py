"""Fields of other vendors in a body: refused if they would change the vectors."""

import pytest

from bentos.common.errors import InvalidInput
from bentos.embed.schemas.vendor_body import VendorBody


class Body(VendorBody):
    task: str | None = None


@pytest.mark.parametrize(
    "field",
    [
        {"instruction": "x"},
        {"dimensions": 7},
        {"late_chunking": True},
        {"chunked": True},
        {"input_type": "passage"},
        {"prompt_name": "passage"},
        {"max_tokens": 8},
        {"truncation": False},
    ],
    ids=str,
)
def test_a_field_that_the_body_lacks_is_refused_and_named(field: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as refused:
        Body.model_validate({"task": "x", **field})
    assert refused.value.loc == tuple(field)


@pytest.mark.parametrize(
    "field",
    [
        {"dimensions": None},
        {"late_chunking": False},
        {"instruction": ""},
        {"heron": True},
        {"task": "x"},
        {"truncation": True},
        {"truncation": None},
    ],
    ids=str,
)
def test_one_that_asks_for_nothing_or_is_known_or_harmless_is_not(field: dict[str, object]) -> None:
    Body.model_validate(field)
