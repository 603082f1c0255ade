"""Shorter vectors of a model that was trained for them, in every dialect."""

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bentos.common.backends.interface import Outputs
from bentos.common.models import store
from tests.http.services import EMBED, QUICK_STOP, Service, running

MODEL = EMBED.model
DIMENSIONS = (96, 192)
WHOLE = 384
TEXT = "the heron waits in the shallow water"


@pytest.fixture(scope="module")
def service(home: Path, tmp_path_factory: pytest.TempPathFactory, logs: Path) -> Iterator[Service]:
    """embed-service with a cache in memory, and a model whose profile names two more dimensions."""
    own_home = tmp_path_factory.mktemp("matryoshka")
    model = store.find(MODEL, home=home, backend="openvino", precision="fp32")
    folder = own_home / model.path.relative_to(home)
    shutil.copytree(model.path, folder)
    model.profile.model_copy(update={"dimensions": DIMENSIONS}).write(folder)
    settings = EMBED.lean | {"CACHE_URL": "memory"} | QUICK_STOP
    with running(EMBED, settings, home=own_home, log=logs / "matryoshka.log") as service:
        yield service


@pytest.fixture(scope="module")
def full(service: Service) -> Outputs:
    """The vector of `TEXT` as the model computes it."""
    return np.array(post(service, "/embed", text=TEXT)["embedding"], np.float32)


def post(service: Service, path: str, **body: object) -> Any:
    answer = service.server.client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def cut(vector: Outputs, dimension: int) -> NDArray[np.float32]:
    short = vector[:dimension]
    return short / np.linalg.norm(short)


@pytest.mark.parametrize("dimension", [*DIMENSIONS, WHOLE])
def test_vectors_are_cut_and_get_unit_length_again(service: Service, full: Outputs, dimension: int) -> None:
    expected = cut(full, dimension)
    native = post(service, "/embed", texts=[TEXT, "another"], dimensions=dimension)
    assert native["dimension"] == dimension
    answers = {
        "native": native["embeddings"][0],
        "openai": post(service, "/v1/embeddings", model=MODEL, input=TEXT, dimensions=dimension)["data"][0][
            "embedding"
        ],
        "voyage": post(service, "/voyage/v1/embeddings", model=MODEL, input=TEXT, output_dimension=dimension)["data"][
            0
        ]["embedding"],
        "tei": post(service, "/tei/embed", inputs=TEXT, dimensions=dimension)[0],
        "cohere": post(
            service,
            "/v2/embed",
            model=MODEL,
            texts=[TEXT],
            input_type="search_query",
            embedding_types=["float"],
            output_dimension=dimension,
        )["embeddings"]["float"][0],
    }
    for vector in answers.values():
        assert len(vector) == dimension
        np.testing.assert_allclose(vector, expected, atol=1e-6)


def test_other_forms_are_made_of_the_cut_vector(service: Service, full: Outputs) -> None:
    expected = cut(full, 96)
    kinds = ["int8", "uint8", "binary", "ubinary", "base64"]
    found = post(
        service,
        "/v2/embed",
        model=MODEL,
        texts=[TEXT],
        input_type="search_query",
        embedding_types=kinds,
        output_dimension=96,
    )["embeddings"]
    assert {kind: len(found[kind][0]) for kind in kinds[:4]} == {"int8": 96, "uint8": 96, "binary": 12, "ubinary": 12}
    np.testing.assert_array_equal(found["int8"][0], np.clip(np.rint(expected * (127 * np.sqrt(96) / 5)), -127, 127))
    np.testing.assert_array_equal(np.unpackbits(np.array(found["ubinary"][0], np.uint8)), expected > 0)
    np.testing.assert_allclose(np.frombuffer(base64.b64decode(found["base64"][0]), "<f4"), expected, atol=1e-6)


def test_the_cache_keeps_the_whole_vector(service: Service) -> None:
    text = "asked for in two sizes"
    short = post(service, "/embed", text=text, dimensions=96)
    whole = post(service, "/embed", text=text)
    again = post(service, "/embed", text=text, dimensions=96)
    assert (short["cached"], whole["cached"], again["cached"]) == (False, True, True)
    assert again["embedding"] == short["embedding"]
    np.testing.assert_allclose(short["embedding"], cut(np.array(whole["embedding"], np.float32), 96), atol=1e-6)


def test_the_sizes_are_in_info_and_in_the_error(service: Service) -> None:
    info = service.server.client.get("/info").json()
    assert (info["dimension"], info["dimensions"]) == (WHOLE, [*DIMENSIONS, WHOLE])
    answer = service.server.client.post("/embed", json={"text": TEXT, "dimensions": 12})
    assert answer.status_code == 422
    assert answer.json()["error"] == {
        "code": "invalid_request",
        "message": "The vectors have 96, 192 or 384 dimensions.",
        "param": "dimensions",
    }
