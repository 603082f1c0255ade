"""The first `make up` makes passwords, which Redis then asks for; later ones leave them alone."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scripts.free_port import free_port
from tests.http.server import ROOT, wait_for
from tests.redis_server import needs_redis

FOLDER = ROOT / "deploy" / "compose"
PASSWORDS = ("REDIS_PASSWORD", "GRAFANA_PASSWORD")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a server has before the first start."""
    copied = tmp_path / "compose"
    copied.mkdir()
    for name in ("first_run.sh", ".env.example", "services.env.example", "docker-compose.production.yml"):
        shutil.copy(FOLDER / name, copied)
    return copied


def first_run(folder: Path) -> str:
    return subprocess.run(["sh", folder / "first_run.sh"], capture_output=True, text=True, check=True).stdout


def variables(file: Path) -> dict[str, str]:
    lines = file.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_make_up_begins_with_it_once_there_is_an_engine() -> None:
    # From within make it would say the folder first.
    command = ["make", "--dry-run", "--no-print-directory", "up"]
    commands = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    *checks, first, start = commands.splitlines()
    assert first == "sh deploy/compose/first_run.sh"
    assert start.endswith("up -d")
    assert all(check.startswith(("command -v ", "\t")) or check.endswith(" version >/dev/null") for check in checks)


def test_the_first_run_makes_long_random_passwords_says_where_and_shows_none(folder: Path) -> None:
    said = first_run(folder)
    made = variables(folder / ".env")
    assert made.keys() == variables(folder / ".env.example").keys()
    assert {name for name in made if made[name] != variables(folder / ".env.example")[name]} == set(PASSWORDS)
    assert len({made[name] for name in PASSWORDS}) == len(PASSWORDS)
    for name in PASSWORDS:
        assert len(bytes.fromhex(made[name])) == 24
        assert made[name] not in said
        assert name in said
    assert str(folder / ".env") in said
    assert (folder / "services.env").read_text() == (folder / "services.env.example").read_text()
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600


def test_no_two_runs_make_the_same(folder: Path) -> None:
    first_run(folder)
    before = variables(folder / ".env")
    (folder / ".env").unlink()
    first_run(folder)
    assert all(variables(folder / ".env")[name] != before[name] for name in PASSWORDS)


def test_what_is_there_stays(folder: Path) -> None:
    (folder / ".env").write_text("REDIS_PASSWORD=\nGRAFANA_PASSWORD=mine\n")
    first_run(folder)
    assert (folder / ".env").read_text() == "REDIS_PASSWORD=\nGRAFANA_PASSWORD=mine\n"
    assert first_run(folder) == ""


def test_a_run_that_fails_leaves_nothing(folder: Path) -> None:
    (folder / ".env.example").unlink()
    failed = subprocess.run(["sh", folder / "first_run.sh"], capture_output=True, check=False)
    assert failed.returncode != 0
    assert not list(folder.glob(".env*"))


@needs_redis
@pytest.mark.parametrize("with_password", [True, False], ids=["password", "a .env from before"])
def test_redis_is_healthy_and_asks_for_the_password_of_the_services_url(folder: Path, with_password: bool) -> None:
    first_run(folder)
    password = variables(folder / ".env")["REDIS_PASSWORD"] if with_password else ""
    if not with_password:
        lines = (folder / ".env").read_text().splitlines()
        (folder / ".env").write_text("\n".join(line for line in lines if not line.startswith("REDIS_PASSWORD")))
    podman_compose = str(Path(sys.executable).parent / "podman-compose")
    command = [podman_compose, "-f", "docker-compose.production.yml", "config"]
    rendered = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    services = yaml.safe_load(rendered)["services"]
    assert services["embed-service"]["environment"]["CACHE_URL"] == f"redis://:{password}@redis:6379/0"

    port = str(free_port())
    [kind, check] = services["redis"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    check = check.replace("redis-cli", f"redis-cli -p {port}")

    def healthy(password: str) -> bool:
        environment = {"PATH": "/usr/bin:/bin", "REDISCLI_AUTH": password}
        return subprocess.run(["sh", "-c", check], env=environment, capture_output=True, check=False).returncode == 0

    with subprocess.Popen(
        [*services["redis"]["command"], "--port", port], cwd=folder, stdout=subprocess.DEVNULL
    ) as redis:
        wait_for(lambda: healthy(services["redis"]["environment"]["REDISCLI_AUTH"]), "Redis is healthy")
        assert healthy("wrong") != with_password
        redis.kill()
