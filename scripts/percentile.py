"""Percentiles of what was measured, which may be nothing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def percentile(values: Sequence[float] | NDArray[np.float64], percent: float) -> float | None:
    """A percentile of values, interpolated between two of them; None without values."""
    return float(np.percentile(values, percent)) if len(values) else None
