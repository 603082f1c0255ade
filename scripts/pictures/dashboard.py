"""Reading the Grafana dashboard: its panels and their queries, with its variables filled in."""

import json
from dataclasses import dataclass
from pathlib import Path

COLUMNS = 24
"""Number of columns of Grafana's grid."""
DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards" / "duobento.json"


@dataclass(frozen=True)
class Query:
    """One query of a panel.

    Attributes:
        expression: PromQL of the query.
        legend: what a series is called, with labels in `{{braces}}`.
    """

    expression: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One panel of the dashboard.

    Attributes:
        kind: `timeseries`, `stat` or `gauge`.
        unit: Grafana's id of it.
        x, y, width, height: its position on Grafana's grid.
    """

    title: str
    kind: str
    unit: str
    queries: list[Query]
    x: int
    y: int
    width: int
    height: int


def panels(*, window: str) -> list[Panel]:
    """All panels, for all services and instances.

    Args:
        window: over which rates are taken, such as `1m`.
    """
    described = json.loads(DASHBOARD.read_text())["panels"]
    return [
        Panel(
            title=panel["title"],
            kind=panel["type"],
            unit=panel["fieldConfig"]["defaults"]["unit"],
            queries=[Query(_filled_in(target["expr"], window), target["legendFormat"]) for target in panel["targets"]],
            x=panel["gridPos"]["x"],
            y=panel["gridPos"]["y"],
            width=panel["gridPos"]["w"],
            height=panel["gridPos"]["h"],
        )
        for panel in described
        if panel["type"] != "row"
    ]


def _filled_in(expression: str, window: str) -> str:
    for variable, value in {"$__rate_interval": window, "$service": ".+", "$instance": ".+"}.items():
        expression = expression.replace(variable, value)
    return expression
