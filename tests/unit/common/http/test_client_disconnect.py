"""A client that leaves ends the work for it, and nothing else does."""

import asyncio

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from bentos.common.http.route import cancel_on_disconnect

pytestmark = pytest.mark.anyio


class Client:
    """Stays until it is told to leave."""

    def __init__(self) -> None:
        self._leaving = asyncio.Event()
        self.watched = False
        self.request = Request({"type": "http"}, self._receive)

    def leave(self) -> None:
        self._leaving.set()

    async def _receive(self) -> Message:
        self.watched = True
        await self._leaving.wait()
        return {"type": "http.disconnect"}


async def forever() -> None:
    await asyncio.Event().wait()


async def work_for(client: Client) -> None:
    async with asyncio.timeout(10):
        await cancel_on_disconnect(client.request, forever())


async def test_work_ends_when_its_client_leaves_and_the_task_goes_on() -> None:
    client = Client()
    asyncio.get_running_loop().call_later(0.05, client.leave)
    with pytest.raises(ClientDisconnect):
        await work_for(client)
    await asyncio.sleep(0)
    task = asyncio.current_task()
    assert task
    assert task.cancelling() == 0


async def test_a_quick_answer_is_not_watched() -> None:
    client = Client()
    await cancel_on_disconnect(client.request, asyncio.sleep(0))
    await asyncio.sleep(0.05)
    assert not client.watched


async def test_a_slow_answer_ends_the_watching() -> None:
    client = Client()
    before = asyncio.all_tasks()
    await cancel_on_disconnect(client.request, asyncio.sleep(0.05))
    assert client.watched
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == before


async def test_what_cancels_the_request_from_outside_is_no_departure() -> None:
    task = asyncio.create_task(work_for(Client()))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_work_stays_what_it_is() -> None:
    async def fail() -> None:
        raise ValueError("heron")

    with pytest.raises(ValueError, match="heron"):
        await cancel_on_disconnect(Client().request, fail())
