"""Where the project names images and actions by a tag, and how a pinned name is written there."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

COMPOSE = Path("deploy/compose/docker-compose.production.yml")
VARIABLES = Path("deploy/compose/.env.example")
DOCKERFILE = Path("deploy/images/Dockerfile")
OVERLAYS = "deploy/kubernetes/overlays/*/kustomization.yaml"
WORKFLOWS = ".github/workflows/*.yml"

Resolve: TypeAlias = Callable[[Literal["image", "action"], str, str], str]
"""Gives the digest of an image, or the commit of an action, from its name and tag."""

# Images of the compose file without a registry are made on this machine, and so are a cluster's without newName.
_COMPOSE_IMAGE = re.compile(
    r"(?P<before>image: (?P<name>\S+/\S+):\$\{(?P<variable>\w+):-(?P<tag>[^\s@}]+))(@[^\s}]+)?(?=\})"
)
_BASE = re.compile(r"^(?P<before>ARG BASE=(?P<name>[^\s@]+):(?P<tag>[^\s:@]+))(@\S+)?", re.MULTILINE)
_KUSTOMIZE = re.compile(
    r"(?P<before>- \{name: \S+, newName: (?P<name>[^\s,}]+), newTag: (?P<tag>[^\s,}]+))(, digest: [^\s}]+)?(?=\})"
)
_USES = re.compile(r"(?P<before>uses: (?P<name>[\w.-]+/[\w./-]+)@)(?P<version>\S+)( # (?P<tag>\S+))?")


def pinned(folder: Path, resolve: Resolve) -> Iterator[tuple[Path, str]]:
    """Each file that names images or actions, with its text when all of them are pinned anew."""

    def with_digest(separator: str) -> Callable[[re.Match[str]], str]:
        return lambda found: found["before"] + separator + resolve("image", found["name"], found["tag"])

    def with_commit(found: re.Match[str]) -> str:
        tag = found["tag"] or found["version"]
        return f"{found['before']}{resolve('action', found['name'], tag)} # {tag}"

    yield folder / COMPOSE, _COMPOSE_IMAGE.sub(with_digest("@"), (folder / COMPOSE).read_text())
    yield folder / VARIABLES, _pin_variables(folder, resolve)
    yield folder / DOCKERFILE, _BASE.sub(with_digest("@"), (folder / DOCKERFILE).read_text())
    for file in sorted(folder.glob(OVERLAYS)):
        yield file, _KUSTOMIZE.sub(with_digest(", digest: "), file.read_text())
    for file in sorted(folder.glob(WORKFLOWS)):
        yield file, _USES.sub(with_commit, file.read_text())


def _pin_variables(folder: Path, resolve: Resolve) -> str:
    """The variables of the compose file's images, each a tag with the digest behind it."""
    names = {found["variable"]: found["name"] for found in _COMPOSE_IMAGE.finditer((folder / COMPOSE).read_text())}

    def with_digest(found: re.Match[str]) -> str:
        if not (name := names.get(found["variable"])):
            return found[0]
        return f"{found['variable']}={found['tag']}@{resolve('image', name, found['tag'])}"

    text = (folder / VARIABLES).read_text()
    return re.sub(r"^(?P<variable>\w+)=(?P<tag>[^\s@]+)(@\S+)?$", with_digest, text, flags=re.MULTILINE)
