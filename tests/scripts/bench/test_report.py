"""The report of a run with load, search and comparison: as JSON, and as a page in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from typer.testing import CliRunner

from scripts.bench.cli import app
from scripts.bench.dialects import DIALECTS
from scripts.pictures.chromium import chromium
from tests import programs
from tests.http.services import EMBED, RERANK
from tests.scripts.conftest import KEY, Deployment

pytestmark = pytest.mark.tools

CLOSED = ["--iterations", "2", "--warm-up", "0", "--batch-size", "2", "--documents", "2"]
OPEN = ["--rate", "20", "--duration", "2", "--find-max", "--step-seconds", "0.5", "--slo-ms", "2000"]


class Files:
    """Where a run's reports are."""

    def __init__(self, folder: Path) -> None:
        self.json, self.html = folder / "report.json", folder / "report.html"

    @property
    def figures(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.json.read_text())
        return content


@pytest.fixture(scope="module")
def files(locked_deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Reports of one run with everything."""
    files = Files(tmp_path_factory.mktemp("report"))
    urls = [*locked_deployment.urls, "--key", KEY, "--compare", locked_deployment.embed.server.url]
    other = ["--dialect", "openai", "--compare-model", EMBED.model, "--compare-key", KEY]
    output = ["--json", str(files.json), "--html", str(files.html)]
    result = CliRunner().invoke(app, [*urls, *other, *CLOSED, *OPEN, *output])
    assert result.exit_code in (0, 1), result.output
    return files


@pytest.fixture(scope="module")
def page(files: Files) -> Iterator[Page]:
    """The report in Chromium, with everything that it complained of in `errors`."""
    programs.require("chromium")
    with chromium() as browser:
        page = browser.new_page()
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("requestfailed", lambda request: errors.append(request.url))
        page.goto(files.html.as_uri())
        yield page
        assert errors == []


def test_every_request_of_the_load_is_accounted_for(files: Files) -> None:
    load = files.figures["load"]
    assert load["sent"] == len(load["requests"]) > 20
    assert load["answered"] + load["rejected"] + load["timed_out"] + load["failed"] == load["sent"]
    assert sum(window["answered"] for window in load["windows"]) == load["answered"]
    assert load["p50"] <= load["p95"] <= load["p99"]


def test_the_search_tried_rising_rates_and_names_the_best(files: Files) -> None:
    search = files.figures["saturation"]
    assert search["steps"]
    assert search["best_rate"] == max((step["rate"] for step in search["steps"] if step["holds"]), default=None)


def test_the_comparison_is_of_what_both_have(files: Files) -> None:
    compared = {row["measure"]: row for row in files.figures["compared"]}
    assert list(compared) == ["embedding", "batch, per document", "embedding, cached"]
    assert all(row["ratio"] == pytest.approx(row["other_p50"] / row["p50"]) for row in compared.values())


@pytest.mark.browser
def test_the_page_shows_every_part_with_its_plot(page: Page) -> None:
    headings = page.locator("h2").all_inner_texts()
    assert headings == [
        "Against the targets",
        "Latency, one request at a time",
        "The same request again",
        "Latency over time, under load",
        "Throughput against load",
        "Beside the other server",
    ]
    assert page.locator("figure svg").count() == 3
    assert page.locator("figure [role=img]").first.get_attribute("aria-label")
    assert page.locator("td.verdict").count() >= 5


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_on_light_and_on_dark(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_page_needs_nothing_but_itself(files: Files) -> None:
    text = files.html.read_text()
    assert "<script" not in text
    assert "src=" not in text


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_is_understood(deployment: Deployment, dialect: str) -> None:
    embed = DIALECTS[dialect].embed_call(["the heron waits"], EMBED.model)
    answers = [deployment.embed.server.client.post(embed.path, content=embed.content, headers=_JSON)]
    if DIALECTS[dialect].rerank:
        rerank = DIALECTS[dialect].rerank_call("heron", ["the heron waits", "an egret"], RERANK.model)
        answers.append(deployment.rerank.server.client.post(rerank.path, content=rerank.content, headers=_JSON))
    assert [answer.status_code for answer in answers] == [200] * len(answers), answers[-1].text


_JSON = {"Content-Type": "application/json"}
