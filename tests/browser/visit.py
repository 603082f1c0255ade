"""A page of a service in Chromium, noting what a user would not see."""

from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


@dataclass
class Visit:
    """One page of a service, open in a browser.

    Attributes:
        complaints: what the page wrote to the console, and errors of its scripts.
        elsewhere: addresses that it asked for on other hosts.
    """

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._note(request.url))

    def send(self) -> None:
        """Press the button, and wait for the table that shows the answer."""
        self.page.locator("#send").click()
        self.page.locator("#result table").wait_for()

    def fact(self, name: str) -> str:
        """What the page says about the last answer under this name."""
        return self.page.locator("#facts div", has_text=name).locator("dd").inner_text()

    def assert_accessible(self) -> None:
        """No violation of axe's rules."""
        results = Axe().run(self.page)
        assert results.violations_count == 0, results.generate_report()

    def _note(self, url: str) -> None:
        if not url.startswith((self.url + "/", "data:")):
            self.elsewhere.append(url)
