"""One version: in the package's metadata, in what the services report, and on the images."""

import re
import tomllib

from bentos.common.version import VERSION
from tests.http.server import ROOT


def test_the_services_report_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_the_images_have_it_on_their_label() -> None:
    dockerfile = (ROOT / "deploy" / "images" / "Dockerfile").read_text()
    assert re.findall("^ARG VERSION=(.+)$", dockerfile, re.MULTILINE) == [VERSION]
