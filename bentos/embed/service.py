"""embed-service as BentoML sees it."""

from typing import Annotated

import bentoml
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bentos.common.environment import load
from bentos.common.errors import DomainError
from bentos.common.http.bentoml_adapter.calls import BatchAPI
from bentos.common.models.resolve import resolve
from bentos.common.service import AssembledService, Assembly
from bentos.embed.api import create_api
from bentos.embed.encoder import Encoder
from bentos.embed.model_names import TypedModelNames
from bentos.embed.request import EmbedRequest
from bentos.embed.settings import DEFAULT_MODEL, EmbedSettings

SETTINGS = load(EmbedSettings)
ENGINE = SETTINGS.engine
MODEL = resolve(ENGINE.model, ENGINE.model_revision, ENGINE, default=DEFAULT_MODEL, kind="encoder")
ASSEMBLY = Assembly("embed-service", model_label="embedding model", model=MODEL, settings=SETTINGS)
ENCODER = Encoder(ASSEMBLY.lifecycle, ENGINE)
ENCODE = BatchAPI("/encode", "sentences", lambda item: isinstance(item, str), "a string", ENCODER.max_texts, list)


@bentoml.service(resources={"cpu": "6", "memory": "6Gi"}, **ASSEMBLY.options)
class EmbedService(AssembledService):
    """Texts to vectors."""

    assembly = ASSEMBLY
    model = ASSEMBLY.model

    @bentoml.api(**ASSEMBLY.batch_options(ENCODER.max_texts))
    async def encode(self, sentences: Annotated[list[str], Field(max_length=ENCODER.max_texts)]) -> NDArray[np.float32]:
        """Unit vectors of sentences of the default input type, float32 `[sentences, dimension]`."""
        with ENCODE.gate.batch(len(sentences)) as batch:
            try:
                result = await ENCODER.encode(EmbedRequest(sentences, allow_empty=True), batch.options)
            except DomainError as error:
                error.rename(texts="sentences")
                raise
            batch.name_truncated(sentences[index] for index in result.truncated)
            return result.vectors.array


NAMES = TypedModelNames(MODEL.profile.model_id, ENGINE.model_aliases)
ASSEMBLY.serve(EmbedService, create_api(ASSEMBLY.lifecycle, ENCODER, NAMES, ENGINE), [ENCODE])
