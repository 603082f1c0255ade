"""BentoML's own way: a model in a batchable API. Run by `bentoml serve`, with the model folder as an argument."""

import bentoml
import numpy as np
from pydantic import BaseModel
from sentence_transformers import CrossEncoder, SentenceTransformer


class Arguments(BaseModel):
    """Arguments of `bentoml serve --arg`."""

    model: str


MODEL = bentoml.use_arguments(Arguments).model
# The latency limit sheds calls on a slow model; the largest request of the benchmark has 100 items.
BATCHING = {"batchable": True, "max_batch_size": 128, "max_latency_ms": 600_000}


@bentoml.service(traffic={"timeout": 600}, logging={"access": {"enabled": False}})
class Encoder:
    """Texts to unit vectors."""

    def __init__(self) -> None:
        self.model = SentenceTransformer(MODEL, device="cpu")

    @bentoml.api(**BATCHING)
    def encode(self, sentences: list[str]) -> np.ndarray:
        """float32 `[sentences, dimension]`."""
        return self.model.encode(sentences, normalize_embeddings=True, show_progress_bar=False)


@bentoml.service(traffic={"timeout": 600}, logging={"access": {"enabled": False}})
class Reranker:
    """Pairs of query and document to scores."""

    def __init__(self) -> None:
        self.model = CrossEncoder(MODEL, device="cpu")

    @bentoml.api(**BATCHING)
    def score(self, pairs: list[tuple[str, str]]) -> np.ndarray:
        """float32 `[pairs]`."""
        return self.model.predict(pairs, show_progress_bar=False)
