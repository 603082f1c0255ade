"""The code that the page offers runs as it is and does what the page did."""

import os
import subprocess
import sys

import pytest

from tests import programs
from tests.browser.conftest import KEY, Open
from tests.http.server import ANSWER_SECONDS
from tests.http.services import EMBED, Service

HARD = """it's "quoted" $HOME `date` \\n ${x} häron 鷺"""
LANGUAGES = ["curl", "Python: httpx", "Python: Cohere", "JavaScript"]


@pytest.mark.parametrize("no_store", [False, True], ids=["cached", "no-store"])
def test_it_runs(keyed: Service, visit: Open, no_store: bool) -> None:
    opened = visit(keyed)
    page = opened.page
    page.locator("#key").fill(KEY)
    page.locator(f"#{keyed.kind.items}").fill(f"a heron\n{HARD}")
    page.get_by_label("Compute anew").set_checked(no_store)
    opened.send()
    offered = page.locator("[name=language]").evaluate_all("choices => choices.map(choice => choice.value)")
    assert set(offered) == {*LANGUAGES, *(["Python: OpenAI"] if keyed.kind is EMBED else [])}
    for language in offered:
        page.get_by_label(language, exact=True).check(force=True)
        snippet = page.locator("#snippet").text_content() or ""
        assert KEY not in snippet
        assert ("no-store" in snippet) == no_store
        printed = _run(language, snippet)
        if keyed.kind is EMBED:
            assert ("vectors of 384 numbers" in printed) or (language == "curl" and '"dimension":384' in printed)
        else:
            assert "a heron" in printed
            assert language == "curl" or HARD in printed


def _run(language: str, snippet: str) -> str:
    command = {"curl": ["sh", "-c"], "JavaScript": ["node", "--input-type=module", "--eval"]}
    program, *arguments = command.get(language, [sys.executable, "-c"])
    if program in programs.PACKAGES:
        programs.require(program)
    done = subprocess.run(
        [program, *arguments, snippet],
        env=os.environ | {"API_KEY": KEY},
        capture_output=True,
        text=True,
        timeout=ANSWER_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{language}:\n{snippet}\n{done.stderr}"
    return done.stdout
