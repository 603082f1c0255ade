"""`/live`, `/ready`, `/health`, `/info` and `/metrics`, answered from the first second and under any load."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from bentos.common.backends.interface import Pooling
from bentos.common.http.responses import ArrayJSON
from bentos.common.http.route import DialectRoute
from bentos.common.lifecycle import Lifecycle
from bentos.common.resources import cpu_limit, memory_limit, resident_memory
from bentos.common.version import VERSION

_DTYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}
_POOLINGS: dict[Pooling | None, str] = {None: "mean", "mean": "mean", "first": "cls", "last": "last_token"}
"""Names of precisions and poolings in text-embeddings-inference."""


def create_router(lifecycle: Lifecycle, limits: Mapping[str, int], defaults: Mapping[str, object]) -> APIRouter:
    """Routes of all probes.

    Args:
        lifecycle: of the process.
        limits: what `/info` reports besides the settings of engine and server,
        defaults: and what requests get that do not say otherwise.
    """
    router = APIRouter(route_class=DialectRoute, tags=["operations"])

    @router.get("/live", summary="Does the process make progress?", responses={503: {"description": "Restart it"}})
    async def live() -> Response:
        """200 while the process and its engine make progress."""
        failure = lifecycle.failure_reason()
        return ArrayJSON({"status": "failed", "problem": failure}, 503) if failure else ArrayJSON({"status": "ok"})

    @router.get("/ready", summary="May it be sent requests?", responses={503: {"description": "Not now"}})
    async def ready() -> Response:
        """200 when the model is loaded, has answered a first input, and the service is not draining."""
        checks = lifecycle.checks()
        failing = [name for name, passed in checks.items() if not passed]
        if failing:
            return ArrayJSON({"status": "not ready", "failing": failing, "checks": checks}, 503, {"Retry-After": "2"})
        return ArrayJSON({"status": "ready", "checks": checks})

    @router.get("/health", summary="Is the model loaded?", responses={503: {"description": "Loading or failed"}})
    async def health() -> Response:
        """200 when the model is loaded. A cache that fails is reported and changes nothing else."""
        loaded = lifecycle.model_loaded
        failure = lifecycle.failure_reason()
        body: dict[str, Any] = {
            "status": "failed" if failure else "ok" if loaded else "loading",
            "service": lifecycle.name,
            "model": lifecycle.model.profile.model_id,
            "model_loaded": loaded,
        }
        if lifecycle.model.profile.dimension is not None:
            body["dimension"] = lifecycle.model.profile.dimension
        if lifecycle.model.profile.quality == "demo":
            body["quality"] = "demo"
        failing = lifecycle.cache_failing
        body["cache"] = {
            "mode": lifecycle.cache_settings.mode,
            "status": "degraded" if failing else "ok",
            **({"failing": failing} if failing else {}),
        }
        return ArrayJSON(body) if loaded and not failure else ArrayJSON(body, 503, {"Retry-After": "2"})

    @router.get("/info", summary="Which model, how it runs, which limits")
    async def info() -> Response:
        """The model's profile, the backend, limits and resources; the last few under the names that TEI gives them."""
        profile = lifecycle.model.profile
        settings = lifecycle.engine_settings
        backend = lifecycle.loaded.engine.backend if lifecycle.model_loaded else None
        return ArrayJSON(
            {
                "service": lifecycle.name,
                "version": VERSION,
                "model": profile.model_id,
                "revision": profile.revision,
                "quality": "demo" if profile.quality == "demo" else None,
                "dimension": profile.dimension,
                "dimensions": profile.all_dimensions,
                "max_tokens": profile.max_tokens,
                "prompts": dict(profile.prompts),
                "fidelity": profile.fidelity,
                "backend": backend
                and {
                    "name": backend.name,
                    "device": backend.device,
                    "precision": backend.precision,
                    "activation_group_size": profile.activation_group_size,
                },
                "engine": {
                    "streams": settings.streams,
                    "threads": settings.threads,
                    "queue_tokens": settings.queue_tokens,
                },
                "limits": limits,
                "defaults": {"truncate": settings.truncate, **defaults},
                "resources": {
                    "processors": cpu_limit(),
                    "memory_limit_bytes": memory_limit(),
                    "resident_bytes": resident_memory(),
                },
                **_tei_info(lifecycle, limits),
            }
        )

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        """Prometheus text format."""
        return Response(generate_latest(lifecycle.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _tei_info(lifecycle: Lifecycle, limits: Mapping[str, int]) -> dict[str, Any]:
    """What clients of text-embeddings-inference read from its `/info` and ours has under other names."""
    profile = lifecycle.model.profile
    encodes = profile.kind == "encoder"
    reranker = {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}
    return {
        "model_id": profile.model_id,
        "model_sha": profile.revision,
        "model_dtype": _DTYPES.get(profile.precision, profile.precision),
        "model_type": {"embedding": {"pooling": _POOLINGS[profile.pooling]}} if encodes else {"reranker": reranker},
        "max_input_length": profile.max_tokens,
        "max_batch_tokens": lifecycle.engine_settings.max_batch_tokens,
        "max_client_batch_size": limits["max_texts" if encodes else "max_documents"],
        "max_concurrent_requests": lifecycle.server.max_connections,
        "max_batch_requests": None,
        "tokenization_workers": lifecycle.engine_settings.threads,
        "sha": None,
        "docker_label": None,
        "auto_truncate": lifecycle.engine_settings.truncate != "none",
    }
