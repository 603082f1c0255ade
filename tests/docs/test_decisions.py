"""The index of decisions names each page with its title, and no number is missing."""

import re

from tests.http.server import ROOT

FOLDER = ROOT / "docs" / "decisions"


def test_every_decision_is_in_the_index() -> None:
    rows = re.findall(
        r"^\| \[(\d+)\]\((.+?)\) \| (.+?) \| \d{4}-\d\d-\d\d \| (?:accepted|superseded by .+?) \|$",
        (FOLDER / "README.md").read_text(),
        re.MULTILINE,
    )
    pages = sorted(FOLDER.glob("0*.md"))
    assert [file for _, file, _ in rows] == [page.name for page in pages]
    assert [int(number) for number, _, _ in rows] == list(range(1, len(pages) + 1))
    for (number, file, title), page in zip(rows, pages, strict=True):
        assert int(number) == int(file.partition("-")[0])
        assert page.read_text().startswith(f"# {number}. {title}\n")
