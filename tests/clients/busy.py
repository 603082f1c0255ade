"""Services whose queue is full, for as long as a test needs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from tests.clients.conftest import KEY
from tests.http.server import LeavingClient, wait_for
from tests.http.services import Service

AT_ONCE = 60
"""Texts that take one to two seconds: enough for a client that is there, which is told to stay away as long."""
SOON = 200
"""Texts that last until a client in a process of its own has started."""


def full_queue(service: Service, texts: int = AT_ONCE) -> LeavingClient:
    """A block during which a large request fills a guarded service's queue."""
    return service.busy({"Authorization": f"Bearer {KEY}"}, texts)


@contextmanager
def full_queue_until_refused(service: Service, *paths: str, texts: int = AT_ONCE, times: int = 1) -> Iterator[None]:
    """A block at whose start the queue is full, until requests to the paths were answered with 429 `times` times.

    Fails if they were not.
    """
    before = _refused(service, paths)
    with ThreadPoolExecutor(1) as watcher, ExitStack() as busy:
        busy.enter_context(full_queue(service, texts))

        def make_room() -> None:
            wait_for(lambda: _refused(service, paths) >= before + times, "requests are refused")
            busy.close()

        room = watcher.submit(make_room)
        yield
        room.result()


def _refused(service: Service, paths: tuple[str, ...]) -> float:
    return sum(service.server.metric("duobento_requests_total", route=path, status="429") for path in paths)
