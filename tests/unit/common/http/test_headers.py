"""Headers are found by any spelling, and each of several counts."""

import asyncio

import pytest
from starlette.requests import Request

from bentos.common.errors import InvalidInput
from bentos.common.http.headers import header
from bentos.common.http.route import work_options


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
    scope = request(*((b"cache-control", value) for value in values)).scope
    assert work_options(scope, longest=300).use_cache != wanted


def test_a_header_that_is_there_twice_is_its_first() -> None:
    scope = request((b"x-one", b"1"), (b"x-two", b"2"), (b"x-two", b"\xe9")).scope
    assert [header(scope, name) for name in ("X-Two", "x-one", "X-Three")] == ["2", "1", None]


@pytest.mark.anyio
async def test_the_first_limit_counts_up_to_that_of_the_service() -> None:
    now = asyncio.get_running_loop().time()
    for given, seconds in ((b"2.5", 2.5), (b"1e9", 300)):
        headers = ((b"x-request-timeout", given), (b"x-request-timeout", b"7"))
        deadline = work_options(request(*headers).scope, longest=300).deadline
        assert deadline == pytest.approx(now + seconds, abs=0.2)


@pytest.mark.anyio
@pytest.mark.parametrize("given", [b"0", b"-1", b"soon", b"nan", b""])
async def test_a_limit_that_is_none_is_refused_and_named(given: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        work_options(request((b"x-request-timeout", given)).scope, longest=300)
    assert refused.value.param == "x-request-timeout"
