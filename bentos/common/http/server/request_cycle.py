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

    def send(self, message: ASGISendEvent) -> Coroutine[Any, Any, None]:
        """Send the head of the response with the first part of its body, or the next part."""
        is_first = not self.response_started and not isinstance(self.transport, ResponseTransport)
        if is_first and self.scope["method"] != "HEAD":  # after which no body is written
            self.transport = ResponseTransport(self.transport)
        return super().send(message)


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
            if data:
                self._transport.writelines((self._head, data))
            else:  # which asyncio's own transport of Python 3.12 never gets rid of
                self._transport.write(self._head)

    def close(self) -> None:
        """Close the connection after what was sent. A head that no body has followed is dropped."""
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection is closed or closing."""
        return self._transport.is_closing()
