"""Single flight: a row that one request computes is not computed again for another one that comes meanwhile."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from bentos.common.backends.interface import Outputs
from bentos.common.cache.interface import Key
from bentos.common.engine.work import Lane


class Flight:
    """Rows on their way through the engine for one request.

    Attributes:
        lane: in which they wait.
        landed: gets the outputs, float32 `[rows, width]`, or none if the request ended without them.
    """

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.landed: asyncio.Future[Outputs | None] = asyncio.get_running_loop().create_future()

    def land(self, outputs: Outputs) -> None:
        """Hand the outputs to everyone who waits."""
        self.landed.set_result(outputs)


class Seat(NamedTuple):
    """One row of a flight."""

    flight: Flight
    row: int


class Flights:
    """All rows that are being computed in this process."""

    def __init__(self) -> None:
        self._seats: dict[Key, Seat] = {}

    def find(self, key: Key, lane: Lane) -> Seat | None:
        """The flight that computes this row, if it is no slower than the caller's own lane would be."""
        seat = self._seats.get(key)
        if seat is None or (lane is Lane.INTERACTIVE and seat.flight.lane is Lane.BULK):
            return None
        return seat

    @contextmanager
    def lead(self, keys: Sequence[Key], lane: Lane) -> Iterator[Flight]:
        """A block that computes rows and lands the flight; however else it ends, those who wait are told so."""
        flight = Flight(lane)
        seats = {key: Seat(flight, row) for row, key in enumerate(keys)}
        self._seats.update(seats)
        try:
            yield flight
        finally:
            for key, seat in seats.items():
                if self._seats.get(key) is seat:
                    del self._seats[key]
            if not flight.landed.done():
                flight.landed.set_result(None)
