"""Settings are checked at start, and every mistake is explained in a line."""

import os

import pytest

from bentos.common.environment import WrongSettings, load, read
from bentos.common.settings import CacheSettings, ServerSettings, TracesSettings
from bentos.embed.settings import EmbedSettings
from bentos.rerank.settings import RerankSettings


def test_each_service_has_its_own_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBED_THREADS", "3")
    monkeypatch.setenv("RERANK_THREADS", "5")
    assert (read(EmbedSettings).threads, read(RerankSettings).threads) == (3, 5)


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBED_MODEL", "")
    monkeypatch.setenv("LOG_FORMAT", "")
    assert read(EmbedSettings).model is None
    assert read(ServerSettings).log_format == "text"


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in the environment that a service would read."""
    for name in os.environ:
        if name.startswith(("EMBED_", "RERANK_", "CACHE_", "TRACES_")):
            monkeypatch.delenv(name)


@pytest.mark.usefixtures("clean")
def test_an_old_name_is_taken_with_a_warning_unless_the_new_one_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBED_EXPRESS", "false")
    monkeypatch.setenv("RERANK_TARGET_SLICE_MS", "20")
    assert (load(EmbedSettings).engine.reserved_stream, load(RerankSettings).engine.target_batch_ms) == (False, 20.0)
    [warning] = load(EmbedSettings).warnings
    assert warning.startswith("EMBED_EXPRESS is called EMBED_RESERVED_STREAM now")
    monkeypatch.setenv("EMBED_RESERVED_STREAM", "true")
    assert load(EmbedSettings).engine.reserved_stream


@pytest.mark.usefixtures("clean")
def test_an_unknown_variable_is_warned_about_with_the_nearest_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EMBED_PRECISON", "EMBED_HERON", "EMBED_THREADS", "EMBED_SERVICE_URL", "EMBED_SERVICE_PORT_5555_TCP"):
        monkeypatch.setenv(name, "2")
    monkeypatch.setenv("RERANK_PRECISON", "fp32")
    assert load(EmbedSettings).warnings == (
        "EMBED_HERON is not a setting and is ignored.",
        "EMBED_PRECISON is not a setting and is ignored: did you mean EMBED_PRECISION?",
    )


@pytest.mark.usefixtures("clean")
def test_a_misspelt_variable_without_a_prefix_is_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "CACHE_UR", "OPENAI_API_KEY", "REDIS_URL", "LOG_LEVEL_OF_NGINX"):
        monkeypatch.setenv(name, "heron")
    assert load(EmbedSettings).warnings == (
        "API_KEY is not a setting and is ignored: did you mean API_KEYS?",
        "CACHE_UR is not a setting and is ignored: did you mean CACHE_URL?",
    )


def test_every_wrong_variable_of_every_kind_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"EMBED_MAX_TEXTS": "many", "EMBED_BACKEND": "tensorflow", "LOG_LEVEL": "LOUD", "CACHE_URL": "pond://"}
    for name, value in {**wrong, "TRACES_SAMPLE_RATIO": "2"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        load(EmbedSettings)
    first, *lines = str(stopped.value).splitlines()
    assert first == "Settings are wrong:"
    assert [line.partition(":")[0].strip() for line in lines] == [
        "EMBED_BACKEND=tensorflow",
        "EMBED_MAX_TEXTS=many",
        "LOG_LEVEL=LOUD",
        "CACHE_URL=***",
        "TRACES_SAMPLE_RATIO=2",
    ]


def test_contradictions_are_named_beside_wrong_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"EMBED_STREAMS": "4", "EMBED_THREADS": "2", "EMBED_MIN_BATCH_TOKENS": "9999999", "EMBED_BACKEND": "pond"}
    for name, value in {**wrong, "MAX_INFLIGHT_BYTES": "2048", "MAX_BODY_BYTES": "many"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        load(EmbedSettings)
    beginnings = [
        "EMBED_BACKEND=pond",
        "EMBED_STREAMS (4) must",
        "EMBED_MIN_BATCH_TOKENS (9999999) must",
        "MAX_BODY_BYTES=many",
    ]
    lines = str(stopped.value).splitlines()[1:]
    assert len(lines) == len(beginnings)
    assert all(line.startswith(f"  {beginning}") for line, beginning in zip(lines, beginnings, strict=True))


@pytest.mark.parametrize(
    "origins",
    ["*", "null", "https://app.example.com", "http://localhost:3000, capacitor://localhost", "http://[::1]:80"],
)
def test_origins_are_what_a_browser_sends(origins: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", origins)
    assert read(ServerSettings).cors_origins == origins.split(", ")


@pytest.mark.parametrize(
    "wrong", ["foo", "https://app.example.com/", "https://App.example.com", "localhost:3000", "https://"]
)
def test_an_origin_that_no_browser_sends_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", f"https://heron.example.com,{wrong}")
    with pytest.raises(WrongSettings, match=f"CORS_ORIGINS=.*: no browser sends {wrong} as an origin: "):
        read(ServerSettings)


def test_settings_that_contradict_each_other_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RERANK_STREAMS", "4")
    monkeypatch.setenv("RERANK_THREADS", "2")
    with pytest.raises(WrongSettings, match=r"  RERANK_STREAMS \(4\) must not be more than RERANK_THREADS \(2\)"):
        read(RerankSettings)


def test_memory_that_has_no_room_for_one_body_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_BODY_BYTES", "2048")
    monkeypatch.setenv("MAX_INFLIGHT_BYTES", "2047")
    explained = r"  MAX_INFLIGHT_BYTES \(2047\) must not be less than MAX_BODY_BYTES \(2048\)"
    with pytest.raises(WrongSettings, match=explained):
        read(ServerSettings)


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
    settings = read(CacheSettings)
    assert (settings.mode, settings.memo_bytes) == (mode, memo_bytes)


def test_a_wrong_url_of_a_cache_is_explained_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_URL", "http://:secret@localhost")
    with pytest.raises(WrongSettings, match=r"CACHE_URL=\*\*\*: Not the URL of a Redis") as stopped:
        read(CacheSettings)
    assert "secret" not in str(stopped.value)


def test_a_collector_is_named_by_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACES_URL", "collector:4318")
    with pytest.raises(WrongSettings, match=r"TRACES_URL=collector:4318"):
        read(TracesSettings)


def test_a_key_has_a_name_if_one_stands_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", "web:heron, plain, batch:a:b, web:stork, 2:egret, +/=:ibis")
    named = [(key.name, key.key.get_secret_value()) for key in read(ServerSettings).named_keys]
    assert named == [
        ("web", "heron"),
        ("unnamed", "plain"),
        ("batch", "a:b"),
        ("web", "stork"),
        ("unnamed", "2:egret"),
        ("unnamed", "+/=:ibis"),
    ]


@pytest.mark.parametrize("keys", ["good:heron,web:", "good:heron,none:stork", "good:heron,unnamed:stork"])
def test_a_wrong_name_of_a_key_is_explained_without_any_key(keys: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", keys)
    with pytest.raises(WrongSettings, match=r"API_KEYS=\*\*\*: ") as stopped:
        read(ServerSettings)
    assert "heron" not in str(stopped.value)
    assert "stork" not in str(stopped.value)
