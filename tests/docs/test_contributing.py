"""CONTRIBUTING.md names targets, files and code that are there."""

import re

from bentos.common.http.dialect_router import SharedPath
from tests.http.server import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text()


def test_its_targets_are_the_makefiles() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)", PAGE, re.M))
    assert named
    assert {one or other for one, other in named} <= targets


def test_its_links_and_files_are_there() -> None:
    named = re.findall(r"\]\((\S+?)\)", PAGE) + re.findall(r"`((?:bentos|deploy|docs|tests)/[^`<]+)`", PAGE)
    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_its_example_is_a_shared_path() -> None:
    [example] = re.findall(r"SHARED = (SharedPath\(.*\))", PAGE)
    shared = eval(example, {"SharedPath": SharedPath})
    assert f"`SHARED.own` is `{shared.own}`" in PAGE
