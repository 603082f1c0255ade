"""Prompts are those that sentence-transformers puts before queries and passages."""

from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from scripts.models.files.prompts import read_prompts
from scripts.models.miniatures.families import write_encoder

pytestmark = pytest.mark.models


def test_a_blank_prompt_is_as_blank_as_in_the_library(tmp_path: Path) -> None:
    prompts = {"query": "Q: ", "document": "", "retrieval": "R: "}
    folder = write_encoder(tmp_path / "model", prompts=prompts, more={"default_prompt_name": "retrieval"})
    library = SentenceTransformer(str(folder), device="cpu")
    text = "how do plants make sugar"
    for kind, encode in (("query", library.encode_query), ("passage", library.encode_document)):
        prompt = read_prompts(folder, "local/model").get(kind, "")  # type: ignore[call-overload]
        np.testing.assert_allclose(encode(text), library.encode(text, prompt=prompt), atol=1e-6)
