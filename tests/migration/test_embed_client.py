"""How the client waits: for a service that is away, not in its own queue, and less at a time while it is too slow."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from scripts.command import UnreachableError
from scripts.migrate.client.embed_client import NOT_UTF8, EmbedClient
from tests.migration.fault_proxy import FaultProxy

pytestmark = pytest.mark.tools

NONE = 1e-9  # seconds of patience: a second failure in a row ends it
TEXTS = [f"Ada Lovelace, Engineer {number}" for number in range(8)]

Result = TypeVar("Result")


def with_client(
    proxy: FaultProxy, work: Callable[[EmbedClient], Awaitable[Result]], concurrency: int = 1, patience: float = NONE
) -> Result:
    async def scenario() -> Result:
        client = EmbedClient(proxy.url, "", concurrency, patience)
        await client.info()
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(scenario())


def sizes(proxy: FaultProxy) -> list[int]:
    return [len(json.loads(body)["texts"]) for body in proxy.bodies]


def test_patience_begins_with_the_first_failure(proxy: FaultProxy) -> None:
    proxy.faults = [503]
    assert not with_client(proxy, lambda client: client.embed(TEXTS)).failed
    assert sizes(proxy) == [8, 8]


def test_patience_begins_anew_after_an_answer(proxy: FaultProxy) -> None:
    async def twice(client: EmbedClient) -> None:
        await client.embed(TEXTS)
        await client.embed(TEXTS)

    proxy.faults = [503, None, 0]
    with_client(proxy, twice)
    assert sizes(proxy) == [8] * 4


def test_patience_ends(proxy: FaultProxy) -> None:
    proxy.faults = [503, 503]
    with pytest.raises(UnreachableError, match=r"embed-service was down for 1e-09 s \(503 fault of a test\)"):
        with_client(proxy, lambda client: client.embed(TEXTS))


def test_a_batch_that_takes_too_long_is_halved_and_fewer_are_in_flight(proxy: FaultProxy) -> None:
    async def limits(client: EmbedClient) -> tuple[int, int]:
        for _ in range(20):
            await client.embed(TEXTS[:1])
        before = client.concurrency.limit
        proxy.faults = [504]
        assert not (await client.embed(TEXTS)).failed
        return before, client.concurrency.limit

    before, after = with_client(proxy, limits, concurrency=8)
    assert after < before
    assert sizes(proxy)[20:] == [8, 4, 4]


def test_a_lone_text_that_takes_too_long_has_not_failed(proxy: FaultProxy) -> None:
    proxy.faults = [504]
    assert not with_client(proxy, lambda client: client.embed(TEXTS[:1])).failed


def test_a_text_that_has_no_utf8_fails_alone(proxy: FaultProxy) -> None:
    embedded = with_client(proxy, lambda client: client.embed([*TEXTS[:3], "half \ud83d"]))
    assert embedded.failed == {3: NOT_UTF8}
