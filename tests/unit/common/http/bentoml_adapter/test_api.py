"""BentoML's dispatcher, as services have it, hands calls on in the moment when they come."""

import asyncio
import time
from typing import Any

import bentoml
import pytest
from _bentoml_impl.server.app import ServiceAppFactory  # type: ignore[import-untyped]
from bentoml._internal.marshal.dispatcher import CorkDispatcher

from bentos.common.http.bentoml_adapter.api import dispatch_at_once

pytestmark = pytest.mark.anyio

SECONDS = 0.4
"""That a call takes. BentoML's own dispatcher would hold the tenth for one and a half times as long."""
TRAINING_CALLS = 11
SHORT_TIMEOUT_SECONDS = 3


@pytest.fixture
def dispatcher() -> CorkDispatcher[Any, Any]:
    """That of a service with a batchable API, as its server makes it."""
    dispatch_at_once()

    @bentoml.service(name="batching", metrics={"enabled": False})
    class Batching:
        @bentoml.api(  # type: ignore[untyped-decorator]
            batchable=True, max_batch_size=64, max_latency_ms=1000 * SHORT_TIMEOUT_SECONDS
        )
        async def double(self, numbers: list[int]) -> list[int]:
            return [2 * number for number in numbers]

    service: Any = Batching
    factory = ServiceAppFactory(
        service,
        enable_metrics=False,
        services={"batching": {"traffic": {}, "workers": 1}},
        enable_access_control=False,
        access_control_options={},
    )
    dispatcher: CorkDispatcher[Any, Any] = factory.dispatchers["double"]
    return dispatcher


async def test_a_lone_call_is_not_held_however_long_the_first_calls_took(
    dispatcher: CorkDispatcher[Any, Any],
) -> None:
    begun = []

    async def compute(batch: Any) -> Any:
        begun.append(time.monotonic())
        await asyncio.sleep(SECONDS)
        return batch

    held = []
    for _ in range(TRAINING_CALLS + 2):
        called = time.monotonic()
        await dispatcher(compute)([1])
        held.append(begun[-1] - called)
    dispatcher.shutdown()
    assert max(held) < SECONDS, "BentoML's dispatcher waits by other rules now"


async def test_calls_are_merged_while_a_batch_is_computed_and_none_is_shed_by_a_guess(
    dispatcher: CorkDispatcher[Any, Any],
) -> None:
    sizes = []
    computing = asyncio.Event()

    async def compute(batch: Any) -> Any:
        computing.set()
        sizes.append(len(batch))
        await asyncio.sleep(SECONDS)
        return batch

    first = asyncio.create_task(dispatcher(compute)([0]))
    await computing.wait()
    others = [asyncio.create_task(dispatcher(compute)([number])) for number in range(1, 60)]
    assert await asyncio.gather(first, *others) == [[number] for number in range(60)]
    dispatcher.shutdown()
    assert sizes == [1, 59]
