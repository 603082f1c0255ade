"""Make the virtual environment and install locked packages: by uv in seconds, by pip where uv cannot.

    python3 scripts/install_packages.py ENVIRONMENT [LOCK…]

Exit codes: 0 done, else the installer's own.

Needs nothing but Python. An environment that is there is kept and added to, as services may be running from it. uv is
given pip's configuration: indexes, folders of wheels, certificates. Like pip it takes a package from any index that has
it; the hashes of the lock say whether it is the right one.
"""

import ast
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

UV_LOCK = Path("requirements/uv.txt")
_VALUES = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE", "proxy": "ALL_PROXY", "no-index": "UV_NO_INDEX"}
_LISTS = {
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
}


def uv_environment(pip_config: str) -> dict[str, str]:
    """What uv is to be told of pip's configuration.

    Args:
        pip_config: output of `pip config list`: a line `section.option='value'` for each option.
    """
    # As in pip, environment variables go before the section of a command, and that before the global one.
    sections = ("global.", "install.", ":env:.")
    options: dict[str, str] = {}
    for section in sections:
        for line in pip_config.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section):
                options[name.removeprefix(section)] = str(ast.literal_eval(value))
    found = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for option, value in options.items():
        if option in _LISTS:
            variable, separator = _LISTS[option]
            found[variable] = separator.join(value.split())
        elif option in _VALUES:
            found[_VALUES[option]] = value
    return found


def install(environment: Path, locks: list[str]) -> int:
    """Install the packages of all locks; returns the exit status of the installer."""
    python = environment / "bin" / "python"
    if not python.exists():
        with _step(f"Making {environment}"):
            subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    if not (environment / "bin" / "uv").exists():
        with _step("Installing uv"):
            _pip(python, "--no-deps", "-r", str(UV_LOCK))
    if not locks:
        return 0
    arguments = ["--no-deps", *(part for lock in locks for part in ("-r", lock))]
    with _step(f"Installing {' and '.join(locks)}, {_packages(locks)}"):
        if _uv(environment, python, arguments):
            return 0
    print("uv could not install them: pip tries.", flush=True)
    with _step("Installing them by pip"):
        return _pip(python, *arguments)


def _uv(environment: Path, python: Path, arguments: list[str]) -> bool:
    config = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False).stdout
    command: list[str | Path] = [
        environment / "bin" / "uv",
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        *arguments,
    ]
    try:
        return subprocess.run(command, env=_merged(uv_environment(config)), check=False).returncode == 0
    except OSError:
        return False


def _pip(python: Path, *arguments: str) -> int:
    script = Path(__file__).with_name("pip_install.sh")
    return subprocess.run(["sh", script, python, *arguments], check=False).returncode


def _merged(found: Mapping[str, str]) -> dict[str, str]:
    """What the user has set for uv itself goes before what is known from pip."""
    return {**found, **os.environ}


def _packages(locks: list[str]) -> str:
    lines = (line for lock in locks for line in Path(lock).read_text().splitlines())
    count = len({line.split("==")[0] for line in lines if line[:1].isalnum()})
    return f"{count} package" + "s" * (count != 1)


@contextmanager
def _step(what: str) -> Iterator[None]:
    print(f"{what} …", end=" ", flush=True)
    started = time.monotonic()
    yield
    print(f"{time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    sys.exit(install(Path(sys.argv[1]), sys.argv[2:]))
