"""rerank-service as BentoML sees it."""

from typing import Annotated

import bentoml
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bentos.common.environment import load
from bentos.common.errors import DomainError
from bentos.common.http.bentoml_adapter.calls import BatchAPI
from bentos.common.models.aliases import ModelNames
from bentos.common.models.resolve import resolve
from bentos.common.service import AssembledService, Assembly
from bentos.rerank.api import create_api
from bentos.rerank.cross_encoder import CrossEncoder
from bentos.rerank.scoring import is_pair, score_pairs, texts_of
from bentos.rerank.settings import DEFAULT_MODEL, RerankSettings

SETTINGS = load(RerankSettings)
ENGINE = SETTINGS.engine
MODEL = resolve(ENGINE.model, ENGINE.model_revision, ENGINE, default=DEFAULT_MODEL, kind="cross-encoder")
ASSEMBLY = Assembly("rerank-service", model_label="reranker model", model=MODEL, settings=SETTINGS)
CROSS_ENCODER = CrossEncoder(ASSEMBLY.lifecycle, ENGINE)
MOST_PAIRS = CROSS_ENCODER.max_documents
SCORE = BatchAPI("/score", "pairs", is_pair, "a list of two strings", MOST_PAIRS, texts_of)


@bentoml.service(resources={"cpu": "6", "memory": "4Gi"}, **ASSEMBLY.options)
class RerankService(AssembledService):
    """A query and documents to scores."""

    assembly = ASSEMBLY
    model = ASSEMBLY.model

    @bentoml.api(**ASSEMBLY.batch_options(MOST_PAIRS))
    async def score(self, pairs: Annotated[list[tuple[str, str]], Field(max_length=MOST_PAIRS)]) -> NDArray[np.float32]:
        """Scores of (query, document) pairs between 0 and 1, float32 `[pairs]`."""
        with SCORE.gate.batch(len(pairs)) as batch:
            ASSEMBLY.lifecycle.loaded.cached_engine.admit_texts(texts_of(pairs), batch.options)
            try:
                ranking = await score_pairs(pairs, CROSS_ENCODER.rerank, batch.options)
            except DomainError as error:
                error.rename(query="pairs")
                raise
            batch.name_truncated(pairs[index] for index in ranking.truncated)
            return ranking.scores


ASSEMBLY.serve(
    RerankService,
    create_api(ASSEMBLY.lifecycle, CROSS_ENCODER, ModelNames(MODEL.profile.model_id, ENGINE.model_aliases)),
    [SCORE],
)
