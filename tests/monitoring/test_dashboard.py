"""Every panel of the dashboard shows data of real services. No Grafana draws it here: its shape is checked instead."""

import json
import math
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.http.server import ROOT, wait_for
from tests.http.services import Service
from tests.monitoring.conftest import Load
from tests.monitoring.dashboard import COLUMNS, DASHBOARD, queries
from tests.monitoring.names import names_in
from tests.monitoring.prometheus import Prometheus

DESCRIBED: dict[str, Any] = json.loads(DASHBOARD.read_text())
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"


def test_every_query_returns_numbers(prometheus: Prometheus, load: Load) -> None:
    empty = queries(window="10s")

    def has_numbers(expression: str) -> bool:
        return any(math.isfinite(float(series["value"][1])) for series in prometheus.query(expression))

    def all_have_numbers() -> bool:
        load.send()
        for expression in [expression for expression in empty if has_numbers(expression)]:
            del empty[expression]
        return not empty

    wait_for(all_have_numbers, f"these panels have data: {empty}")


def test_every_panel_has_a_unit_and_says_what_it_shows() -> None:
    for panel in DESCRIBED["panels"]:
        if panel["type"] != "row":
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            assert panel["description"].endswith("."), panel["title"]
            assert all(target["legendFormat"] for target in panel["targets"])
            assert panel["datasource"]["uid"] == "${datasource}"


def test_panels_neither_overlap_nor_leave_the_grid() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DESCRIBED["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= COLUMNS
        cells = {(grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    identifiers = [panel["id"] for panel in DESCRIBED["panels"]]
    assert len(set(identifiers)) == len(identifiers)


def test_every_query_can_be_narrowed_to_a_service_and_an_instance() -> None:
    assert [variable["name"] for variable in DESCRIBED["templating"]["list"]] == ["datasource", "service", "instance"]
    for panel in DESCRIBED["panels"]:
        for target in panel.get("targets", []):
            assert target["expr"].count('job=~"$service", instance=~"$instance"') == len(_selectors(target["expr"]))


def test_every_metric_on_the_dashboard_is_one_of_both_services(observed: dict[str, Service]) -> None:
    shown = {name for expression in queries(window="1m") for name in names_in(expression)}
    for service in observed.values():
        families = text_string_to_metric_families(service.server.client.get("/metrics").text)
        existing = {sample.name for family in families for sample in family.samples}
        assert shown <= existing


def test_grafana_finds_the_data_source_and_the_dashboard() -> None:
    [source] = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert source["type"] == "prometheus"
    scraped = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())["global"]
    assert source["jsonData"]["timeInterval"] == scraped["scrape_interval"]
    [provider] = yaml.safe_load((PROVISIONING / "dashboards" / "duobento.yml").read_text())["providers"]
    assert provider["type"] == "file"


def _selectors(expression: str) -> list[str]:
    return [part for part in expression.split("{")[1:] if "job" in part]
