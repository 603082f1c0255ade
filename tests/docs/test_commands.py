"""The pages of the command-line tools have every variable that they read."""

import pytest
from pydantic_settings import BaseSettings

from scripts.deployment import DeploymentSettings
from scripts.qdrant import QdrantSettings
from tests.http.server import ROOT
from tests.scripts.environment import variables

pytestmark = pytest.mark.tools


@pytest.mark.parametrize(
    ("page", "used"), [("benchmarking.md", [DeploymentSettings]), ("doctor.md", [DeploymentSettings, QdrantSettings])]
)
def test_every_variable_is_on_the_page_that_uses_it(page: str, used: list[type[BaseSettings]]) -> None:
    text = (ROOT / "docs" / page).read_text()
    assert all(f"`{variable}`" in text for settings in used for variable in variables(settings))
