"""Vendors' clients, synchronous and asynchronous, called alike."""

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def blocking(client: Any) -> Iterator[Any]:
    """A block in which every call of a client, asynchronous or not, returns its result."""
    with asyncio.Runner() as runner:
        yield _Blocking(client, runner)


class _Blocking:
    def __init__(self, target: Any, runner: asyncio.Runner) -> None:
        self._target = target
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        return _Blocking(getattr(self._target, name), self._runner)

    def __call__(self, **arguments: Any) -> Any:
        result = self._target(**arguments)
        return self._runner.run(_result_of(result)) if inspect.isawaitable(result) else result


async def _result_of(awaitable: Any) -> Any:
    return await awaitable
