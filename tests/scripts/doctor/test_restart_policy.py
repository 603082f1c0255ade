"""The restart policy of a real container."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.doctor.checks.restart_policy import RestartPolicy
from scripts.doctor.finding import Status
from scripts.doctor.service import Service
from tests import programs

IMAGE = "duobento-doctor-test"

pytestmark = pytest.mark.containers


def podman(*arguments: str) -> str:
    done = subprocess.run([programs.require("podman"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image without a file: its containers are made and never started."""
    folder: Path = tmp_path_factory.mktemp("image")
    (folder / "root").mkdir()
    archive = shutil.make_archive(str(folder / "image"), "tar", folder / "root")
    podman("import", archive, IMAGE)
    yield IMAGE
    podman("rmi", IMAGE)


@pytest.mark.parametrize(
    ("policy", "status"),
    [("unless-stopped", Status.OK), ("on-failure", Status.OK), ("no", Status.WARNING)],
)
def test_the_policy_of_the_container_decides(image: str, policy: str, status: Status) -> None:
    container = f"{IMAGE}-{policy}"
    podman("create", "--name", container, "--restart", policy, image, "/never-started")
    try:
        finding = RestartPolicy(Service("embed-service", "http://127.0.0.1:9", None, 1), container).run()
    finally:
        podman("rm", container)
    assert finding.status is status
    assert bool(finding.advice) is (status is Status.WARNING)
