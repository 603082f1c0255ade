"""What embed-service answers over HTTP."""

from bentos.common.http.app import ServiceAPI
from bentos.common.http.dialects import cohere_tokens, models, tei_tokens
from bentos.common.http.openapi.notes import BatchDescription, BodyNotes
from bentos.common.http.other_service import OtherService
from bentos.common.http.page.routes import Page
from bentos.common.lifecycle import Lifecycle
from bentos.embed.encoder import Encoder
from bentos.embed.model_names import TypedModelNames
from bentos.embed.request import InputType
from bentos.embed.routes import cohere_v1, cohere_v2, native, openai, tei, voyage
from bentos.embed.settings import EmbedSettings

RERANK_SERVICE = OtherService(
    "rerank-service",
    5556,
    paths=["/rerank", "/v1/rerank", "/v2/rerank", "/score", "/v1/score", "/v1/ranking", "/predict"],
)


def create_api(
    lifecycle: Lifecycle, encoder: Encoder, model_names: TypedModelNames, settings: EmbedSettings
) -> ServiceAPI:
    """Routers of all dialects, and what else the service's application needs.

    Args:
        lifecycle: of the process.
        encoder: encodes requests.
        model_names: by which requests may call the model.
        settings: of the service.
    """
    return ServiceAPI(
        routers=[
            native.create_router(encoder, model_names),
            cohere_v1.create_router(encoder, model_names),
            cohere_v2.create_router(encoder, model_names),
            cohere_tokens.create_router(lifecycle, model_names),
            openai.create_router(encoder, model_names, settings.token_ids),
            models.create_router(model_names, endpoint="embed", window=encoder.window),
            tei.create_router(encoder, InputType(settings.tei_input_type)),
            tei_tokens.create_router(lifecycle),
            voyage.create_router(encoder, model_names),
        ],
        description="Embeddings of texts as unit vectors.",
        limits={"max_texts": encoder.max_texts, "max_tokens_per_text": settings.max_tokens_per_text},
        defaults={
            "input_type": settings.default_input_type,
            "tei_input_type": settings.tei_input_type,
            "token_ids": settings.token_ids,
            "chunked": settings.chunked,
            "aliases": settings.model_aliases,
            "detect_prompts": settings.detect_prompts,
        },
        page=Page("bentos.embed.page", action="Embed"),
        other_service=RERANK_SERVICE,
        bodies=_bodies(model_names.model_id),
        batch_apis={
            "/encode": BatchDescription(
                "Encode texts of the default input type",
                "sentences",
                {"type": "string"},
                encoder.max_texts,
                {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
            )
        },
    )


def _bodies(model: str) -> dict[str, BodyNotes]:
    """A body for each route that takes one, and where a body has one of two fields, which."""
    texts = ["The heron stands in the shallow water.", "A stork nests on the roof."]
    of_cohere = {"model": model, "texts": texts, "input_type": "search_document"}
    of_tei = BodyNotes({"inputs": texts})
    return {
        "/embed": BodyNotes({"texts": texts, "input_type": "passage"}, one_of=["text", "texts"]),
        "/v1/embed": BodyNotes(of_cohere),
        "/v2/embed": BodyNotes(of_cohere | {"embedding_types": ["float"]}, one_of=["texts", "inputs"]),
        "/v1/tokenize": BodyNotes({"model": model, "text": texts[0]}),
        "/v1/detokenize": BodyNotes({"model": model, "tokens": [101, 102]}),
        "/v1/embeddings": BodyNotes({"model": model, "input": texts}),
        "/embeddings": BodyNotes({"input": texts}),
        "/tei/embed": of_tei,
        "/": of_tei,
        "/similarity": BodyNotes({"inputs": {"source_sentence": texts[0], "sentences": texts}}),
        "/tokenize": of_tei,
        "/decode": BodyNotes({"ids": [101, 102]}),
        "/voyage/v1/embeddings": BodyNotes({"model": model, "input": texts, "input_type": "document"}),
        "/encode": BodyNotes({"sentences": texts}),
    }
