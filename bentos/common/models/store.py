"""Installed models: one BentoML model per artefact.

`python -m scripts.models` fills the store, the services read it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import bentoml
from bentoml.exceptions import BentoMLException, NotFound

from bentos.common.models.names import did_you_mean
from bentos.common.models.profile import PROFILE_FILE, Backend, BadArtefact, ModelProfile, check_parts, tag_name, tag_of

if TYPE_CHECKING:
    from bentoml._internal.models import ModelStore

_LABEL = "duobento"
_LIST_COMMAND = "run `python -m scripts.models list` to see what it has"
_BENTOML_FILES = ("model.yaml", "custom_objects.pkl")


class StoreUnusable(RuntimeError):
    """There can be no store where it should be; the message says what to set."""


class ModelNotInstalled(RuntimeError):
    """The store has no artefact of this model; the message names the command that installs it."""


class ModelCorrupt(RuntimeError):
    """An artefact is there but cannot be used; the message says what is wrong and how to replace it."""


@dataclass(frozen=True)
class InstalledModel:
    """An artefact that passed the checks of this module."""

    tag: str
    path: Path
    profile: ModelProfile
    created: datetime


def find(
    model_id: str,
    revision: str | None = None,
    *,
    backend: Backend = "torch",
    precision: str = "fp32",
    home: Path | None = None,
) -> InstalledModel:
    """Find the artefact of a model; without a revision the one installed last.

    Args:
        model_id: Name of the model, as it was installed.
        revision: Full revision, or at least its first 12 characters.
        backend: Runtime the artefact was made for; "torch" is the original.
        precision: Precision of its weights.
        home: BentoML home to read instead of the configured one.

    Raises:
        ModelNotInstalled: No such artefact.
        ModelCorrupt: It is there, and no usable one takes its place.
    """
    broken: ModelCorrupt | None = None
    found: list[InstalledModel] = []
    for tag in _tags(home, tag_name(model_id)):
        if revision is not None and tag != tag_of(model_id, revision, backend, precision):
            continue
        try:
            model = open_tag(tag, home, model_id=model_id)
        except ModelCorrupt as error:
            broken = error
            continue
        if model.profile.is_of(model_id, backend, precision):
            found.append(model)
    if found:
        return max(found, key=lambda model: model.created)
    if broken:
        raise broken
    others = did_you_mean(model_id, (model.profile.model_id for model in list_installed(home)[0]))
    raise ModelNotInstalled(_not_installed(model_id, revision, backend, precision) + others)


def open_tag(tag: str, home: Path | None = None, model_id: str | None = None) -> InstalledModel:
    """Open one artefact by its BentoML tag, `name:version`.

    Raises:
        ModelNotInstalled: It is not there.
        ModelCorrupt: It cannot be used.
    """
    model = _bentoml_model(tag, home)
    path = Path(model.path)
    try:
        check_parts(path)
        profile = ModelProfile.read(path)
    except BadArtefact as error:
        raise ModelCorrupt(_corrupt(tag, str(error), model_id)) from error
    return InstalledModel(tag, path, profile, model.creation_time)


def list_installed(home: Path | None = None) -> tuple[list[InstalledModel], list[ModelCorrupt]]:
    """All artefacts of this project in the store, by tag: the usable ones, and why the others are not.

    BentoML models of other projects are left out.
    """
    usable: list[InstalledModel] = []
    corrupt: list[ModelCorrupt] = []
    for tag in _tags(home):
        try:
            if _LABEL in _bentoml_model(tag, home).info.labels:
                usable.append(open_tag(tag, home))
        except ModelCorrupt as error:
            corrupt.append(error)
    return usable, corrupt


def register(folder: Path, profile: ModelProfile, *, force: bool = False, home: Path | None = None) -> InstalledModel:
    """Copy a model's folder into the store and write its profile beside the weights.

    A usable artefact with the same tag is kept unless `force` is given; a corrupt one is replaced.

    Raises:
        ModelCorrupt: The folder lacks what an artefact needs; nothing was stored.
    """
    try:
        check_parts(folder)
    except BadArtefact as error:
        raise ModelCorrupt(f"{folder} cannot be installed: {error}.") from error
    tag = profile.tag
    if tag in _tags(home, tag.partition(":")[0]):
        if not force:
            with suppress(ModelCorrupt):
                return open_tag(tag, home)
        bentoml.models.delete(tag, _model_store=_store(home))

    labels = {_LABEL: profile.kind, "quality": profile.quality}
    try:
        with bentoml.models.create(tag, labels=labels, _model_store=_store(home)) as model:
            # Links instead of copies: BentoML copies what they point to when it saves, once.
            shutil.copytree(
                folder.resolve(),
                model.path,
                copy_function=os.symlink,
                ignore=shutil.ignore_patterns(PROFILE_FILE, *_BENTOML_FILES),
                dirs_exist_ok=True,
            )
            profile.write(Path(model.path))
    except BaseException:  # a full disk, or Ctrl-C: what is there of it is of no use
        shutil.rmtree(models_folder(home).joinpath(*tag.split(":")), ignore_errors=True)
        raise
    installed = open_tag(tag, home)
    for file in installed.path.rglob("*"):
        # Some writers keep files to their owner, but a container runs as another user than the installer.
        file.chmod(0o755 if file.is_dir() else 0o644)
    return installed


def remove(model: InstalledModel, home: Path | None = None) -> None:
    """Take an artefact out of the store."""
    bentoml.models.delete(model.tag, _model_store=_store(home))


def models_folder(home: Path | None = None) -> Path:
    """Where the store keeps its models.

    Raises:
        StoreUnusable: BentoML's home is not a directory, or cannot be made.
    """
    from bentoml._internal.configuration.containers import BentoMLContainer

    if home:
        return home / "models"
    try:
        return Path(BentoMLContainer.model_store_dir.get())
    except OSError as error:
        raise StoreUnusable(
            f"The model store cannot be in BENTOML_HOME ({os.strerror(error.errno or 0)}): "
            "set it to a directory that can be written."
        ) from error


def _store(home: Path | None) -> "ModelStore":
    from bentoml._internal.models import ModelStore

    folder = models_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    return ModelStore(folder)


def _tags(home: Path | None, name: str = "*") -> Iterator[str]:
    # BentoML's own listing fails as a whole when one artefact is broken.
    for folder in sorted(models_folder(home).glob(f"{name}/*/")):
        if not folder.name.startswith("."):
            yield f"{folder.parent.name}:{folder.name}"


def _bentoml_model(tag: str, home: Path | None) -> bentoml.Model:
    try:
        return bentoml.models.get(tag, _model_store=_store(home))
    except NotFound as error:
        raise ModelNotInstalled(f"The model store has no artefact {tag}: {_LIST_COMMAND}.") from error
    except BentoMLException as error:
        raise ModelCorrupt(_corrupt(tag, "BentoML cannot read its model.yaml")) from error


def _not_installed(model_id: str, revision: str | None, backend: str, precision: str) -> str:
    wanted = f"{model_id} (revision {revision})" if revision else model_id
    if (backend, precision) != ("torch", "fp32"):
        return (
            f"Model {wanted} has no {backend} {precision} artefact in the model store: "
            f"run `python -m scripts.models install {model_id} --precision {precision}`."
        )
    option = f" --revision {revision}" if revision else ""
    return f"Model {wanted} is not installed: run `python -m scripts.models install {model_id}{option}`."


def _corrupt(tag: str, problem: str, model_id: str | None = None) -> str:
    name = model_id or tag.partition(":")[0].replace("--", "/", 1)
    return f"Model {tag} is corrupt, {problem}: run `python -m scripts.models install {name} --force`."
