"""Programs that tests need besides Python's packages.

`python3 -m tests.programs` prints the Debian packages of those that are missing; it needs no package itself.
"""

import os
import shutil

PACKAGES = {
    "amtool": "prometheus-alertmanager",
    "catatonit": "catatonit",
    "chromium": "chromium",
    "curl": "curl",
    "nginx": "nginx-light",
    "node": "nodejs",
    "npm": "npm",
    "openssl": "openssl",
    "podman": "podman",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "redis-server": "redis-server",
}
"""Programs and the Debian packages that have them."""

_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


def find(program: str) -> str | None:
    """Path of a program; None where it is missing."""
    return shutil.which(program, path=_PATH)


def require(program: str) -> str:
    """Path of a program; without it the test is skipped with a line that says what to install."""
    found = find(program)
    if found is None:
        import pytest

        pytest.skip(missing(program))
    return found


def missing(program: str) -> str:
    """What to do about a program that is not there."""
    return f"{program} is missing: install it, for example with apt-get install {PACKAGES[program]}"


if __name__ == "__main__":
    print(*sorted({package for program, package in PACKAGES.items() if find(program) is None}))
