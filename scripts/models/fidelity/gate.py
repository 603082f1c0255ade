"""The limits of each precision, and whether a model is within them."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from bentos.common.backends.interface import Kind
from scripts.models.fidelity.metrics import Figures


class Limit(NamedTuple):
    """A bound of one figure."""

    sense: Literal["at least", "at most"]
    bound: float

    def allows(self, value: float) -> bool:
        """Whether a figure is within the bound; what is not a number never is."""
        return value >= self.bound if self.sense == "at least" else value <= self.bound

    def halved(self) -> "Limit":
        """Half as far from what a perfect conversion has: 1 if large figures are good, else 0."""
        return self._replace(bound=(1 + self.bound) / 2 if self.sense == "at least" else self.bound / 2)


LIMITS: dict[Kind, dict[str, dict[str, Limit]]] = {
    "encoder": {
        "fp32": {"cosine_mean": Limit("at least", 0.99999)},
        "bf16": {"cosine_mean": Limit("at least", 0.9999)},
        "int8": {
            "cosine_mean": Limit("at least", 0.999),
            "ndcg_at_10_loss": Limit("at most", 0.005),
            "top_10_overlap": Limit("at least", 0.93),
        },
    },
    "cross-encoder": {
        "fp32": {"kendall_tau": Limit("at least", 0.999)},
        "bf16": {"kendall_tau": Limit("at least", 0.98), "top_1_agreement": Limit("at least", 0.95)},
        "int8": {"kendall_tau": Limit("at least", 0.95), "top_1_agreement": Limit("at least", 0.95)},
    },
}


def limits_of(kind: Kind, precision: str, *, margin: bool = False) -> dict[str, Limit]:
    """The limits of a precision by figure; with a margin they leave half the room."""
    limits = LIMITS[kind][precision]
    return {name: limit.halved() for name, limit in limits.items()} if margin else limits


def passes(kind: Kind, precision: str, figures: Mapping[str, float], *, margin: bool = False) -> bool:
    """Whether the figures are within all limits of the precision."""
    return not violations(kind, precision, figures, margin=margin)


def violations(kind: Kind, precision: str, figures: Mapping[str, float], *, margin: bool = False) -> list[str]:
    """Each figure that is beyond its limit, as a phrase."""
    return [
        f"{name} {figures[name]:.6f}, {limit.sense} {limit.bound:g}"
        for name, limit in limits_of(kind, precision, margin=margin).items()
        if not limit.allows(figures[name])
    ]


def table(kind: Kind, precision: str, figures: Figures, *, margin: bool = False) -> list[str]:
    """Lines for the terminal: each figure, its limit where there is one, and whether it is within it."""
    limits = limits_of(kind, precision, margin=margin)
    lines = []
    for name, value in figures.items():
        verdict = ""
        if limit := limits.get(name):
            verdict = f"  {limit.sense} {limit.bound:g}: {'ok' if limit.allows(value) else 'beyond the limit'}"
        lines.append(f"{name:<20} {value:>10.6f}{verdict}")
    return lines
