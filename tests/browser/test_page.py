"""The page at `GET /`: what it shows is what the API answers, to everybody, and it takes nothing from elsewhere."""

import re

import numpy as np
import pytest

from tests.browser.conftest import DESKTOP, KEY, PHONE, Open
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
