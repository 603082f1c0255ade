"""Pages of both services in a real browser. The services want a key, and have a cache."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import Browser

from scripts.pictures.chromium import chromium
from tests import programs
from tests.browser.visit import Visit
from tests.http.services import EMBED, QUICK_STOP, RERANK, Kind, Service, running

KEY = "the-key"
PHONE = (390, 844)
DESKTOP = (1280, 900)

Open: TypeAlias = Callable[..., Visit]


@pytest.fixture(scope="module")  # Playwright keeps an event loop in this thread, which tests of asyncio cannot have
def browser() -> Iterator[Browser]:
    programs.require("chromium")
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session", params=[EMBED, RERANK], ids=lambda kind: kind.name)
def keyed(request: pytest.FixtureRequest, home: Path, logs: Path) -> Iterator[Service]:
    """Each service with a key and a cache in memory."""
    kind: Kind = request.param
    settings = {**kind.serving, **QUICK_STOP, "API_KEYS": KEY, "CACHE_URL": "memory"}
    with running(kind, settings, home=home, log=logs / f"keyed-{kind.name}.log") as service:
        yield service


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Opens a path of a service and waits until the page knows the model; in the end nothing may have gone wrong.

    Args of the function: the service, then optionally `path`, `size` of the window in pixels and `scheme` of colours.
    """
    visits: list[Visit] = []

    def open_page(
        service: Service, path: str = "/", *, size: tuple[int, int] = DESKTOP, scheme: str = "light"
    ) -> Visit:
        page = browser.new_page(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            permissions=["clipboard-read", "clipboard-write"],
        )
        opened = Visit(page, service.server.url)
        visits.append(opened)
        page.goto(service.server.url + path)
        if path == "/":
            page.locator('[data-state="ok"]').wait_for()
        return opened

    yield open_page
    for opened in visits:
        opened.page.close()
        assert opened.elsewhere == []
