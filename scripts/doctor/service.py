"""One of the two services as the doctor sees it: over HTTP, each probe asked once."""

from functools import cache, cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from scripts.deployment import authorization
from scripts.doctor.finding import NotChecked

EXAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "embed-service": ("/embed", {"text": "Who knows about search engines?"}),
    "rerank-service": ("/rerank", {"query": "search engines", "documents": ["She builds one.", "He cooks."]}),
}
"""A small request to each service's native route."""
# Of an answer to an example only its beginning counts.
_UNREAD = frozenset(path for path, _ in EXAMPLES.values())
# The doctor leaves no trace in the cache and its counts.
_NO_STORE = {"Cache-Control": "no-store"}


class Service:
    """A service that should run at a URL.

    Args:
        name: `embed-service` or `rerank-service`.
        key: sent with requests that need one.
        timeout: seconds within which it has to answer.
    """

    def __init__(self, name: str, url: str, key: str | None, timeout: float) -> None:
        self.name = name
        self.url = url
        self.key = key
        self._http = httpx.Client(base_url=url, timeout=timeout, trust_env=False)
        self._silence: str | None = None
        self.get = cache(self._get)

    @property
    def variable(self) -> str:
        """The variable that holds its URL."""
        return self.name.replace("-", "_").upper() + "_URL"

    @property
    def host(self) -> str:
        """Host of the URL."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Port of the URL, or that of its scheme."""
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @cached_property
    def health(self) -> dict[str, Any]:
        """The answer of `/health`.

        Raises:
            NotChecked: if it does not answer.
        """
        return self._signed("/health")

    @cached_property
    def info(self) -> dict[str, Any]:
        """The answer of `/info`.

        Raises:
            NotChecked: if it does not answer.
        """
        return self._signed("/info")

    @cached_property
    def failing(self) -> list[str]:
        """Checks of `/ready` that fail.

        Raises:
            NotChecked: if there is no answer.
        """
        checks = self._object("/ready").get("checks")
        if not isinstance(checks, dict):
            raise self._something_else("/ready")
        return [name for name, passed in checks.items() if not passed]

    def metric(self, name: str, **labels: str) -> float | None:
        """Sum of a metric's series with these labels; None without such a series.

        Raises:
            NotChecked: if there is no `/metrics`.
        """
        values = [
            sample.value
            for family in self._metrics
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        return sum(values) if values else None

    def takes_example(self, *, with_key: bool) -> bool:
        """Whether a small request is answered, rather than refused because the key is missing.

        Raises:
            NotChecked: if it is neither.
        """
        answer = self.post_example(with_key=with_key)
        if answer.is_success or answer.status_code == httpx.codes.UNAUTHORIZED:
            return answer.is_success
        raise NotChecked(f"A small request gets {answer.status_code}.")

    def post_example(self, *, with_key: bool = True) -> httpx.Response:
        """Send a small request; its `elapsed` ends with the first bytes of the answer.

        Raises:
            NotChecked: if the service does not answer, or something else does.
        """
        path, body = EXAMPLES[self.name]
        answer = self._send("POST", path, self.key if with_key else None, body)
        if answer.is_success and not answer.headers.get("Content-Type", "").startswith("application/json"):
            raise self._something_else(path)
        return answer

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON that answers a request which the service must answer.

        Raises:
            NotChecked: if it does not.
        """
        answer = self._send("POST", path, self.key, body)
        if not answer.is_success:
            raise NotChecked(f"{path} answers {answer.status_code}.")
        try:
            return answer.json()
        except ValueError:
            raise self._something_else(path) from None

    @cached_property
    def _metrics(self) -> list[Metric]:
        try:
            return list(text_string_to_metric_families(self._answer("/metrics").text))
        except ValueError:
            raise self._something_else("/metrics") from None

    def _signed(self, path: str) -> dict[str, Any]:
        """An answer that names the service it is of, which may be the other one."""
        content = self._object(path)
        if content.get("service") not in tuple(EXAMPLES):
            raise self._something_else(path)
        return content

    def _object(self, path: str) -> dict[str, Any]:
        try:
            content = self._answer(path).json()
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise self._something_else(path)
        return content

    def _something_else(self, path: str) -> NotChecked:
        return NotChecked(f"Unexpected response from {self.url}{path}.", f"Correct {self.variable}.")

    def _answer(self, path: str) -> httpx.Response:
        answer = self.get(path)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise NotChecked(f"{path} needs a key.", "Give one with --key or SERVICE_API_KEY.")
        return answer

    def _get(self, path: str) -> httpx.Response:
        return self._send("GET", path, self.key)

    def _send(self, method: str, path: str, key: str | None, body: dict[str, Any] | None = None) -> httpx.Response:
        """Send a request, unless an earlier one got no answer: a service that is down is waited for only once."""
        if self._silence is None:
            try:
                with self._http.stream(method, path, json=body, headers=authorization(key) | _NO_STORE) as answer:
                    if path not in _UNREAD:
                        answer.read()
                    return answer
            except httpx.HTTPError as error:
                self._silence = str(error) or type(error).__name__
        raise NotChecked(f"It does not answer: {self._silence}.")
