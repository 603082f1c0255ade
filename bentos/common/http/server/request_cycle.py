"""A request whose application learns why the rest of the body will not come, and whose response starts in one write."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from bentos.common.errors import DomainError


class RequestCycle(RequestResponseCycle):
    """One request and its response, which the application learns of failures of its connection from.

    Attributes:
        failure: raised where the application asks for the rest of the body, so that it writes the response.
    """

    failure: DomainError | None = None

    def receive(self) -> Coroutine[Any, Any, ASGIReceiveEvent]:
        """The next part of the body.

        Raises:
            DomainError: the rest of the body will not come.
        """
        if self.failure is not None:
            raise self.failure
        return super().receive()

    async def send(self, message: ASGISendEvent) -> None:
        """Send the head of the response with the first part of its body, or the next part."""
        if self.response_started:
            await super().send(message)
            if self.response_complete and isinstance(self.transport, ResponseTransport):
                self.transport.flush()
        else:
            self.transport = ResponseTransport(self.transport)
            await super().send(message)


class ResponseTransport(asyncio.Transport):
    """Sends a response's head and the first part of its body in one system call.

    uvicorn takes two, and a service that is killed between them leaves a head without a body: the gateway has passed
    the head on by then, so it cannot ask another replica.

    Args:
        transport: of the connection.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._head: bytes | None = None
        self._head_is_sent = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Hold the head, which is written first; send what follows it."""
        if self._head_is_sent:
            self._transport.write(data)
        elif self._head is None:
            self._head = bytes(data)
        else:
            self._head_is_sent = True
            self._transport.writelines((self._head, data))

    def flush(self) -> None:
        """Send the head if no body has followed, as after HEAD."""
        if self._head is not None and not self._head_is_sent:
            self._head_is_sent = True
            self._transport.write(self._head)

    def close(self) -> None:
        """Close the connection after what was written."""
        self.flush()
        self._transport.close()
