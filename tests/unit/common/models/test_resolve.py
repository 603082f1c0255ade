"""What a built bento says to settings that ask for another form of its model than it holds."""

from pathlib import Path

import pytest
import yaml

from bentos.common.models import resolve as served_model
from bentos.common.models import store
from bentos.embed.settings import EmbedSettings


@pytest.fixture
def bento(model_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder like an image's, with all-MiniLM-L6-v2 as torch."""
    (tmp_path / "models").symlink_to(model_store / "models")
    own = _find(model_store)
    (tmp_path / "bento.yaml").write_text(yaml.safe_dump({"services": [{"models": [{"tag": own}]}]}))
    monkeypatch.setattr(served_model, "_BENTO", tmp_path)


def _find(home: Path) -> str:
    return store.find("sentence-transformers/all-MiniLM-L6-v2", home=home).tag


@pytest.mark.parametrize("settings", [{}, {"backend": "torch"}, {"precision": "bf16"}, {"device": "cpu"}])
@pytest.mark.usefixtures("bento")
def test_settings_that_fit_get_the_bentos_own_model(settings: dict[str, str]) -> None:
    model = served_model.resolve(None, None, EmbedSettings(**settings), default="another", kind="encoder")  # type: ignore[arg-type]
    assert model.profile.model_id == "sentence-transformers/all-MiniLM-L6-v2"


@pytest.mark.parametrize(
    ("settings", "revision", "variable"),
    [({"backend": "openvino"}, None, "EMBED_BACKEND=openvino"), ({}, "0123456789ab", "EMBED_MODEL_REVISION=")],
)
@pytest.mark.usefixtures("bento")
def test_settings_that_do_not_fit_end_the_start_with_their_names(
    settings: dict[str, str], revision: str | None, variable: str
) -> None:
    with pytest.raises(SystemExit, match=f"^{variable}.*this bento holds"):
        served_model.resolve(None, revision, EmbedSettings(**settings), default="another", kind="encoder")  # type: ignore[arg-type]
