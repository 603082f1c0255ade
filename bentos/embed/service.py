"""embed-service as BentoML sees it."""

from typing import Annotated

import bentoml
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bentos.common import settings
from bentos.common.errors import DomainError
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
from bentos.embed.encoder import Encoder
from bentos.embed.request import EmbedRequest
from bentos.embed.routes import cohere_tokens, cohere_v1, cohere_v2, models, native, openai, tei
from bentos.embed.settings import DEFAULT_MODEL, EmbedSettings

SERVER = settings.load(settings.ServerSettings)
TRACES = settings.load(settings.TracesSettings)
SETTINGS = settings.load(EmbedSettings)
MODEL = resolve(SETTINGS.model, SETTINGS.model_revision, SETTINGS, default=DEFAULT_MODEL, kind="encoder")
limit_native_threads(SETTINGS.threads)
RERANK_SERVICE = OtherService(
    "rerank-service", 5556, paths=["/rerank", "/v1/rerank", "/v2/rerank", "/tei/rerank", "/score"]
)

lifecycle = Lifecycle(
    name="embed-service",
    model_label="embedding model",
    model=MODEL,
    server=SERVER,
    engine=SETTINGS,
    cache=settings.load(settings.CacheSettings),
    metrics=Metrics(),
)
encoder = Encoder(lifecycle, SETTINGS)
model_names = ModelNames(MODEL.profile.model_id, SETTINGS.model_aliases)
ROUTERS = [
    native.create_router(encoder, model_names),
    cohere_v1.create_router(encoder, model_names),
    cohere_v2.create_router(encoder, model_names),
    cohere_tokens.create_router(encoder, model_names),
    openai.create_router(encoder, model_names),
    models.create_router(encoder, model_names),
    tei.create_router(encoder),
]
app = create_app(
    lifecycle,
    ROUTERS,
    description="Embeddings of texts as unit vectors.",
    limits={"max_texts": SETTINGS.max_texts},
    shared_path=SharedPath("/embed", field="inputs", other="/tei/embed"),
    page=Page("bentos.embed.page", action="Embed"),
    other_service=RERANK_SERVICE,
)
ENCODE = BatchAPI(
    "/encode", "sentences", lambda item: isinstance(item, str), "a string", SETTINGS.max_texts, lambda texts: texts
)


@bentoml.service(
    name="embed-service",
    resources={"cpu": "6", "memory": "6Gi"},
    workers=1,
    image=PYTHON_IMAGE,
    traffic={"timeout": SERVER.request_timeout_seconds + SERVER.drain_timeout_seconds},
    endpoints={"livez": "/live", "readyz": "/ready"},
    metrics={"enabled": False},
    tracing={"excluded_urls": ".*"},  # BentoML's spans go nowhere, and took a third of a small request's time
    logging={"access": {"enabled": False}},
)
@bentoml.asgi_app(app, path="/")
class EmbedService:
    """Texts to vectors."""

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

    # The engine does the batching; BentoML's own batcher only merges the calls that `ENCODE` lets through. Its
    # `max_latency_ms` sheds calls that take longer, so it is the time a request may take. It refuses a
    # `max_batch_size` of 1.
    @bentoml.api(
        batchable=SETTINGS.max_texts > 1,
        max_batch_size=max(2, SETTINGS.max_texts),
        max_latency_ms=int(SERVER.request_timeout_seconds * 1000),
    )
    async def encode(
        self, sentences: Annotated[list[str], Field(max_length=SETTINGS.max_texts)]
    ) -> NDArray[np.float32]:
        """Unit vectors of sentences of the default input type, float32 `[sentences, dimension]`."""
        with ENCODE.gate.batch(len(sentences)) as batch:
            try:
                return (await encoder.encode(EmbedRequest(sentences, allow_blank=True), batch.options)).vectors.array
            except DomainError as error:
                error.rename(texts="sentences")
                raise


add_middleware(EmbedService, lifecycle, routers=ROUTERS, apis=[ENCODE], traces=TRACES)
use_bounded_protocol(SERVER, lifecycle.metrics)
