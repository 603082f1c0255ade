"""Every page is in the index, and every link of the first pages leads to a page and a heading that are there."""

import re
from pathlib import Path

import pytest

from tests.docs.headings import anchors
from tests.http.server import ROOT

DOCS = ROOT / "docs"
INDEX = DOCS / "README.md"
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *DOCS.glob("*.md"), ROOT / "deploy" / "gateway" / "README.md"]


def links(page: Path) -> list[str]:
    """Targets of a page's links inside of the repository."""
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    return [link for link in found if not link.startswith(("http://", "https://"))]


def test_the_index_has_every_page() -> None:
    listed = {(DOCS / link.partition("#")[0]).resolve() for link in links(INDEX)}
    pages = {page for page in [*DOCS.glob("*.md"), *(DOCS / "dialects").glob("*.md")] if page != INDEX}
    assert pages <= listed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    wrong = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    assert wrong == []
