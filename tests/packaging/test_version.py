"""One version, in the package's metadata and in what the services report."""

import tomllib
from pathlib import Path

from bentos.common.version import VERSION


def test_the_services_report_the_version_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
