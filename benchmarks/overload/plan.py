"""How much of an overload is measured, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        clients: number of clients that wait for their answers, to saturate the service.
        saturation_seconds: how long they saturate it.
        patience: seconds after which a client gives up.
        times: the overload, in saturated rates.
        seconds: length of the overload.
        sweep: loads of the picture, in saturated rates.
        sweep_seconds: length of each; the goodput counts from the moment at which the first clients can have given up.
        burst_seconds: length of the burst.
        after_seconds: length of half the saturated rate after it.
    """

    clients: int = 32
    saturation_seconds: float = 20.0
    patience: float = 10.0
    times: float = 5.0
    seconds: float = 60.0
    sweep: Sequence[float] = (0.5, 0.8, 1.0, 1.2, 2.0, 5.0)
    sweep_seconds: float = 30.0
    burst_seconds: float = 30.0
    after_seconds: float = 120.0
