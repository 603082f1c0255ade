"""docs/dialects/voyage.md shows what both services really answer, and names the signs that the dialect declares."""

import re

import pytest

from bentos.common.http.dialect_router import SharedPath
from bentos.embed.routes import voyage as embed_voyage
from bentos.rerank.routes import voyage as rerank_voyage
from tests.docs.examples import Example, comparable, examples, shortened
from tests.http.server import ROOT
from tests.http.services import Service

PAGE = ROOT / "docs" / "dialects" / "voyage.md"
EXAMPLES = examples(PAGE)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.path)
def test_the_page_shows_the_real_answer(embed: Service, rerank: Service, example: Example) -> None:
    service = rerank if example.path.endswith("rerank") else embed
    answer = service.server.client.post(example.path, json=example.body).json()
    assert comparable(shortened(answer)) == comparable(example.answer)


@pytest.mark.parametrize("shared", [embed_voyage.SHARED, rerank_voyage.SHARED], ids=lambda shared: shared.path)
def test_the_page_names_all_signs(shared: SharedPath) -> None:
    [row] = re.findall(rf"^\| `{shared.path}` \| (.*) \| (.*) \|$", PAGE.read_text(), re.M)
    signs, others = (re.findall("`(.*?)`", cell) for cell in row)
    assert signs == shared.fields
    assert others == shared.unless
