"""Which installed model a service serves."""

from pathlib import Path

import yaml

from bentos.common import model_store
from bentos.common.model_store import InstalledModel, Kind, ModelCorrupt, ModelNotInstalled

# A built bento holds this file as src/bentos/common/…, and its own description two folders above src/bentos.
_BENTO_DESCRIPTION = Path(__file__).parents[3] / "bento.yaml"


def resolve(model_id: str | None, revision: str | None, *, default: str, kind: Kind) -> InstalledModel:
    """Find the model to serve: the one asked for, else the bento's own, else the default.

    Args:
        model_id: as the settings name it.
        revision: as the settings name it.
        default: model id outside a bento.
        kind: what the service can serve.

    Raises:
        SystemExit: with one sentence that says what to do, when it is not installed, corrupt, or of the other kind.
    """
    try:
        own = _own_model(_BENTO_DESCRIPTION) if model_id is None else None
        model = own or model_store.find(model_id or default, revision)
    except (ModelNotInstalled, ModelCorrupt) as error:
        raise SystemExit(str(error)) from None
    if model.profile.kind != kind:
        raise SystemExit(
            f"The model {model.profile.model_id} is of kind {model.profile.kind}, but this service needs kind {kind}."
        )
    return model


def _own_model(description: Path) -> InstalledModel | None:
    """The model that a built bento declares, if this runs inside one."""
    if not description.is_file():
        return None
    declared = yaml.safe_load(description.read_text())["models"]
    return model_store.open_tag(declared[0]["tag"]) if declared else None
