"""Work for a client that has left is dropped: nobody would read its answer."""

import asyncio
from types import TracebackType

from starlette.requests import ClientDisconnect, Request

_PATIENCE_SECONDS = 0.01
"""Watching costs a task, a tenth of what a cached answer takes, and such an answer is there before it would begin."""


class CancelOnDisconnect:
    """A block that is cancelled when the client leaves, and then raises `ClientDisconnect`.

    Args:
        request: whose body has been read, so that all there is to receive is that its client left.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._left = False

    def __enter__(self) -> None:
        """Begin to watch in a moment."""
        self._working = asyncio.current_task()
        self._watching: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._begin)

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """Stop watching.

        Raises:
            ClientDisconnect: the client left.
        """
        self._timer.cancel()
        if self._watching:
            self._watching.cancel()
        if self._left and self._working:
            self._working.uncancel()
            if kind is asyncio.CancelledError:
                raise ClientDisconnect from None

    def _begin(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        await self._request.receive()
        self._left = True
        if self._working:
            self._working.cancel()
