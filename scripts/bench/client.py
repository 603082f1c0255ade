"""Sends requests to one server and times them."""

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from scripts.bench.dialects import Call
from scripts.command import UnreachableError
from scripts.deployment import authorization

_HEADERS = {"Content-Type": "application/json"}
_NO_STORE = _HEADERS | {"Cache-Control": "no-store"}


class Outcome(StrEnum):
    """How a request ended."""

    ANSWERED = "answered"
    REJECTED = "rejected"  # 429: the queue is full
    TIMED_OUT = "timed out"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        seconds: time from sending to the last byte.
        content: the body, or the reason why it is missing.
    """

    outcome: Outcome
    seconds: float
    content: bytes

    def cached(self) -> int | None:
        """How many of its items were in the server's cache; None if the server does not say."""
        answer = orjson.loads(self.content)
        return int(answer["cached"]) if isinstance(answer, dict) and "cached" in answer else None


class Client:
    """Requests to one server. As a context manager it closes its connections.

    Args:
        name: what the server is called in messages.
        timeout: seconds after which a request counts as timed out.
    """

    def __init__(self, name: str, url: str, key: str | None, timeout: float) -> None:
        self.name = name
        self.url = url
        # A proxy from the environment would be measured too; the pool must never be what requests wait for.
        self._http = httpx.AsyncClient(
            base_url=url,
            headers=authorization(key),
            timeout=None,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
            trust_env=False,
        )
        self._timeout = timeout

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def send(self, call: Call, *, cached: bool = False) -> Reply:
        """Send a request; without `cached` the service is told to compute everything anew."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._http.post(
                    call.path, content=call.content, headers=_HEADERS if cached else _NO_STORE
                )
            outcome, content = _outcome(answer.status_code), answer.content
        except TimeoutError:
            outcome, content = Outcome.TIMED_OUT, f"no answer within {self._timeout:g} seconds".encode()
        except httpx.HTTPError as error:
            outcome, content = Outcome.FAILED, str(error).encode()
        return Reply(outcome, time.perf_counter() - started, content)

    async def send_or_raise(self, call: Call, *, cached: bool = False) -> Reply:
        """Send a request that has to be answered.

        Raises:
            UnreachableError: if it is not.
        """
        reply = await self.send(call, cached=cached)
        if reply.outcome is not Outcome.ANSWERED:
            reason = reply.content[:300].decode(errors="replace")
            raise UnreachableError(f"{self.name} at {self.url}{call.path} {reply.outcome.value}: {reason}")
        return reply

    async def describe(self) -> dict[str, Any]:
        """Model, backend and precision, as far as the server's `/info` tells."""
        try:
            answer = await self._http.get("/info", timeout=self._timeout)
            found = answer.json() if answer.is_success else {}
        except (httpx.HTTPError, ValueError):
            found = {}
        return found if isinstance(found, dict) else {}


def _outcome(status: int) -> Outcome:
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Outcome.REJECTED
    return Outcome.ANSWERED if httpx.codes.is_success(status) else Outcome.FAILED
