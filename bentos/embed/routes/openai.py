"""OpenAI and Jina, one body and one answer for both: `POST /v1/embeddings`.

Sources: developers.openai.com/api/reference/resources/embeddings, api.jina.ai/redoc; NVIDIA's and vLLM's additions.
"""

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.bounds import MOST_TOKEN_IDS
from bentos.common.errors import DomainError, TextTooLong
from bentos.common.http.dialects.openai import OpenAIRoute
from bentos.common.http.responses import ArrayJSON
from bentos.common.work_options import WorkOptions
from bentos.embed.encoder import Encoder
from bentos.embed.model_names import TypedModelNames
from bentos.embed.quantization import EmbeddingType
from bentos.embed.request import EmbedRequest
from bentos.embed.routes.answer_headers import answer_headers
from bentos.embed.routes.openai_tokens import token_ids_reader
from bentos.embed.routes.vector_types import as_type
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
    router = APIRouter(route_class=OpenAIRoute, tags=["OpenAI", "Jina"])

    @router.post("/embeddings", summary="The same as POST /v1/embeddings", response_model=EmbeddingsAnswer)
    @router.post("/v1/embeddings", summary="Encode one input or several", response_model=EmbeddingsAnswer)
    async def embeddings(body: EmbeddingsBody, options: WorkOptions) -> Response:
        """Unit vectors of the inputs."""
        named_type = model_names.input_type(body.model)
        for field in ("normalized", "normalize", "use_activation"):
            encoder.check_normalized(getattr(body, field), field)
        try:
            request = EmbedRequest(
                texts=read(body.input),
                input_type=body.kind or named_type,
                truncate=body.truncation,
                chunked=body.chunked,
                max_tokens=body.most_tokens,
                max_total_tokens=MOST_TOKEN_IDS,
                dimensions=body.dimensions,
            )
            result = await encoder.encode(request, options)
        except DomainError as error:
            error.rename(texts="input", max_tokens="truncate_prompt_tokens", indexed=body.input.numbered)
            if isinstance(error, TextTooLong):
                error.message = (
                    f"This model's maximum context length is {encoder.window} tokens, however you requested more "
                    f"tokens in {error.param}. Send a shorter text, or `truncate`."
                )
            raise
        kind = EmbeddingType(body.embedding_type or "float")
        vectors = as_type(result, kind, base64=body.encoding_format == "base64")
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
