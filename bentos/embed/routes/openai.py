"""OpenAI: `POST /v1/embeddings` (developers.openai.com/api/reference/resources/embeddings)."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.bounds import MOST_TOKEN_IDS
from bentos.common.errors import DomainError, TextTooLong
from bentos.common.http.responses import ArrayJSON
from bentos.common.work_options import WorkOptions
from bentos.embed.encoder import Encoder
from bentos.embed.model_names import TypedModelNames
from bentos.embed.quantization import base64_float32
from bentos.embed.request import EmbedRequest
from bentos.embed.routes.answer_headers import answer_headers
from bentos.embed.routes.openai_errors import OpenAIRoute
from bentos.embed.routes.openai_tokens import token_ids_reader
from bentos.embed.schemas.openai import EmbeddingsAnswer, EmbeddingsBody
from bentos.embed.settings import TokenIds


def create_router(encoder: Encoder, model_names: TypedModelNames, token_ids: TokenIds) -> APIRouter:
    """The router of `POST /v1/embeddings`.

    Args:
        encoder: encodes requests.
        model_names: by which requests may call the model.
        token_ids: which are taken in place of texts.
    """
    read = token_ids_reader(token_ids)
    router = APIRouter(route_class=OpenAIRoute, tags=["OpenAI"])

    @router.post(
        "/v1/embeddings",
        summary="Encode one input or several",
        response_model=EmbeddingsAnswer,
    )
    async def embeddings(body: EmbeddingsBody, options: WorkOptions) -> Response:
        """Unit vectors of the inputs."""
        named_type = model_names.input_type(body.model)
        encoder.check_dimension(body.dimensions)
        try:
            request = EmbedRequest(
                texts=read(body.input),
                input_type=body.input_type or named_type,
                truncate=body.truncate,
                max_total_tokens=MOST_TOKEN_IDS,
            )
            result = await encoder.encode(request, options)
        except DomainError as error:
            error.rename(texts="input", indexed=body.input.numbered)
            if isinstance(error, TextTooLong):
                error.message = (
                    f"This model's maximum context length is {encoder.window} tokens, however you requested more "
                    f"tokens in {error.param}. Send a shorter text, or `truncate`."
                )
            raise
        vectors: Any = base64_float32(result.vectors.array) if body.encoding_format == "base64" else result.vectors
        return ArrayJSON(
            {
                "object": "list",
                "data": [
                    {"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)
                ],
                "model": model_names.model_id,
                "usage": {"prompt_tokens": result.tokens, "total_tokens": result.tokens},
            },
            headers=answer_headers(result),
        )

    return router
