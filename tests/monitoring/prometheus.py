"""A Prometheus of one's own for a while, with the project's configuration, close to the services it looks at."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from scripts.command import UsageError
from scripts.free_port import free_port
from scripts.readiness import answers, wait_until

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
_START_SECONDS = 30.0


class Prometheus:
    """The HTTP API of a running Prometheus."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.Client(base_url=url, trust_env=False)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an expression now: each with `metric`, its labels, and `value`, a time and a number as text."""
        return self._result("query", query=expression)

    def rules(self) -> list[dict[str, Any]]:
        """All alerts, each with `name`, `health`, `state` and `lastError`."""
        groups = self._client.get("/api/v1/rules").raise_for_status().json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def is_ready(self) -> bool:
        """Whether it answers queries."""
        return answers(f"{self._url}/-/ready")

    def _result(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        answer = self._client.get(f"/api/v1/{path}", params=parameters)
        result: list[dict[str, Any]] = answer.raise_for_status().json()["data"]["result"]
        return result


@contextmanager
def running_prometheus(targets: Mapping[str, str], folder: Path, *, interval: str) -> Iterator[Prometheus]:
    """A block during which Prometheus runs on a free port.

    Args:
        targets: `host:port` of a service by the name of its job.
        folder: gets the configuration and the data.
        interval: how often it scrapes and evaluates the rules, such as `1s`.

    Raises:
        UsageError: the program is not installed.
    """
    program = shutil.which("prometheus")
    if program is None:
        raise UsageError("prometheus is missing: install Debian's package of that name.")
    config = folder / "prometheus.yml"
    config.write_text(_config(targets, interval))
    address = f"127.0.0.1:{free_port()}"
    options = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={address}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, *options], stdout=log, stderr=subprocess.STDOUT)
    try:
        prometheus = Prometheus(f"http://{address}")

        def ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"Prometheus does not start:\n{(folder / 'log').read_text()}")
            return prometheus.is_ready()

        wait_until(ready, "Prometheus is ready", _START_SECONDS)
        yield prometheus
    finally:
        process.terminate()
        process.wait()


def _config(targets: Mapping[str, str], interval: str) -> str:
    """The project's configuration with other addresses and another interval."""
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": interval, "evaluation_interval": interval, "scrape_timeout": interval}
    config["rule_files"] = [str(FOLDER / name) for name in config["rule_files"]]
    for job in config["scrape_configs"]:
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
    return yaml.safe_dump(config)
