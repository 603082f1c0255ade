"""The rules fire when they should, on series that the services have, and each says what to do."""

import re
import subprocess
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests import programs
from tests.docs.headings import anchors
from tests.http.server import ROOT, wait_for
from tests.http.services import Service
from tests.monitoring.conftest import Load
from tests.monitoring.names import names_in
from tests.monitoring.prometheus import FOLDER, Prometheus

RULES = FOLDER / "alerts.yml"
CASES = ROOT / "tests" / "monitoring" / "alerts.yml"
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
]
DOMAIN_ROUTES = re.compile("/|.*(embed|encode|rerank|score).*")

alert = pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])


@pytest.mark.parametrize("arguments", [("test", "rules", CASES), ("check", "config", FOLDER / "prometheus.yml")])
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    done = subprocess.run([programs.require("promtool"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_amtool_agrees() -> None:
    command = [programs.require("amtool"), "check-config", str(FOLDER / "alertmanager.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@alert
def test_an_alert_is_tested_both_ways(rule: dict[str, Any]) -> None:
    cases = yaml.safe_load(CASES.read_text())["tests"]
    of_rule = [case for test in cases for case in test["alert_rule_test"] if case["alertname"] == rule["alert"]]
    assert {bool(case["exp_alerts"]) for case in of_rule} == {True, False}


@alert
def test_an_alert_says_how_grave_it_is_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["annotations"].keys() == {"summary", "action", "runbook"}
    page, anchor = rule["annotations"]["runbook"].split("#")
    assert anchor in anchors(ROOT / page)


@alert
def test_an_alert_asks_for_series_that_both_services_have(observed: dict[str, Service], rule: dict[str, Any]) -> None:
    for service in observed.values():
        families = text_string_to_metric_families(service.server.client.get("/metrics").text)
        existing = {sample.name for family in families for sample in family.samples}
        assert names_in(rule["expr"]) <= existing | {"up"}


def test_the_latency_alert_looks_at_every_route_that_computes(observed: dict[str, Service]) -> None:
    [rule] = [rule for rule in ALERTS if rule["alert"] == "DuobentoSlow"]
    for name, service in observed.items():
        [pattern] = re.findall(rf'job="{name}", route=~"([^"]+)"', rule["expr"])
        described = service.server.client.get("/openapi.json").json()["paths"]
        computing = {path for path, methods in described.items() if "post" in methods and DOMAIN_ROUTES.fullmatch(path)}
        assert computing
        assert {path for path in computing if not re.fullmatch(pattern, path)} == set()


def test_prometheus_can_evaluate_every_alert_and_none_fires(prometheus: Prometheus, load: Load) -> None:
    load.send()
    wait_for(lambda: all(rule["health"] != "unknown" for rule in prometheus.rules()), "every rule is evaluated")
    wait_for(lambda: len(prometheus.query("up == 1")) == 2, "both services are scraped")
    assert {rule["name"]: rule.get("lastError", "") for rule in prometheus.rules()} == {
        rule["alert"]: "" for rule in ALERTS
    }
    assert [rule["name"] for rule in prometheus.rules() if rule["state"] == "firing"] == []
