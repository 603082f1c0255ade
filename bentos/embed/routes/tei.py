"""text-embeddings-inference: `POST /`, and `POST /embed` with `inputs`, which is `/tei/embed`."""

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.errors import DomainError, InvalidInput
from bentos.common.http.dialect_router import DialectRouter, SharedPath
from bentos.common.http.dialects.tei import TEIRoute, truncation
from bentos.common.http.responses import ArrayJSON
from bentos.common.work_options import WorkOptions
from bentos.embed.encoder import Encoder
from bentos.embed.request import EmbedRequest, InputType
from bentos.embed.routes.answer_headers import answer_headers
from bentos.embed.schemas.tei import EmbedTEIBody

SHARED = SharedPath("/embed", prefix="/tei", fields=["inputs"])


def create_router(encoder: Encoder, default_input_type: InputType) -> APIRouter:
    """The router of `POST /` and `POST /tei/embed`.

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
        encoder.check_dimension(body.dimensions)
        if body.normalize is False:
            raise InvalidInput(
                "Vectors of this service always have unit length: send true or nothing.", loc=("normalize",)
            )
        request = EmbedRequest(
            texts=body.inputs.texts,
            input_type=body.prompt_name or default_input_type,
            truncate=truncation(body.truncate, body.truncation_direction, encoder.truncate),
        )
        try:
            result = await encoder.encode(request, options)
        except DomainError as error:
            error.rename(texts="inputs", indexed=body.inputs.numbered)
            raise
        return ArrayJSON(result.vectors, headers=answer_headers(result))

    return router
