"""Shorter vectors of a model that was trained for them, in every dialect."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bentos.common.backends.interface import Outputs
from scripts.models.folder import LocalFolder
from scripts.models.install import Wishes, install
from scripts.models.miniatures import edit_json, write_encoder
from tests.http.services import EMBED, QUICK_STOP, Service, running

MODEL = "local/matryoshka"
TEXT = "the heron waits in the shallow water"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, logs: Path) -> Iterator[Service]:
    """embed-service with a model of 32 dimensions that may be cut to 8 and 16, and a cache in memory."""
    home = tmp_path_factory.mktemp("matryoshka")
    folder = write_encoder(home / "folder")
    edit_json(folder / "config.json", matryoshka_dimensions=[16, 8, 32])
    install(LocalFolder(folder, MODEL), Wishes(), print, home=home)
    settings = EMBED.lean | {"EMBED_MODEL": MODEL, "CACHE_URL": "memory"} | QUICK_STOP
    with running(EMBED, settings, home=home, log=logs / "matryoshka.log") as service:
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


@pytest.mark.parametrize("dimension", [8, 16, 32])
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
    expected = cut(full, 16)
    kinds = ["int8", "uint8", "binary", "ubinary", "base64"]
    found = post(
        service,
        "/v2/embed",
        model=MODEL,
        texts=[TEXT],
        input_type="search_query",
        embedding_types=kinds,
        output_dimension=16,
    )["embeddings"]
    assert {kind: len(found[kind][0]) for kind in kinds[:4]} == {"int8": 16, "uint8": 16, "binary": 2, "ubinary": 2}
    np.testing.assert_array_equal(found["int8"][0], np.clip(np.rint(expected * (127 * 4 / 5)), -127, 127))
    np.testing.assert_array_equal(np.unpackbits(np.array(found["ubinary"][0], np.uint8)), expected > 0)
    np.testing.assert_allclose(np.frombuffer(base64.b64decode(found["base64"][0]), "<f4"), expected, atol=1e-6)


def test_the_cache_keeps_the_whole_vector(service: Service) -> None:
    text = "asked for in two sizes"
    short = post(service, "/embed", text=text, dimensions=8)
    whole = post(service, "/embed", text=text)
    again = post(service, "/embed", text=text, dimensions=8)
    assert (short["cached"], whole["cached"], again["cached"]) == (False, True, True)
    assert again["embedding"] == short["embedding"]
    np.testing.assert_allclose(short["embedding"], cut(np.array(whole["embedding"], np.float32), 8), atol=1e-6)


def test_the_sizes_are_in_info_and_in_the_error(service: Service) -> None:
    info = service.server.client.get("/info").json()
    assert (info["dimension"], info["dimensions"]) == (32, [8, 16, 32])
    answer = service.server.client.post("/embed", json={"text": TEXT, "dimensions": 12})
    assert answer.status_code == 422
    assert answer.json()["error"] == {
        "code": "invalid_request",
        "message": "The vectors have 8, 16 or 32 dimensions.",
        "param": "dimensions",
    }
