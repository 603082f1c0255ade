"""The system's Chromium, driven by playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from scripts.command import UsageError
from scripts.pictures.png import shrink

_QUIET = ("background-networking", "component-update", "sync", "gpu")
_ARGUMENTS = ["--no-sandbox", "--no-first-run", *(f"--disable-{part}" for part in _QUIET)]
_WIDTH, _HEIGHT = 1120, 800


@contextmanager
def chromium() -> Iterator[Browser]:
    """A block during which a browser runs.

    Raises:
        UsageError: the program is not installed.
    """
    program = shutil.which("chromium")
    if program is None:
        raise UsageError("chromium is missing: install Debian's package of that name.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield browser
        browser.close()


def photograph(url: str, file: Path) -> None:
    """Write a picture of a service's page after it has sent what stands in its fields."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        page.goto(url)
        page.locator('[data-state="ok"]').wait_for()
        page.locator("#send").click()
        page.locator("#result table").wait_for()
        page.mouse.move(0, 0)
        page.screenshot(path=file, full_page=True)
    shrink(file)
