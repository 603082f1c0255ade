"""Packages come by uv, which is told what pip is configured to do, and by pip where uv cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.install_packages import uv_environment
from tests.http.server import ROOT

ANYWHERE = {"UV_INDEX_STRATEGY": "unsafe-best-match"}


@pytest.mark.parametrize(
    ("config", "variables"),
    [
        ("", {}),
        ("global.index-url='https://pypi.example/simple'", {"UV_DEFAULT_INDEX": "https://pypi.example/simple"}),
        (
            "global.extra-index-url='https://one.example https://two.example'\nglobal.cert='/etc/ca.crt'",
            {"UV_INDEX": "https://one.example https://two.example", "SSL_CERT_FILE": "/etc/ca.crt"},
        ),
        (":env:.find-links='/wheels /more'", {"UV_FIND_LINKS": "/wheels,/more"}),
        (
            ":env:.index-url='https://b.example'\nglobal.index-url='https://a.example'",
            {"UV_DEFAULT_INDEX": "https://b.example"},
        ),
        ("install.no-index='true'\nglobal.timeout='60'\nlist.format='columns'", {"UV_NO_INDEX": "true"}),
    ],
)
def test_uv_is_told_what_pip_is_configured_to_do(config: str, variables: dict[str, str]) -> None:
    assert uv_environment(config) == ANYWHERE | variables


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment whose Python notes what pip is asked for, and whose uv does as its exit code says."""
    folder = tmp_path / "environment"
    (folder / "bin").mkdir(parents=True)
    _program(folder / "bin" / "python", 'case "$*" in *config*) ;; *) echo "$*" >> "$CALLS";; esac')
    return folder


@pytest.mark.parametrize(("code", "by_pip"), [(0, 0), (2, 1)])
def test_pip_takes_over_where_uv_fails(environment: Path, tmp_path: Path, code: int, by_pip: int) -> None:
    _program(environment / "bin" / "uv", f"exit {code}")
    calls = tmp_path / "calls"
    calls.touch()
    done = subprocess.run(
        [sys.executable, "scripts/install_packages.py", environment, "requirements/uv.txt"],
        cwd=ROOT,
        env=os.environ | {"CALLS": str(calls)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "Installing requirements/uv.txt, 1 package …" in done.stdout
    assert len(calls.read_text().splitlines()) == by_pip


def _program(file: Path, line: str) -> None:
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)
