"""Settings are checked at start, and a mistake is explained in a line."""

import pytest

from bentos.common.settings import CacheSettings, ServerSettings, TracesSettings, load
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


def test_an_old_name_is_taken_with_a_warning_unless_the_new_one_is_set(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("EMBED_EXPRESS", "false")
    monkeypatch.setenv("RERANK_TARGET_SLICE_MS", "20")
    assert (load(EmbedSettings).reserved_stream, load(RerankSettings).target_batch_ms) == (False, 20.0)
    assert "EMBED_EXPRESS is called EMBED_RESERVED_STREAM now" in caplog.text
    monkeypatch.setenv("EMBED_RESERVED_STREAM", "true")
    assert load(EmbedSettings).reserved_stream


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


def test_memory_that_has_no_room_for_one_body_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_BODY_BYTES", "2048")
    monkeypatch.setenv("MAX_INFLIGHT_BYTES", "2047")
    explained = r"\*: max_inflight_bytes \(2047\) must not be less than max_body_bytes \(2048\)"
    with pytest.raises(SystemExit, match=explained):
        load(ServerSettings)


@pytest.mark.parametrize(
    ("variables", "mode", "memo_bytes"),
    [
        ({}, "memory", 16 * 2**20),
        ({"CACHE_URL": "memory", "CACHE_MEMORY_BYTES": "0"}, "none", 0),
        ({"CACHE_URL": "none"}, "none", 0),
        ({"CACHE_URL": "rediss://:secret@localhost", "CACHE_MEMORY_BYTES": "4000"}, "redis", 1000),
    ],
)
def test_the_cache_is_what_its_url_says(
    variables: dict[str, str], mode: str, memo_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CACHE_URL", "CACHE_MEMORY_BYTES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = load(CacheSettings)
    assert (settings.mode, settings.memo_bytes) == (mode, memo_bytes)


def test_a_wrong_url_of_a_cache_is_explained_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_URL", "http://:secret@localhost")
    with pytest.raises(SystemExit, match=r"CACHE_URL=\*\*\*: Not the URL of a Redis") as stopped:
        load(CacheSettings)
    assert "secret" not in str(stopped.value)


def test_a_collector_is_named_by_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACES_URL", "collector:4318")
    with pytest.raises(SystemExit, match=r"TRACES_URL=collector:4318"):
        load(TracesSettings)
