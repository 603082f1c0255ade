"""From start to end of a service's process: load in the background, get ready, fail loudly, drain."""

import asyncio
import gc
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import uvicorn

from bentos.common.cache.cached_engine import CachedEngine
from bentos.common.cache.factory import create_cache, create_cached_engine, identity_of
from bentos.common.cache.interface import Cache
from bentos.common.cache.metrics import CacheMetrics
from bentos.common.engine.engine import Engine
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.errors import NotReady
from bentos.common.models import resolve as served_model
from bentos.common.models.profile import ModelProfile
from bentos.common.models.store import InstalledModel
from bentos.common.observability.metrics import Metrics
from bentos.common.settings import CacheSettings, EngineSettings, ServerSettings
from bentos.common.shutdown import exit_process, on_sigterm, shut_down
from bentos.common.supervisor import give_up

_log = logging.getLogger(__name__)
_WATCH_SECONDS = 1.0
_GRACE_SECONDS = 5.0
_LOADED = {"encoder": ("Embedding model", " (dim={})"), "cross-encoder": ("Reranker", "")}
"""How the line in the log begins that people wait for."""


class Phase(StrEnum):
    """Where in its life the process is."""

    LOADING = "loading"
    READY = "ready"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that can serve."""

    profile: ModelProfile
    tokenizer: Tokenizer
    engine: Engine
    cached_engine: CachedEngine


class Lifecycle:
    """The state of one service's process.

    Args:
        name: of the service, as `/health` reports it.
        model_label: what the model is called in the log, such as `embedding model`.
        model: the installed model to serve.
        server: settings of the process.
        engine: settings of the engine.
        cache: settings of the cache.
        metrics: series of the service.
    """

    def __init__(
        self,
        *,
        name: str,
        model_label: str,
        model: InstalledModel,
        server: ServerSettings,
        engine: EngineSettings,
        cache: CacheSettings,
        metrics: Metrics,
    ) -> None:
        self.name = name
        self.model = model
        self.server = server
        self.engine_settings = engine
        self.cache_settings = cache
        self.metrics = metrics
        self.metrics.queue_limit_tokens.set(engine.queue_tokens)
        self.phase = Phase.LOADING
        self._model_label = model_label
        self._cache_metrics = CacheMetrics(metrics.registry)
        self._cache: Cache | None = None
        self._loaded: LoadedModel | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @cached_property
    def loaded(self) -> LoadedModel:
        """The model, once it can serve.

        Raises:
            NotReady: before that.
        """
        if self._loaded is None:
            raise NotReady(f"The {self._model_label} is {self.phase.value}.", retry_after=2)
        return self._loaded

    @property
    def model_loaded(self) -> bool:
        """Whether the model is in memory and has answered its first inputs."""
        return self._loaded is not None

    def failure_reason(self) -> str | None:
        """Why the process should be restarted, in one sentence; none if it makes progress."""
        return self._loaded.engine.watchdog.failure_reason() if self._loaded else None

    @property
    def cache_failing(self) -> list[str]:
        """What the cache cannot do at the moment; requests are answered all the same."""
        return self._cache.failing if self._cache else []

    def checks(self) -> dict[str, bool]:
        """What readiness depends on, by name."""
        return {
            "model_loaded": self.model_loaded,
            "engine_healthy": self.failure_reason() is None,
            "not_draining": self.phase is not Phase.DRAINING,
        }

    async def start(self) -> None:
        """Begin loading in the background and return at once, so that probes answer from the first second."""
        on_sigterm(asyncio.get_running_loop(), self._begin_drain)
        self._tasks.append(asyncio.create_task(self._load()))

    async def stop(self) -> None:
        """Free the model. The server has waited for requests before; what is not answered yet has nobody to hear it."""
        self.phase = Phase.DRAINING
        self.metrics.ready.set(0)
        for task in self._tasks:
            task.cancel()
        if self._loaded:
            self._loaded.engine.abandon()
            self._loaded.engine.close()
        if self._cache:
            await self._cache.close()
        _log.info("Stopped")

    async def _load(self) -> None:
        _log.info("Loading %s: %s", self._model_label, self.model.profile.model_id)
        started = time.monotonic()
        try:
            executor = ThreadPoolExecutor(self.engine_settings.streams, thread_name_prefix="inference")
            loop = asyncio.get_running_loop()
            backend = await loop.run_in_executor(executor, served_model.load, self.model, self.engine_settings)
            tokenizer = await asyncio.to_thread(Tokenizer.load, self.model.path, self.model.profile.max_tokens)
            engine = Engine(
                backend,
                self.engine_settings,
                executor,
                self.metrics,
                request_timeout=self.server.request_timeout_seconds,
                stuck_after=self.server.stuck_after_seconds,
            )
            await engine.warm_up(self.model.profile.max_tokens)
            cached_engine = await self._open_cache(engine)
        except Exception as error:
            _log.critical("The %s %s cannot be loaded: %s", self._model_label, self.model.profile.model_id, error)
            _log.debug("Details", exc_info=error)
            give_up()
        # Else each full collection would look at all that was imported, and hold the event loop for 0.1 seconds.
        gc.collect()
        gc.freeze()
        self._loaded = LoadedModel(self.model.profile, tokenizer, engine, cached_engine)
        milliseconds = round((time.monotonic() - started) * 1000)
        label, dimension = _LOADED[self.model.profile.kind]
        form = f"{backend.name} {backend.precision} on {backend.device}"
        _log.info("%s loaded in %dms%s, %s", label, milliseconds, dimension.format(backend.width), form)
        if self.phase is Phase.LOADING:
            self.phase = Phase.READY
            self.metrics.ready.set(1)
        self._tasks += [asyncio.create_task(self._watch(engine)), asyncio.create_task(engine.prepare_when_idle())]

    async def _open_cache(self, engine: Engine) -> CachedEngine:
        identity = identity_of(self.name, self.model.profile, engine.backend, self.cache_settings)
        self._cache = create_cache(self.cache_settings, identity, self._cache_metrics)
        if self._cache:
            await self._cache.start()
        return create_cached_engine(engine, self._cache, identity, self._cache_metrics)

    async def _watch(self, engine: Engine) -> None:
        """End the process when its engine is stuck or dead: only a restart helps, and `/live` has said so meanwhile."""
        # Being stuck is no event: only time tells.
        while (reason := engine.watchdog.failure_reason()) is None:  # noqa: ASYNC110
            await asyncio.sleep(_WATCH_SECONDS)
        self.metrics.ready.set(0)
        _log.critical("%s The process exits in %g seconds.", reason, _GRACE_SECONDS)
        await asyncio.sleep(_GRACE_SECONDS)
        exit_process()

    def _begin_drain(self, server: uvicorn.Server, handler: Callable[[], None]) -> None:
        _log.info("Draining: the port closes in %g seconds", self.server.drain_delay_seconds)
        self.phase = Phase.DRAINING
        self.metrics.ready.set(0)
        loop, delay = asyncio.get_running_loop(), self.server.drain_delay_seconds
        self._tasks.append(loop.create_task(shut_down(server, handler, delay)))
        if self._loaded:
            loop.call_later(delay + self.server.drain_timeout_seconds, self._loaded.engine.abandon)
