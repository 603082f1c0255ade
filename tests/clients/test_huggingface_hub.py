"""huggingface_hub, the published client of text-embeddings-inference, unmodified; Haystack and LangChain use it."""

from typing import Any

import numpy as np
import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

from tests.http import reference
from tests.http.services import Service

SAME = 0.999999
TEXTS = ["The heron waits.", "office hours"]
LONG = "the heron waits " * 400


@pytest.fixture(params=["", "/embed", "/tei/embed"])
def client(request: pytest.FixtureRequest, e5: Service) -> InferenceClient:
    """With the URL of the service, as its documentation says, or of a route."""
    return InferenceClient(model=e5.server.url + request.param)


@pytest.mark.parametrize("kind", ["query", "passage"])
def test_a_prompt_by_its_name(client: InferenceClient, e5: Service, kind: str) -> None:
    vectors = client.feature_extraction(TEXTS, prompt_name=kind)
    native = e5.post(*TEXTS, input_type=kind).json()["embeddings"]
    assert reference.least_cosine(vectors, native) >= SAME


def test_haystacks_embedders_and_langchains_send_these_fields(client: InferenceClient, e5: Service) -> None:
    native = e5.post(*TEXTS, input_type="none").json()["embeddings"]
    fields: list[dict[str, Any]] = [{}, {"truncate": True, "normalize": False}, {"truncate": None, "normalize": None}]
    for sent in fields:
        assert reference.least_cosine(client.feature_extraction(TEXTS, **sent), native) >= SAME


def test_a_long_text_is_truncated_unless_that_is_refused(client: InferenceClient) -> None:
    assert np.shape(client.feature_extraction(["heron", LONG])) == (2, 384)
    with pytest.raises(HfHubHTTPError, match="413"):
        client.feature_extraction(LONG, truncate=False)
