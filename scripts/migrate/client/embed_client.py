"""Client of embed-service's native API, for work that may wait and must not be lost."""

import asyncio
import base64
import random
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from scripts.backoff import doubling
from scripts.command import UnreachableError, UsageError
from scripts.deployment import authorization
from scripts.migrate.client.concurrency import AdaptiveConcurrency
from scripts.migrate.client.outage import Outage
from scripts.migrate.client.service_info import ServiceInfo

NOT_UTF8 = "it holds half of a surrogate pair, which UTF-8 does not have"
_TIMEOUT = httpx.Timeout(600.0, connect=10.0)
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 10.0
_FAULTS_OF_A_TEXT = 3  # so many 500s in a row are the texts' fault, not the moment's


@dataclass(frozen=True)
class Embedded:
    """Answer to a batch of texts.

    Attributes:
        vectors: float32 [texts, dimension], unit length; the row of a failed text is zero.
        tokens: number of tokens of all texts.
        truncated: indexes of texts that lost tokens.
        failed: reason by index.
    """

    vectors: NDArray[np.float32]
    tokens: int
    truncated: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)


class EmbedClient:
    """Embeds batches in the lane for bulk work.

    Args:
        concurrency: maximum number of requests in flight.
        patience_seconds: how long to retry while the service is down.
        input_type: `passage` or `query`, which chooses the model's prompt.

    Attributes:
        concurrency: limit of the requests in flight.
    """

    def __init__(
        self, url: str, api_key: str, concurrency: int, patience_seconds: float, input_type: str = "passage"
    ) -> None:
        self._url = url
        self._input_type = input_type
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
        self._http = httpx.AsyncClient(base_url=url, headers=authorization(api_key), timeout=_TIMEOUT, limits=limits)
        self.concurrency = AdaptiveConcurrency(concurrency)
        self._outage = Outage(patience_seconds)
        self._info: ServiceInfo | None = None

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def info(self) -> ServiceInfo:
        """The model that is served.

        Raises:
            UnreachableError: nothing answers, or it is not ready.
            UsageError: it is not embed-service, or refuses the key.
        """
        try:
            ready = await self._http.get("/ready")
            answer = await self._http.get("/info")
        except httpx.HTTPError as error:
            raise UnreachableError(
                f"embed-service does not answer at {self._url}: {str(error) or type(error).__name__}."
            ) from error
        if ready.status_code != httpx.codes.OK:
            raise UnreachableError(
                f"embed-service at {self._url} is not ready ({ready.status_code}): see {self._url}/ready."
            )
        if answer.status_code != httpx.codes.OK:
            raise UsageError(f"{self._url}/info answers {answer.status_code}: is SERVICE_API_KEY right?")
        try:
            self._info = ServiceInfo.read(answer.json())
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{self._url} is not embed-service, as its /info says.") from error
        return self._info

    async def embed(self, texts: list[str], *, store: bool = True) -> Embedded:
        """Vectors of non-blank texts, in their order; texts that the service refuses or fails on are reported.

        Args:
            store: whether the service may take them from its cache and keep them there.

        Raises:
            UnreachableError: the service was down for longer than the patience.
            UsageError: it serves another model than at first, or refuses the key.
        """
        answer = await self._ask(texts, store)
        if isinstance(answer, Embedded):
            return answer
        if len(texts) == 1:
            assert self._info is not None
            return Embedded(np.zeros((1, self._info.dimension), np.float32), 0, failed={0: answer})
        middle = len(texts) // 2
        return _joined(await self.embed(texts[:middle], store=store), await self.embed(texts[middle:], store=store))

    async def _ask(self, texts: list[str], store: bool) -> Embedded | str:
        """The answer, or why these texts cannot be embedded."""
        faults, pauses = 0, doubling(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while True:
            async with self.concurrency:
                sent_at = time.monotonic()
                try:
                    answer = await self._post(texts, store)
                except UnicodeEncodeError:
                    return NOT_UTF8
            if isinstance(answer, httpx.Response) and answer.status_code == httpx.codes.OK:
                self.concurrency.answered()
                self._outage.answered()
                return self._read(answer.json(), len(texts))
            status, reason = _why(answer)
            self._slow_down_or_give_up(status, reason, sent_at)
            faults += status == httpx.codes.INTERNAL_SERVER_ERROR
            too_slow = status == httpx.codes.GATEWAY_TIMEOUT and len(texts) > 1
            refused = 0 < status < httpx.codes.INTERNAL_SERVER_ERROR and status != httpx.codes.TOO_MANY_REQUESTS
            if refused or too_slow or faults >= _FAULTS_OF_A_TEXT:
                return reason
            await asyncio.sleep(_pause(next(pauses), answer))

    def _slow_down_or_give_up(self, status: int, reason: str, sent_at: float) -> None:
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND):
            raise UsageError(f"embed-service refuses the migration: {reason}.")
        if status in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.GATEWAY_TIMEOUT):
            self.concurrency.refused(sent_at)
        if 0 < status <= httpx.codes.INTERNAL_SERVER_ERROR:
            self._outage.answered()  # it is there, so waiting is worth it
        elif self._outage.ends():
            raise UnreachableError(
                f"embed-service was down for {self._outage.seconds:g} s ({reason}): run the same command again."
            )

    async def _post(self, texts: list[str], store: bool) -> httpx.Response | str:
        body = {"texts": texts, "input_type": self._input_type, "priority": "bulk", "encoding_format": "base64"}
        try:
            return await self._http.post("/embed", json=body, headers={} if store else {"Cache-Control": "no-store"})
        except httpx.TransportError as error:
            return str(error) or type(error).__name__

    def _read(self, answer: dict[str, Any], count: int) -> Embedded:
        assert self._info is not None
        if answer["model"] != self._info.model or answer["dimension"] != self._info.dimension:
            raise UsageError(
                f"embed-service now serves {answer['model']}, not {self._info.model}, and vectors of two models "
                "must not be mixed."
            )
        raw = b"".join(base64.b64decode(row) for row in answer["embeddings"])
        vectors = np.frombuffer(raw, "<f4").reshape(count, self._info.dimension)
        return Embedded(vectors, answer["tokens"], list(answer["truncated"]))


def _joined(first: Embedded, second: Embedded) -> Embedded:
    shift = len(first.vectors)
    return Embedded(
        np.concatenate([first.vectors, second.vectors]),
        first.tokens + second.tokens,
        first.truncated + [index + shift for index in second.truncated],
        first.failed | {index + shift: reason for index, reason in second.failed.items()},
    )


def _why(answer: httpx.Response | str) -> tuple[int, str]:
    """Status, 0 without an answer, and reason."""
    if isinstance(answer, str):
        return 0, answer
    try:
        return answer.status_code, f"{answer.status_code} {answer.json()['error']['message']}"
    except (ValueError, KeyError, TypeError):
        return answer.status_code, f"{answer.status_code} {answer.reason_phrase}"


def _pause(seconds: float, answer: httpx.Response | str) -> float:
    """What the service asks for, else `seconds`; spread, lest all requests come together."""
    asked = "" if isinstance(answer, str) else answer.headers.get("Retry-After", "")
    return float(asked) * random.uniform(1.0, 1.2) if asked.isdigit() else seconds * random.uniform(0.5, 1.0)
