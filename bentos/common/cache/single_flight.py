"""Single flight: a row that one request computes is not computed again for another one that comes meanwhile."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from bentos.common.backends.interface import Outputs
from bentos.common.cache.interface import Key
from bentos.common.work_options import Lane


class InFlight:
    """Rows on their way through the engine for one request.

    Attributes:
        lane: in which they wait.
        outputs: gets the outputs, float32 `[rows, width]`, or none if the request ended without them.
    """

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.outputs: asyncio.Future[Outputs | None] = asyncio.get_running_loop().create_future()

    def resolve(self, outputs: Outputs) -> None:
        """Hand the outputs to everyone who waits."""
        self.outputs.set_result(outputs)


class Slot(NamedTuple):
    """One row of a computation in flight."""

    in_flight: InFlight
    row: int


class InFlightRows:
    """All rows that are being computed in this process."""

    def __init__(self) -> None:
        self._slots: dict[Key, Slot] = {}

    def find(self, key: Key, lane: Lane) -> Slot | None:
        """The computation in flight of this row, if it is no slower than the caller's own lane would be."""
        slot = self._slots.get(key)
        if slot is None or (lane is Lane.INTERACTIVE and slot.in_flight.lane is Lane.BULK):
            return None
        return slot

    @contextmanager
    def leader(self, keys: Sequence[Key], lane: Lane) -> Iterator[InFlight]:
        """A block that computes rows and hands out their outputs; however else it ends, those who wait are told so."""
        in_flight = InFlight(lane)
        slots = {key: Slot(in_flight, row) for row, key in enumerate(keys)}
        self._slots.update(slots)
        try:
            yield in_flight
        finally:
            for key, slot in slots.items():
                if self._slots.get(key) is slot:
                    del self._slots[key]
            if not in_flight.outputs.done():
                in_flight.outputs.set_result(None)
