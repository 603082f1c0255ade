from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4, uuid5

import pytest

from scripts.command import UsageError
from scripts.migrate.sources.rows import NAMESPACE, plain, point_id, record

pytestmark = pytest.mark.tools


@pytest.mark.parametrize("value", [42, 42.0, Decimal(42), Decimal("42.00")])
def test_whole_numbers_stay_as_ids(value: object) -> None:
    assert point_id(value) == 42
    assert type(point_id(value)) is int


@pytest.mark.parametrize("value", [42.5, -1, -1.0, 2**64, 1e20, "42", True, float("inf"), 10**400])
def test_of_anything_else_a_uuid_is_made(value: object) -> None:
    assert point_id(value) == str(uuid5(NAMESPACE, str(value)))


@pytest.mark.parametrize("value", [None, "", float("nan"), Decimal("NaN")])
def test_a_gap_is_no_id(value: object) -> None:
    with pytest.raises(UsageError, match="row 7 has no 'id'"):
        record({"id": value}, "id", "row 7")


def test_uuids_stay() -> None:
    value = uuid4()
    assert point_id(value) == point_id(value.hex) == point_id(str(value).upper()) == str(value)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (timedelta(days=1, hours=2, seconds=3.5), "P1DT2H3.5S"),
        (timedelta(seconds=-5), "-PT5S"),
        (UUID(int=5), str(UUID(int=5))),
        (2**64 - 1, 2**64 - 1),
        (2**64, float(2**64)),
        (10**400, str(10**400)),
        (Decimal("1e400"), None),
        (-(2**63), -(2**63)),
        ((1, (timedelta(0), b"heron")), [1, ["PT0S", "aGVyb24="]]),
        ({"a": {1}}, {"a": "{1}"}),
        (True, True),
    ],
)
def test_values_that_json_has_not(value: object, wanted: object) -> None:
    assert plain(value) == wanted
    assert type(plain(value)) is type(wanted)
