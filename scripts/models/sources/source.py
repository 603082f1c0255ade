"""The places a model can come from share one small interface."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Protocol

from bentos.common.backends.interface import Kind
from bentos.common.models.profile import PromptName
from scripts.command import UsageError
from scripts.models.sources.digest import file_sha256

REVISION_LENGTH = 40
"""Characters of a revision: a git hash on the hub, the head of a sha256 elsewhere."""


@dataclass(frozen=True)
class Prepared:
    """A model folder ready to be looked at, tried and stored, and what only its source knows."""

    folder: Path
    revision: str
    provenance: dict[str, str]
    prompts: dict[PromptName, str] = field(default_factory=dict)
    quality: Literal["production", "demo"] = "production"
    license: str | None = None
    kind: Kind | None = None


class Source(Protocol):
    """One model and the way to get it."""

    @property
    def model_id(self) -> str:
        """Name the model is installed under."""

    def revision(self) -> str | None:
        """The revision that `prepare` would give, or None when it takes the network to know."""

    def prepare(self, work: Path) -> Prepared:
        """Put the model's files into the empty folder `work`.

        Raises:
            UsageError: The model cannot be had, or is not usable.
            UnreachableError: The place it comes from does not answer.
        """


def content_revision(files: Iterable[Path]) -> str:
    """Revision of a model that has no git history: the head of the sha256 over its files' contents."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(bytes.fromhex(file_sha256(path)))
    return digest.hexdigest()[:REVISION_LENGTH]


def package_folder(distribution: str, pinned: str) -> tuple[Path, str]:
    """Folder of an installed package that carries a model, found without importing it.

    Returns:
        The folder, and "<distribution> <version>" for the provenance.

    Raises:
        UsageError: The package is not installed.
    """
    spec = find_spec(distribution.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(
            f"The package {distribution}, which holds the model, is missing: "
            f"run `python -m pip install {distribution}=={pinned}`."
        )
    return Path(spec.submodule_search_locations[0]), f"{distribution} {version(distribution)}"


def versions(distributions: Iterable[str]) -> dict[str, str]:
    """Of those distributions that are installed, by name, for the provenance."""
    found: dict[str, str] = {}
    for name in distributions:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
