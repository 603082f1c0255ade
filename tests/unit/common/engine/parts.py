"""An engine over a backend that can be told to be slow, to hang and to fail."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from bentos.common.backends.interface import TokenRow
from bentos.common.engine.engine import Engine
from bentos.common.observability.metrics import Metrics
from bentos.common.settings import EngineSettings
from bentos.common.work_options import Lane, WorkOptions
from tests.unit.common.engine.fake_backend import FakeBackend

POISON = 66
INTERACTIVE, BULK = WorkOptions(Lane.INTERACTIVE), WorkOptions(Lane.BULK)


def make_engine(
    backend: FakeBackend, *, stuck_after: float = 60.0, request_timeout: float = 300.0, **settings: object
) -> Engine:
    engine_settings = EngineSettings(threads=4, **settings)  # type: ignore[arg-type]
    executor = ThreadPoolExecutor(engine_settings.streams)
    return Engine(
        backend, engine_settings, executor, Metrics(), request_timeout=request_timeout, stuck_after=stuck_after
    )


def refuse_poison(rows: Sequence[TokenRow]) -> None:
    if any(POISON in row.ids for row in rows):
        raise RuntimeError("poison")


async def settle(engine: Engine) -> None:
    """Wait until no micro-batch runs, retries and canary included."""
    await asyncio.gather(*engine._dispatcher._running)


class Gate:
    """Holds every micro-batch until it is opened."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._arrived = threading.Semaphore(0)

    def __call__(self, _: Sequence[TokenRow]) -> None:
        self._arrived.release()
        assert self._open.wait(30)

    async def arrival(self) -> None:
        """Wait until one more micro-batch is in the backend."""
        assert await asyncio.to_thread(self._arrived.acquire, timeout=30)

    def open(self) -> None:
        self._open.set()
