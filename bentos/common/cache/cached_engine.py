"""The engine behind the cache: rows in, outputs out, and only what nobody has computed yet reaches the engine."""

import asyncio
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from bentos.common.backends.interface import Outputs
from bentos.common.cache.interface import Cache, Key, Payload
from bentos.common.cache.key import KeyedRow, RowCodec, RowHasher
from bentos.common.cache.metrics import CacheMetrics
from bentos.common.cache.single_flight import InFlightRows, Slot
from bentos.common.engine.engine import Engine
from bentos.common.errors import DeadlineExceeded, InferenceFailed
from bentos.common.observability import tracing
from bentos.common.work_options import DEFAULT, Lane, WorkOptions

_MOST_LEADERS = 3
"""Requests in a row that may let their followers down, before these compute what they need by themselves."""


class Computed(NamedTuple):
    """What came of a request's rows.

    Attributes:
        outputs: float32 `[rows, width]`.
        cached: which of them were in the cache.
    """

    outputs: Outputs
    cached: list[bool]


@dataclass(frozen=True, slots=True)
class _Request:
    """Rows, the outputs that are being filled in, and how the caller wants the work done."""

    rows: Sequence[KeyedRow]
    outputs: Outputs
    options: WorkOptions


class CachedEngine:
    """Answers rows from the cache, and computes the rest. Equal rows of a request are computed once, and are equal.

    Args:
        engine: computes rows.
        cache: looks rows up; none computes all.
        hasher: of the served model.
        codec: of the payloads in the cache.
        metrics: where shared rows are counted.

    Attributes:
        hasher: makes the keys of rows.
    """

    def __init__(
        self, engine: Engine, cache: Cache | None, hasher: RowHasher, codec: RowCodec, metrics: CacheMetrics
    ) -> None:
        self._engine = engine
        self._cache = cache
        self.hasher = hasher
        self._codec = codec
        self._in_flight = InFlightRows()
        self._shared = metrics.shared

    def admit_texts(
        self,
        texts: Sequence[Sized],
        options: WorkOptions,
        *,
        tokens_before: Callable[[Lane], int] | None = None,
    ) -> Lane:
        """See `Engine.admit_texts`; a request whose rows may all be in the cache need not compute."""
        computes = not options.use_cache or self._cache is None
        return self._engine.admit_texts(texts, options, computes=computes, tokens_before=tokens_before)

    async def run(self, rows: Sequence[KeyedRow], options: WorkOptions = DEFAULT) -> Computed:
        """Look up all rows and compute the missing ones; if there are none the engine is not asked, even if it is full.

        Args:
            rows: at least one.
            options: where missing rows wait, how long, and whether all are computed and none is left in the cache.

        Raises:
            TooManyTokens, Overloaded, NotReady, DeadlineExceeded, InferenceFailed: as the engine says of the missing
                rows.
        """
        cache = self._cache if options.use_cache else None
        first_index: dict[Key, int] = {}
        for index, row in enumerate(rows):
            first_index.setdefault(row.key, index)
        found = await _look_up(cache, list(first_index)) if cache else {}
        if len(found) == len(rows):
            return Computed(self._codec.read([found[row.key] for row in rows]), [True] * len(rows))
        outputs = np.empty((len(rows), self._engine.backend.width), np.float32)
        if found:
            outputs[[first_index[key] for key in found]] = self._codec.read(list(found.values()))
        missing = [index for key, index in first_index.items() if key not in found]
        request = _Request(rows, outputs, options)
        if missing and cache:
            await self._compute_once(cache, request, missing)
        elif missing:
            await self._compute(request, missing, options)
        if len(first_index) < len(rows):
            outputs = outputs[[first_index[row.key] for row in rows]]
        return Computed(outputs, [row.key in found for row in rows])

    async def _compute_once(self, cache: Cache, request: _Request, missing: list[int]) -> None:
        """Fill in missing rows: those that other requests compute are waited for, the rest is computed and stored."""
        tokens = sum(len(request.rows[index].row.ids) for index in missing)
        lane = request.options.lane or self._engine.lane_of(tokens, len(missing))
        options = replace(request.options, lane=lane)
        for _ in range(_MOST_LEADERS):
            slots = {index: slot for index in missing if (slot := self._in_flight.find(request.rows[index].key, lane))}
            led = [index for index in missing if index not in slots]
            if led:
                keys = [request.rows[index].key for index in led]
                with self._in_flight.leader(keys, lane) as in_flight:
                    outputs = await self._compute(request, led, options)
                    in_flight.resolve(outputs)
                payloads = zip(keys, self._codec.write(outputs), strict=True)
                cache.set_many({key: payload for key, payload in payloads if payload is not None})
            missing = await self._follow(request, slots) if slots else []
            if not missing:
                return
        await self._compute(request, missing, options)

    async def _follow(self, request: _Request, slots: Mapping[int, Slot]) -> list[int]:
        """Fill in the rows that other requests computed; returns the indexes of those that they did not."""
        self._shared.inc(len(slots))
        try:
            async with asyncio.timeout_at(request.options.deadline):
                # Unlike awaiting a future, this does not cancel it when this request is cancelled.
                await asyncio.wait({slot.in_flight.outputs for slot in slots.values()})
        except TimeoutError:
            raise DeadlineExceeded("The request's deadline passed before it was computed.") from None
        abandoned = []
        for index, slot in slots.items():
            if (outputs := slot.in_flight.outputs.result()) is None:
                abandoned.append(index)
            else:
                request.outputs[index] = outputs[slot.row]
        return abandoned

    async def _compute(self, request: _Request, indexes: list[int], options: WorkOptions) -> Outputs:
        """Fill in and return the rows at these indexes; an error names a row by its index in the request."""
        rows = [request.rows[index].row for index in indexes]
        try:
            outputs = await self._engine.run(rows, options)
        except InferenceFailed as error:
            error.item = indexes[error.item]
            raise
        request.outputs[indexes] = outputs
        return outputs


async def _look_up(cache: Cache, keys: list[Key]) -> dict[Key, Payload]:
    """What the cache has, in the order of the keys."""
    with tracing.span("cache") if tracing.tracer else tracing.NOT_RECORDED as looking_up:
        payloads = await cache.get_many(keys)
        found = {key: payload for key, payload in zip(keys, payloads, strict=True) if payload is not None}
        looking_up.set_attributes({"duobento.rows": len(keys), "duobento.cache.hits": len(found)})
    return found
