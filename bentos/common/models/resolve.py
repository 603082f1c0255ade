"""Which installed model a service serves, and in which form."""

import logging
from collections.abc import Iterator
from pathlib import Path

import yaml

import bentos
from bentos.common.backends.interface import Backend as LoadedBackend
from bentos.common.backends.interface import Kind
from bentos.common.backends.loading import load_openvino, load_torch
from bentos.common.models import store as model_store
from bentos.common.models.profile import Backend, ModelProfile
from bentos.common.models.store import InstalledModel, ModelCorrupt, ModelNotInstalled
from bentos.common.resources import has_nvidia_gpu
from bentos.common.settings import EngineSettings

_log = logging.getLogger(__name__)

# A built bento holds this package as src/bentos, and its own description beside src. In a container image its
# model lies there too, as in a store.
_BENTO = Path(bentos.__file__).parents[2]


def resolve(
    model_id: str | None, revision: str | None, settings: EngineSettings, *, default: str, kind: Kind
) -> InstalledModel:
    """Find the model to serve: the one asked for, else the bento's own, else the default.

    Args:
        model_id: as the settings name it.
        revision: as the settings name it.
        settings: backend, device and precision choose among the forms in which the model is installed.
        default: model id outside a bento.
        kind: what the service can serve.

    Raises:
        SystemExit: with one sentence that says what to do, when it is not installed, corrupt, or of the other kind.
    """
    try:
        home = _BENTO if (_BENTO / "bento.yaml").is_file() and (_BENTO / "models").is_dir() else None
        own = _own_model(_BENTO / "bento.yaml", home) if model_id is None else None
        if own:
            _check_form(own.profile, revision, settings)
        model = own or _best_variant(model_id or default, revision, settings, home)
    except (ModelNotInstalled, ModelCorrupt) as error:
        raise SystemExit(str(error)) from None
    if model.profile.kind != kind:
        raise SystemExit(
            f"The model {model.profile.model_id} is of kind {model.profile.kind}, but this service needs kind {kind}."
        )
    return model


def load(model: InstalledModel, settings: EngineSettings) -> LoadedBackend:
    """Load the model on the runtime it was made for. Takes seconds; call it off the event loop.

    Raises:
        RuntimeError: with one sentence, when it cannot run as asked.
    """
    profile = model.profile
    if profile.backend == "openvino":
        return load_openvino(
            model.path,
            profile.precision,
            profile.pooling or "mean",
            profile.max_tokens,
            settings,
            activation_group_size=profile.activation_group_size,
        )
    backend = load_torch(model.path, profile.kind, settings)
    if settings.backend == "auto" and backend.device == "cpu":
        _log.warning(
            "%s is served by PyTorch, as no conversion of it is installed, and several times slower so: "
            "run `python -m scripts.models install %s --precision auto`, or set %sBACKEND=torch to have it so.",
            *(profile.model_id, profile.model_id, settings.model_config.get("env_prefix")),
        )
    return backend


def _own_model(description: Path, home: Path | None) -> InstalledModel | None:
    """The model that a built bento declares, if this runs inside one."""
    if not description.is_file():
        return None
    [service] = yaml.safe_load(description.read_text())["services"]
    [model] = service["models"]
    return model_store.open_tag(model["tag"], home)


def _check_form(own: ModelProfile, revision: str | None, settings: EngineSettings) -> None:
    """Refuse settings that ask a bento for another form of its model than the one it holds.

    Raises:
        SystemExit: with one sentence.
    """
    wanted: dict[str, tuple[str, str]] = {"BACKEND": (settings.backend, own.backend)}
    if own.backend == "openvino":
        wanted |= {"PRECISION": (settings.precision, own.precision), "DEVICE": (settings.device, "cpu")}
    if revision and not own.revision.startswith(revision):
        wanted["MODEL_REVISION"] = (revision, own.revision)
    prefix = settings.model_config.get("env_prefix") or ""
    for name, (asked, there) in wanted.items():
        if asked not in ("auto", there):
            raise SystemExit(
                f"{prefix}{name}={asked}, but this bento holds {own.model_id} as {own.backend} {own.precision}, "
                f"revision {own.revision}: unset {prefix}{name}, or build the bento with the form you want."
            )


def _best_variant(model_id: str, revision: str | None, settings: EngineSettings, home: Path | None) -> InstalledModel:
    """The first form of the model, by preference, that is installed."""
    missing: ModelNotInstalled | None = None
    for backend, precision in _preferences(settings):
        try:
            return model_store.find(model_id, revision, backend=backend, precision=precision, home=home)
        except ModelNotInstalled as error:
            missing = error
    assert missing is not None
    raise missing


def _preferences(settings: EngineSettings) -> Iterator[tuple[Backend, str]]:
    on_gpu = settings.device == "cuda" or (settings.device == "auto" and has_nvidia_gpu())
    if settings.backend == "openvino" or (settings.backend == "auto" and not on_gpu):
        if settings.precision != "auto":
            yield "openvino", settings.precision
        else:
            yield "openvino", "int8"
            if _processor_has_bf16():
                yield "openvino", "bf16"
            yield "openvino", "fp32"
    # A precision that was asked for is refused rather than computed by PyTorch, at a fraction of the speed.
    if settings.backend == "torch" or on_gpu or (settings.backend == "auto" and settings.precision in ("auto", "fp32")):
        # The original holds fp32 weights; torch casts them to bf16 when it loads them.
        yield "torch", "fp32"


def _processor_has_bf16() -> bool:
    from bentos.common.backends.openvino import supports_bf16

    return supports_bf16()
