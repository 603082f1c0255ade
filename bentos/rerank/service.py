"""rerank-service as BentoML sees it."""

from typing import Annotated

import bentoml
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bentos.common import settings
from bentos.common.http.app import create_app
from bentos.common.http.bentoml_adapter.api import add_middleware
from bentos.common.http.bentoml_adapter.calls import BatchAPI
from bentos.common.http.middleware.dialect_dispatch import SharedPath
from bentos.common.http.other_service import OtherService
from bentos.common.http.page.routes import Page
from bentos.common.http.server.protocol import use_bounded_protocol
from bentos.common.lifecycle import Lifecycle
from bentos.common.models.aliases import ModelNames
from bentos.common.models.resolve import resolve
from bentos.common.observability.logging import configure_logging
from bentos.common.observability.metrics import Metrics
from bentos.common.observability.tracing import start_traces
from bentos.common.python_image import PYTHON_IMAGE
from bentos.common.resources import limit_native_threads
from bentos.rerank.cross_encoder import CrossEncoder
from bentos.rerank.routes import cohere_v1, cohere_v2, native, tei
from bentos.rerank.scoring import is_pair, score_pairs, texts_of
from bentos.rerank.settings import DEFAULT_MODEL, RerankSettings

SERVER = settings.load(settings.ServerSettings)
TRACES = settings.load(settings.TracesSettings)
SETTINGS = settings.load(RerankSettings)
MODEL = resolve(SETTINGS.model, SETTINGS.model_revision, SETTINGS, default=DEFAULT_MODEL, kind="cross-encoder")
limit_native_threads(SETTINGS.threads)
EMBED_SERVICE = OtherService(
    "embed-service",
    5555,
    paths=[
        *("/embed", "/v1/embed", "/v2/embed", "/v1/tokenize", "/v1/detokenize", "/v1/check-api-key"),
        *("/v1/embeddings", "/v1/models", "/v1/models/{model:path}", "/tei/embed", "/encode"),
    ],
)

lifecycle = Lifecycle(
    name="rerank-service",
    model_label="reranker model",
    model=MODEL,
    server=SERVER,
    engine=SETTINGS,
    cache=settings.load(settings.CacheSettings),
    metrics=Metrics(),
)
cross_encoder = CrossEncoder(lifecycle, SETTINGS)
model_names = ModelNames(MODEL.profile.model_id, SETTINGS.model_aliases)
ROUTERS = [
    native.create_router(cross_encoder, model_names),
    cohere_v1.create_router(cross_encoder, model_names),
    cohere_v2.create_router(cross_encoder, model_names),
    tei.create_router(cross_encoder),
]
app = create_app(
    lifecycle,
    ROUTERS,
    description="Scores of documents against a query.",
    limits={"max_documents": SETTINGS.max_documents, "max_tokens_per_doc": SETTINGS.max_tokens_per_doc},
    shared_path=SharedPath("/rerank", field="texts", other="/tei/rerank"),
    page=Page("bentos.rerank.page", action="Rerank"),
    other_service=EMBED_SERVICE,
)
SCORE = BatchAPI("/score", "pairs", is_pair, "a list of two strings", SETTINGS.max_documents, texts_of)


@bentoml.service(
    name="rerank-service",
    resources={"cpu": "4", "memory": "4Gi"},
    workers=1,
    image=PYTHON_IMAGE,
    traffic={"timeout": SERVER.request_timeout_seconds + SERVER.drain_timeout_seconds},
    endpoints={"livez": "/live", "readyz": "/ready"},
    metrics={"enabled": False},
    tracing={"excluded_urls": ".*"},  # BentoML's spans go nowhere, and took a third of a small request's time
    logging={"access": {"enabled": False}},
)
@bentoml.asgi_app(app, path="/")
class RerankService:
    """A query and documents to scores."""

    model = bentoml.models.BentoModel(MODEL.tag)

    @bentoml.on_startup
    async def start(self) -> None:
        """Load the model in the background."""
        configure_logging(lifecycle.name, SERVER)
        start_traces(lifecycle.name, TRACES)
        await lifecycle.start()

    @bentoml.on_shutdown
    async def stop(self) -> None:
        """Drain."""
        await lifecycle.stop()

    # The engine does the batching; BentoML's own batcher only merges the calls that `SCORE` lets through, and allows a
    # batchable method exactly one parameter. Its `max_latency_ms` sheds calls that take longer, so it is the time a
    # request may take. It refuses a `max_batch_size` of 1.
    @bentoml.api(
        batchable=SETTINGS.max_documents > 1,
        max_batch_size=max(2, SETTINGS.max_documents),
        max_latency_ms=int(SERVER.request_timeout_seconds * 1000),
    )
    async def score(
        self, pairs: Annotated[list[tuple[str, str]], Field(max_length=SETTINGS.max_documents)]
    ) -> NDArray[np.float32]:
        """Scores of (query, document) pairs between 0 and 1, float32 `[pairs]`."""
        with SCORE.gate.batch(len(pairs)) as batch:
            lifecycle.loaded.cached_engine.admit_texts(texts_of(pairs), batch.options)
            return await score_pairs(pairs, cross_encoder.rerank, batch.options)


add_middleware(RerankService, lifecycle, routers=ROUTERS, apis=[SCORE], traces=TRACES)
use_bounded_protocol(SERVER, lifecycle.metrics)
