"""Running services of other configurations than the plain ones, each started once per session."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from bentos.common.models import store
from bentos.common.models.profile import TOKENIZER_FILE
from tests.http.services import EMBED, QUICK_STOP, RERANK, Kind, Service, running

E5 = "intfloat/multilingual-e5-small-q4"
POISON = "zebra"
"""A word on which the models of the frail services fail."""
FRAIL_BODY_BYTES = 1024 * 1024
LOCKED_KEYS = ("first-key", "second-key-ü")
LOCKED_ORIGIN = "https://app.example"


@pytest.fixture(scope="session")
def e5(home: Path, logs: Path) -> Iterator[Service]:
    """embed-service with a model that has prompts, on PyTorch."""
    with running(EMBED, EMBED.serving | {"EMBED_MODEL": E5} | QUICK_STOP, home=home, log=logs / "e5.log") as service:
        yield service


@pytest.fixture(scope="session", params=["embed", "rerank"])
def service(request: pytest.FixtureRequest) -> Service:
    """Each of the two services."""
    chosen: Service = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="session")
def frail_embed(home: Path, logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    yield from _frail(EMBED, home, tmp_path_factory.mktemp("frail-embed"), logs)


@pytest.fixture(scope="session")
def frail_rerank(home: Path, logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    yield from _frail(RERANK, home, tmp_path_factory.mktemp("frail-rerank"), logs)


@pytest.fixture(scope="session", params=["frail_embed", "frail_rerank"])
def frail(request: pytest.FixtureRequest) -> Service:
    """Each service on PyTorch: short queue, low limit for bodies, logs as JSON, and a model that fails on `POISON`."""
    chosen: Service = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(params=[EMBED, RERANK], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each of the two services, not started."""
    kind: Kind = request.param
    return kind


def _frail(kind: Kind, home: Path, frail_home: Path, logs: Path) -> Iterator[Service]:
    _poison(kind.model, home, frail_home)
    settings = {
        **kind.serving,
        **QUICK_STOP,
        f"{kind.prefix}QUEUE_TOKENS": "1024",
        "MAX_BODY_BYTES": str(FRAIL_BODY_BYTES),
        "LOG_FORMAT": "json",
    }
    with running(kind, settings, home=frail_home, log=logs / f"frail-{kind.name}.log") as service:
        yield service


def _poison(model: str, home: Path, frail_home: Path) -> None:
    source = store.find(model, home=home).path
    target = frail_home / source.relative_to(home)
    shutil.copytree(source, target)
    shutil.copy(source.parent / "latest", target.parent)
    encoding = Tokenizer.from_file(str(target / TOKENIZER_FILE)).encode(POISON, add_special_tokens=False)
    [token] = encoding.ids
    [weights] = target.glob("model*.safetensors")
    tensors = load_file(weights)
    [name] = [name for name in tensors if name.endswith("word_embeddings.weight")]
    embeddings = tensors[name].copy()
    embeddings[token] = np.nan
    save_file(tensors | {name: embeddings}, weights, metadata={"format": "pt"})
