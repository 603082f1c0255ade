"""Reading the Grafana dashboard: its queries by panel, with its variables filled in."""

import json

from tests.http.server import ROOT

COLUMNS = 24
"""Number of columns of Grafana's grid."""
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboards" / "duobento.json"


def queries(*, window: str) -> dict[str, str]:
    """PromQL of every query, for all services and instances, and the title of its panel.

    Args:
        window: over which rates are taken, such as `1m`.
    """
    return {
        _filled_in(target["expr"], window): panel["title"]
        for panel in json.loads(DASHBOARD.read_text())["panels"]
        for target in panel.get("targets", [])
    }


def _filled_in(expression: str, window: str) -> str:
    for variable, value in {"$__rate_interval": window, "$service": ".+", "$instance": ".+"}.items():
        expression = expression.replace(variable, value)
    return expression
