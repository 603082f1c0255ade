"""`python -m scripts.pictures` writes the documentation's pictures, small ones, from running services."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.http.server import ROOT
from tests.http.services import Service

MAX_BYTES = 150 * 1024
PICTURES = {"page-embed.png", "page-rerank.png"}
COMMAND_SECONDS = 180


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.pictures", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS)


@pytest.mark.browser
def test_every_picture_is_written(embed: Service, rerank: Service, tmp_path: Path) -> None:
    done = _run(f"--embed-url={embed.server.url}", f"--rerank-url={rerank.server.url}", f"--folder={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert {file.name for file in tmp_path.iterdir()} == PICTURES
    for file in tmp_path.iterdir():
        assert file.stat().st_size <= MAX_BYTES, file
        with Image.open(file) as picture:
            assert picture.width > 1000
            assert len(picture.convert("RGB").getcolors() or []) > 10


def test_a_service_that_is_not_there_is_named_in_one_sentence(tmp_path: Path) -> None:
    done = _run("--embed-url=http://127.0.0.1:9", f"--folder={tmp_path}")
    assert done.returncode == 3
    assert re.fullmatch(
        r"Error: embed-service at http://127\.0\.0\.1:9 does not answer as it should: .*\n", done.stderr
    )


def test_the_documentation_shows_the_pictures_there_are() -> None:
    shown = set()
    for page in (ROOT / "docs").glob("*.md"):
        shown |= set(re.findall(r"!\[[^]]+\]\(pictures/([^)]+)\)", page.read_text()))
    assert shown >= PICTURES
    assert {file.name for file in (ROOT / "docs" / "pictures").iterdir()} == shown
