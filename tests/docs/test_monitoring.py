"""docs/monitoring.md names every series and every alert."""

import re

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.http.server import ROOT
from tests.http.services import Service

PAGE = (ROOT / "docs" / "monitoring.md").read_text()
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"


def test_every_series_is_explained(embed: Service, rerank: Service) -> None:
    explained = set(re.findall(r"`(\w+)(?:\{[\w,]+\})?`", PAGE))
    for service in (embed, rerank):
        families = text_string_to_metric_families(service.server.client.get("/metrics").text)
        names = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
        assert {name for name in names if not name.startswith("duobento_cache_")} <= explained


def test_every_alert_has_a_section() -> None:
    rules = [rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert re.findall(r"^### (Duobento\w+)$", PAGE, re.M) == rules
