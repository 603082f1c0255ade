"""A request whose application learns why the rest of the body will not come."""

from collections.abc import Coroutine
from typing import Any

from uvicorn._types import ASGIReceiveEvent
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
