"""The page at `GET /`: what it shows is what the API answers, to everybody, and it takes nothing from elsewhere."""

import csv
import re

import numpy as np
import pytest

from tests.browser.conftest import DESKTOP, KEY, PHONE, Open
from tests.browser.visit import Visit
from tests.http.server import wait_for
from tests.http.services import EMBED, Service, long_texts

TEXTS = ["How does a heron hunt?", "The office opens at nine.", "A heron stands still and spears fish."]


def _field(service: Service) -> str:
    return f"#{service.kind.items}"


def test_similarities_are_those_of_the_vectors(embed: Service, visit: Open) -> None:
    opened = visit(embed)
    page = opened.page
    page.locator("#texts").fill("\n\n".join(TEXTS))
    page.get_by_label("queries").check()
    opened.send()
    shown = [[float(cell) for cell in row.locator("td").all_inner_texts()] for row in page.locator("tbody tr").all()]
    vectors = np.array(embed.post(*TEXTS, input_type="query").json()["embeddings"])
    np.testing.assert_allclose(shown, vectors @ vectors.T, atol=0.006)
    assert [row.locator("b").count() for row in page.locator("tbody tr").all()] == [1, 1, 1]


def test_a_single_text_is_shown_as_a_vector(embed: Service, visit: Open) -> None:
    page = visit(embed).page
    page.locator("#texts").fill("heron")
    page.locator("#send").click()
    page.get_by_text("One vector of 384 numbers").wait_for()


def test_the_ranking_is_that_of_the_service(rerank: Service, visit: Open) -> None:
    opened = visit(rerank)
    page = opened.page
    page.locator("#query").fill(rerank.kind.fixed["query"])
    page.locator("#documents").fill("\n".join(TEXTS))
    opened.send()
    expected = rerank.post(*TEXTS).json()["results"]
    rows = [row.locator("td").all_inner_texts() for row in page.locator("tbody tr").all()]
    assert [(float(score), text) for _, score, text in rows] == [
        (round(result["score"], 3), f"{result['document']} document {result['index'] + 1}") for result in expected
    ]


def test_a_model_of_demo_quality_is_marked(embed: Service, rerank: Service, visit: Open) -> None:
    assert visit(embed).page.get_by_text("demo quality").count() == 0
    assert visit(rerank).page.get_by_text("demo quality").count() == 1


def test_what_was_cached_and_truncated_is_marked(keyed: Service, visit: Open) -> None:
    opened = visit(keyed)
    opened.page.locator("#key").fill(KEY)
    long = long_texts(30 if keyed.kind is EMBED else 1)[0] * 20
    opened.page.locator(_field(keyed)).fill(f"the cached heron\n{long}")
    opened.send()
    assert opened.fact("Cached") == "0 of 2"
    assert opened.fact("Truncated") == f"{keyed.kind.items[:-1]} 2"
    assert opened.page.locator("#result .mark").count() == 1
    opened.page.locator("#send").click()
    wait_for(lambda: opened.fact("Cached") == "2 of 2", "the second answer is from the cache")
    opened.page.get_by_label("Compute anew").check()
    opened.page.locator("#send").click()
    wait_for(lambda: opened.fact("Cached") == "0 of 2", "the third is computed anew")


def test_the_keyboard_is_enough(keyed: Service, visit: Open) -> None:
    page = visit(keyed).page

    def tab_to(selector: str) -> None:
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.locator(f"{selector}:focus").count():
                return
        pytest.fail(f"Tab does not reach {selector}")

    tab_to(_field(keyed))
    page.keyboard.press("Control+A")
    page.keyboard.type("a heron\na stork")
    tab_to("#key")
    page.keyboard.type(KEY)
    page.keyboard.press("Control+Enter")
    page.locator("#result table").wait_for()
    assert page.locator("tbody tr").count() == 2
    tab_to("[name=language]")
    page.keyboard.press("ArrowRight")
    assert "import httpx" in page.locator("#snippet").inner_text()
    tab_to("#copy")
    page.keyboard.press("Enter")
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#snippet").text_content()


def test_without_its_key_the_page_says_so_and_goes_to_the_field(keyed: Service, visit: Open) -> None:
    opened = visit(keyed)
    opened.page.locator("#send").click()
    opened.page.get_by_role("alert").get_by_text("Send one of the service's keys").wait_for()
    assert opened.page.locator("#key:focus[aria-invalid=true]").count() == 1
    opened.page.keyboard.type(KEY)
    opened.page.keyboard.press("Enter")
    opened.page.locator("#result table").wait_for()
    assert opened.page.get_by_role("alert").inner_text() == ""
    assert KEY not in opened.page.content()
    assert opened.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_bad_input_is_explained_at_its_field(embed: Service, rerank: Service, visit: Open) -> None:
    for service in (embed, rerank):
        page = visit(service).page
        page.locator(_field(service)).fill("\n  \n")
        page.locator("#send").click()
        page.get_by_role("alert").get_by_text(re.compile("Send at least one")).wait_for()
        assert page.locator(f"{_field(service)}:focus[aria-invalid=true]").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_is_accessible(embed: Service, rerank: Service, visit: Open, size: tuple[int, int], scheme: str) -> None:
    for service in (embed, rerank):
        opened = visit(service, size=size, scheme=scheme)
        opened.assert_accessible()
        opened.send()
        opened.assert_accessible()
        width = opened.page.evaluate("document.documentElement.scrollWidth")
        assert width <= size[0], "the page scrolls sideways"
        assert opened.complaints == []


def _paste(opened: Visit, field: str, text: str) -> None:
    opened.page.evaluate("text => navigator.clipboard.writeText(text)", text)
    opened.page.locator(field).press("Control+A")
    opened.page.locator(field).press("Control+V")


@pytest.mark.parametrize("separator", ["\t", ";", ","], ids=["tab", "semicolon", "comma"])
def test_a_column_of_a_pasted_table_can_be_kept(embed: Service, rerank: Service, visit: Open, separator: str) -> None:
    table = [["id", "bird"], ["1", '"a ""grey"" heron;\n\tor, two"'], ["2", ""], ["3", "a stork"]]
    for service in (embed, rerank):
        opened = visit(service)
        _paste(opened, _field(service), "\r\n".join(separator.join(row) for row in table) + "\r\n")
        opened.page.get_by_label("Column").select_option("bird")
        opened.assert_accessible()
        opened.page.get_by_role("button", name="Keep this column").click()
        assert opened.page.locator(f"{_field(service)}:focus").input_value() == 'a "grey" heron; or, two\na stork'
        assert opened.page.get_by_label("Column").count() == 0
        opened.send()
        assert opened.page.locator("tbody tr").count() == 2


def test_without_names_in_the_first_row_all_rows_are_kept(embed: Service, visit: Open) -> None:
    opened = visit(embed)
    _paste(opened, "#texts", "a heron\t1\na stork\t2\n")
    opened.page.get_by_label("The first row has the names").uncheck()
    opened.page.get_by_role("button", name="Keep this column").click()
    assert opened.page.locator("#texts").input_value() == "a heron\na stork"


def test_lines_that_are_no_table_are_left_alone(embed: Service, visit: Open) -> None:
    opened = visit(embed)
    lines = "A heron, standing.\nA stork.\nOne, two, three."
    _paste(opened, "#texts", lines)
    assert opened.page.locator("#texts").input_value() == lines
    assert opened.page.get_by_label("Column").count() == 0


def test_vectors_are_downloaded_as_csv(embed: Service, visit: Open) -> None:
    opened = visit(embed)
    texts = ['a "grey" heron, standing', "a stork"]
    opened.page.locator("#texts").fill("\n".join(texts))
    opened.send()
    with opened.page.expect_download() as started:
        opened.page.get_by_role("button", name="Download the vectors").click()
    assert started.value.suggested_filename == "vectors.csv"
    with started.value.path().open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["text", *map(str, range(384))]
    assert [row[0] for row in rows] == texts
    vectors = embed.post(*texts, input_type="passage").json()["embeddings"]
    np.testing.assert_allclose(np.array([row[1:] for row in rows], float), vectors, atol=1e-6)


def test_many_texts_are_compared_up_to_a_number(embed: Service, visit: Open) -> None:
    opened = visit(embed)
    opened.page.locator("#texts").fill("\n".join(f"heron number {number}" for number in range(45)))
    opened.send()
    assert opened.page.locator("tbody tr").count() == 40
    opened.page.get_by_text("The first 40 texts.").wait_for()
    assert opened.fact("Cached").endswith("of 45")


def test_every_figure_is_explained(embed: Service, rerank: Service, visit: Open) -> None:
    for service, own in ((embed, "Similarity"), (rerank, "Score")):
        opened = visit(service)
        assert not opened.page.locator("#meaning").is_visible()
        opened.send()
        opened.page.get_by_text("What the figures mean").click()
        explained = opened.page.locator("#meaning dt").all_inner_texts()
        assert explained == [*opened.page.locator("#facts dt").all_inner_texts(), own]
        opened.assert_accessible()
