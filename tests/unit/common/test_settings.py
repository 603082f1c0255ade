"""Settings are checked at start, and a mistake is explained in a line."""

import pytest

from bentos.common.settings import ServerSettings, load
from bentos.embed.settings import EmbedSettings
from bentos.rerank.settings import RerankSettings


def test_each_service_has_its_own_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBED_THREADS", "3")
    monkeypatch.setenv("RERANK_THREADS", "5")
    assert (load(EmbedSettings).threads, load(RerankSettings).threads) == (3, 5)


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBED_MODEL", "")
    monkeypatch.setenv("LOG_FORMAT", "")
    assert load(EmbedSettings).model is None
    assert load(ServerSettings).log_format == "text"


def test_every_wrong_variable_is_named_with_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBED_MAX_TEXTS", "many")
    monkeypatch.setenv("EMBED_BACKEND", "tensorflow")
    with pytest.raises(SystemExit) as stopped:
        load(EmbedSettings)
    assert "  EMBED_MAX_TEXTS=many: Input should be a valid integer" in str(stopped.value)
    assert "  EMBED_BACKEND=tensorflow: Input should be 'auto', 'torch' or 'openvino'" in str(stopped.value)


def test_settings_that_contradict_each_other_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RERANK_STREAMS", "4")
    monkeypatch.setenv("RERANK_THREADS", "2")
    with pytest.raises(SystemExit, match=r"RERANK_\*: streams \(4\) must not be more than threads \(2\)"):
        load(RerankSettings)
