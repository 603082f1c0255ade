"""What rerank-service answers over HTTP."""

from bentos.common.http.app import ServiceAPI
from bentos.common.http.dialects import cohere_tokens, models, tei_tokens
from bentos.common.http.openapi.notes import BatchDescription, BodyNotes
from bentos.common.http.other_service import OtherService
from bentos.common.http.page.routes import Page
from bentos.common.lifecycle import Lifecycle
from bentos.common.models.aliases import ModelNames
from bentos.rerank.cross_encoder import CrossEncoder
from bentos.rerank.routes import cohere_v1, cohere_v2, native, nvidia, tei, vllm, voyage

EMBED_SERVICE = OtherService(
    "embed-service",
    5555,
    paths=[
        *("/embed", "/v1/embed", "/v2/embed", "/v1/embeddings", "/embeddings", "/similarity", "/encode"),
    ],
)


def create_api(lifecycle: Lifecycle, cross_encoder: CrossEncoder, model_names: ModelNames) -> ServiceAPI:
    """Routers of all dialects, and what else the service's application needs.

    Args:
        lifecycle: of the process.
        cross_encoder: scores requests.
        model_names: by which requests may call the model.
    """
    return ServiceAPI(
        routers=[
            native.create_router(cross_encoder, model_names),
            cohere_v1.create_router(cross_encoder, model_names),
            cohere_v2.create_router(cross_encoder, model_names),
            cohere_tokens.create_router(lifecycle, model_names),
            tei.create_router(cross_encoder),
            voyage.create_router(cross_encoder, model_names),
            vllm.create_router(cross_encoder, model_names),
            nvidia.create_router(cross_encoder, model_names),
            models.create_router(model_names, endpoint="rerank", window=lifecycle.model.profile.max_tokens),
            tei_tokens.create_router(lifecycle),
        ],
        description="Scores of documents against a query.",
        limits={
            "max_documents": cross_encoder.max_documents,
            "max_tokens_per_doc": cross_encoder.max_tokens_per_doc,
        },
        page=Page("bentos.rerank.page", action="Rerank"),
        other_service=EMBED_SERVICE,
        bodies=_bodies(model_names.model_id),
        batch_apis={
            "/score": BatchDescription(
                "Score pairs of a query and a document",
                "pairs",
                {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
                cross_encoder.max_documents,
                {"type": "array", "items": {"type": "number"}},
            )
        },
    )


def _bodies(model: str) -> dict[str, BodyNotes]:
    """A body for each route that takes one."""
    query, documents = "How does a heron hunt?", ["It stands still and spears fish.", "A stork nests on the roof."]
    plain = {"query": query, "documents": documents}
    pairs = [[query, document] for document in documents]
    return {
        "/rerank": BodyNotes(plain),
        "/v1/rerank": BodyNotes({"model": model, **plain, "top_n": 1}),
        "/v2/rerank": BodyNotes({"model": model, **plain, "top_n": 1}),
        "/tei/rerank": BodyNotes({"query": query, "texts": documents}),
        "/predict": BodyNotes({"inputs": pairs}),
        "/v1/tokenize": BodyNotes({"model": model, "text": query}),
        "/v1/detokenize": BodyNotes({"model": model, "tokens": [101, 102]}),
        "/tokenize": BodyNotes({"inputs": documents}),
        "/decode": BodyNotes({"ids": [101, 102]}),
        "/v1/score": BodyNotes({"model": model, "text_1": query, "text_2": documents}),
        "/v1/ranking": BodyNotes(
            {"model": model, "query": {"text": query}, "passages": [{"text": document} for document in documents]}
        ),
        "/voyage/v1/rerank": BodyNotes({"model": model, **plain, "top_k": 1}),
        "/score": BodyNotes({"pairs": pairs}),
    }
