"""A service assembled from its settings, model and domain, and what BentoML is told of it."""

import logging
from collections.abc import Sequence
from typing import Any, ClassVar

import bentoml

from bentos.common import supervisor
from bentos.common.environment import ServiceSettings
from bentos.common.http.app import ServiceAPI, create_app
from bentos.common.http.bentoml_adapter.api import add_middleware
from bentos.common.http.bentoml_adapter.calls import BatchAPI
from bentos.common.http.dialect_router import renderer_by_path
from bentos.common.http.server.protocol import use_bounded_protocol
from bentos.common.lifecycle import Lifecycle
from bentos.common.models.store import InstalledModel
from bentos.common.observability.logging import configure_logging
from bentos.common.observability.metrics import Metrics
from bentos.common.observability.tracing import start_traces
from bentos.common.python_image import PYTHON_IMAGE
from bentos.common.resources import limit_native_threads
from bentos.common.settings import EngineSettings

_log = logging.getLogger(__name__)


class Assembly:
    """The parts that both services have, made when a service's module is imported.

    Args:
        name: of the service.
        model_label: what the model is called in the log, such as `embedding model`.
        model: the installed model to serve.
        settings: of the service.

    Attributes:
        lifecycle: of the process.
        model: as BentoML knows it.
    """

    def __init__(
        self, name: str, *, model_label: str, model: InstalledModel, settings: ServiceSettings[EngineSettings]
    ) -> None:
        if supervisor.is_serving():
            supervisor.prepare()
            configure_logging(name, settings.server)
        limit_native_threads(settings.engine.threads)
        self._server = settings.server
        self._traces = settings.traces
        self._warnings = settings.warnings
        self.lifecycle = Lifecycle(
            name=name,
            model_label=model_label,
            model=model,
            server=self._server,
            engine=settings.engine,
            cache=settings.cache,
            metrics=Metrics(),
        )
        self.model = bentoml.models.BentoModel(model.tag)

    @property
    def options(self) -> dict[str, Any]:
        """For `@bentoml.service`."""
        return {
            "name": self.lifecycle.name,
            "workers": 1,
            "image": PYTHON_IMAGE,
            "traffic": {"timeout": self._server.request_timeout_seconds + self._server.drain_timeout_seconds},
            "endpoints": {"livez": "/live", "readyz": "/ready"},
            "metrics": {"enabled": False},
            # BentoML's spans go nowhere, and took a third of a small request's time.
            "tracing": {"excluded_urls": ".*"},
            "logging": {"access": {"enabled": False}},
        }

    def batch_options(self, limit: int) -> dict[str, Any]:
        """For `@bentoml.api` of a method that takes a list of at most `limit` items.

        The engine does the batching; BentoML's own batcher only merges the calls that `BatchAPI.gate` lets through, and
        allows a batchable method exactly one parameter. Its `max_latency_ms` sheds calls that take longer, so it is the
        time a request may take. It refuses a `max_batch_size` of 1.
        """
        milliseconds = int(self._server.request_timeout_seconds * 1000)
        return {"batchable": limit > 1, "max_batch_size": max(2, limit), "max_latency_ms": milliseconds}

    def serve(self, service: Any, api: ServiceAPI, batch_apis: Sequence[BatchAPI]) -> None:
        """Give a BentoML service its routes and middleware, and its process the server's bounds.

        Args:
            service: the class, as `@bentoml.service` has made it.
            api: what it answers.
            batch_apis: its BentoML APIs.
        """
        app = create_app(self.lifecycle, api)
        service.mount_asgi_app(app)
        around = add_middleware(service, app, self.lifecycle, routers=api.routers, apis=batch_apis, traces=self._traces)
        use_bounded_protocol(self._server, self.lifecycle.metrics, around, renderer_by_path(api.routers))

    async def start(self) -> None:
        """Trace from now on, and load the model in the background."""
        for warning in self._warnings:
            _log.warning("%s", warning)
        start_traces(self.lifecycle.name, self._traces)
        await self.lifecycle.start()


class AssembledService:
    """Base of a BentoML service: what BentoML calls when the process starts and ends.

    Attributes:
        assembly: of the service.
    """

    assembly: ClassVar[Assembly]

    @bentoml.on_startup
    async def start(self) -> None:
        """Load the model in the background."""
        await self.assembly.start()

    @bentoml.on_shutdown
    async def stop(self) -> None:
        """Drain."""
        await self.assembly.lifecycle.stop()
