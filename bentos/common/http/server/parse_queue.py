"""Who sends a body in tiny chunks waits for a turn: each chunk costs a callback, and a read may hold 43,000 of them."""

import asyncio
from collections import deque
from typing import Any, Protocol

from uvicorn.protocols.http.flow_control import FlowControl

SLICE_BYTES = 8192
"""Most bytes that are parsed at a time."""
MAX_SLICE_CHUNKS = 128
"""A connection with more chunks in a slice, shorter than 64 bytes on average, waits for its turn from then on."""


class ParseQueueMember(Protocol):
    """A connection."""

    def parse_next_slice(self) -> bool:
        """Parse a slice of what was received; whether there is more."""


class ParseQueue:
    """Parses one slice of one connection per turn of the event loop, so that all else goes on in between."""

    def __init__(self) -> None:
        self._waiting: deque[ParseQueueMember] = deque()

    def add(self, connection: ParseQueueMember, loop: asyncio.AbstractEventLoop) -> None:
        """Give a connection its turns, until it has nothing left to parse. It must not be in the queue."""
        self._waiting.append(connection)
        if len(self._waiting) == 1:
            loop.call_soon(self._next, loop)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        connection = self._waiting[0]  # it leaves afterwards, so that `add` does not schedule a second call
        more = connection.parse_next_slice()
        self._waiting.popleft()
        if more:
            self._waiting.append(connection)
        if self._waiting:
            loop.call_soon(self._next, loop)


class HoldableFlow(FlowControl):
    """uvicorn's flow control, with a second reason not to read, which outlasts the application's wish for more."""

    def __init__(self, transport: Any) -> None:
        super().__init__(transport)
        self._held = False

    def hold(self) -> None:
        """Stop reading, whoever resumes, until `release`."""
        if not self._held:
            self._held = True
            if not self.read_paused and not self._transport.is_closing():
                self._transport.pause_reading()

    def release(self) -> None:
        """Read again, unless reading is paused."""
        if self._held:
            self._held = False
            if not self.read_paused and not self._transport.is_closing():
                self._transport.resume_reading()

    def pause_reading(self) -> None:
        """Stop reading until `resume_reading`."""
        if not self.read_paused:
            self.read_paused = True
            if not self._held and not self._transport.is_closing():
                self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again, unless reading is held."""
        if self.read_paused:
            self.read_paused = False
            if not self._held and not self._transport.is_closing():
                self._transport.resume_reading()
