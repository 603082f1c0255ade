"""text-embeddings-inference: `POST /`, `POST /embed` with `inputs`, which is `/tei/embed`, and `POST /similarity`."""

import numpy as np
from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.errors import DomainError, Location, NoItems
from bentos.common.http.dialect_router import DialectRouter, SharedPath
from bentos.common.http.dialects.tei import TEIRoute, truncation
from bentos.common.http.headers import TRUNCATED
from bentos.common.http.responses import ArrayJSON
from bentos.common.work_options import WorkOptions
from bentos.embed.encoder import Encoder
from bentos.embed.request import EmbedRequest, InputType
from bentos.embed.routes.answer_headers import answer_headers
from bentos.embed.schemas.tei import EmbedTEIBody, SimilarityParameters, SimilarityTEIBody

SHARED = SharedPath("/embed", prefix="/tei", fields=["inputs"])


def create_router(encoder: Encoder, default_input_type: InputType) -> APIRouter:
    """The router of `POST /`, `POST /tei/embed` and `POST /similarity`.

    Args:
        encoder: encodes requests.
        default_input_type: of requests without `prompt_name`.
    """
    router = DialectRouter(shared=[SHARED], route_class=TEIRoute, tags=["text-embeddings-inference"])

    @router.post(
        "/",
        summary="The same as POST /tei/embed",
        response_model=list[list[float]],
    )
    @router.post(
        SHARED.own,
        summary="POST /embed with `inputs`",
        response_model=list[list[float]],
    )
    async def embed(body: EmbedTEIBody, options: WorkOptions) -> Response:
        """Unit vectors of the inputs, in their order."""
        encoder.check_normalized(body.normalize, "normalize")
        request = EmbedRequest(
            texts=body.inputs.texts,
            input_type=body.prompt_name or default_input_type,
            truncate=truncation(body.truncate, body.truncation_direction, encoder.truncate),
            dimensions=body.dimensions,
        )
        try:
            result = await encoder.encode(request, options)
        except DomainError as error:
            error.rename(texts="inputs", indexed=body.inputs.numbered)
            raise
        return ArrayJSON(result.vectors, headers=answer_headers(result))

    @router.post("/similarity", summary="Cosines of a sentence with others", response_model=list[float])
    async def similarity(body: SimilarityTEIBody, options: WorkOptions) -> Response:
        """The source sentence's cosine with each of the others, in their order."""
        given, parameters = body.inputs, body.parameters or SimilarityParameters()
        if not given.sentences:
            raise NoItems("`sentences` cannot be empty")
        request = EmbedRequest(
            texts=[given.source_sentence, *given.sentences],
            input_type=parameters.prompt_name or default_input_type,
            truncate=truncation(parameters.truncate, parameters.truncation_direction, encoder.truncate),
        )
        try:
            result = await encoder.encode(request, options)
        except DomainError as error:
            error.loc = _place(int(error.loc[1])) if len(error.loc) > 1 else ("inputs",) if error.loc else ()
            raise
        array = result.vectors.array
        names = ["source_sentence" if index == 0 else str(index - 1) for index in result.truncated]
        headers = answer_headers(result) | ({TRUNCATED: ",".join(names)} if names else {})
        return ArrayJSON(np.ascontiguousarray(array[1:] @ array[0]), headers=headers)

    return router


def _place(index: int) -> Location:
    """Where the text of this index is in a request for similarities."""
    return ("inputs", "source_sentence") if index == 0 else ("inputs", "sentences", index - 1)
