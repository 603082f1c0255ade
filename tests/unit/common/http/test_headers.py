"""Headers are found by any spelling, and each of several counts."""

import pytest
from starlette.requests import Request

from bentos.common.http.headers import no_store
from bentos.common.http.raw_headers import header


def request(*headers: tuple[bytes, bytes]) -> Request:
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([], False),
        ([b"max-age=0"], False),
        ([b"no-store"], True),
        ([b"max-age=0, No-Store"], True),
        ([b"max-age=0", b"no-store"], True),
    ],
)
def test_any_header_may_say_no_store(values: list[bytes], wanted: bool) -> None:
    assert no_store(request(*((b"cache-control", value) for value in values))) == wanted


def test_a_header_that_is_there_twice_is_its_first() -> None:
    scope = request((b"x-one", b"1"), (b"x-two", b"2"), (b"x-two", b"\xe9")).scope
    assert [header(scope, name) for name in ("X-Two", "x-one", "X-Three")] == ["2", "1", None]
