"""Prometheus series of a service. All exist from the start, so that rates and alerts have a zero to begin with."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from bentos.common.resources import machine_memory, memory_limit
from bentos.common.settings import NO_KEY
from bentos.common.work_options import Lane

# With the targets of deploy/prometheus/alerts.yml among them, as percentiles are guessed between two of them.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_ITEMS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_TOKENS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)
STATUSES = ("200", "400", "401", "404", "405", "408", "413", "415", "422", "429", "431", "499", "500", "503", "504")

REFUSALS = ("queue", "deadline", "memory")
CONNECTION_REFUSALS = (
    *("malformed_request", "unknown_transfer_encoding", "headers_too_large"),
    *("request_timeout", "too_many_connections"),
    *("beyond_reserve", "evicted", "silent", "slow_reader"),
)


class Metrics:
    """All series of one service, in a registry of its own.

    Attributes:
        routes: those that requests are counted under.
    """

    def __init__(self) -> None:
        self.routes: set[str] = set()
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "duobento_requests",
            "Requests answered, by route and status (499: the client left)",
            ["route", "status"],
            registry=registry,
        )
        self.request_seconds = Histogram(
            "duobento_request_seconds",
            "Time from the first byte to the answer",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.queue_tokens = Gauge("duobento_queue_tokens", "Tokens admitted and not finished", registry=registry)
        self.queue_limit_tokens = Gauge(
            "duobento_queue_limit_tokens", "Tokens that may wait; beyond it requests get 429", registry=registry
        )
        self.expected_wait_seconds = Gauge(
            "duobento_expected_wait_seconds",
            "Time that a request which came now would wait, by lane",
            ["lane"],
            registry=registry,
        )
        self.refusals = Counter(
            "duobento_refusals",
            "Requests refused for want of capacity: too long a queue, too little time left, too much memory in use",
            ["reason"],
            registry=registry,
        )
        self.inflight_bytes = Gauge(
            "duobento_inflight_bytes",
            "Bytes of bodies and answers of requests in flight, small ones not counted",
            registry=registry,
        )
        self.inflight_limit_bytes = Gauge(
            "duobento_inflight_limit_bytes",
            "Bytes of bodies, and of unsent answers, that may be in flight; beyond it requests get 429",
            registry=registry,
        )
        self.queue_wait_seconds = Histogram(
            "duobento_queue_wait_seconds",
            "Time from admission to the start of inference, per item",
            ["lane"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.batch_items = Histogram(
            "duobento_batch_items", "Items of a micro-batch", buckets=_ITEMS, registry=registry
        )
        self.batch_tokens = Histogram(
            "duobento_batch_tokens",
            "Tokens of a micro-batch, padding included",
            buckets=_TOKENS,
            registry=registry,
        )
        self.budget_tokens = Gauge(
            "duobento_batch_budget_tokens", "Token budget of the next micro-batch", registry=registry
        )
        self.tokens = Counter("duobento_tokens", "Tokens computed, padding not included", registry=registry)
        self.padding_tokens = Counter(
            "duobento_padding_tokens", "Padding computed besides the tokens", registry=registry
        )
        self.inference_seconds = Histogram(
            "duobento_inference_seconds",
            "Time of one micro-batch in the backend",
            buckets=_SECONDS,
            registry=registry,
        )
        self.inference_failures = Counter(
            "duobento_inference_failures", "Calls of the backend that failed", registry=registry
        )
        self.dropped_items = Counter(
            "duobento_dropped_items",
            "Admitted items that were not computed, because their request was cancelled, expired or failed",
            registry=registry,
        )
        self.texts = Counter(
            "duobento_texts",
            "Texts of answered requests, computed or cached: texts to embed, documents and queries",
            registry=registry,
        )
        self.texts_with_prompt = Counter(
            "duobento_texts_with_prompt",
            "Texts among them that began with one of the model's prompts, and were given no other",
            registry=registry,
        )
        self.key_requests = Counter(
            "duobento_key_requests",
            "Requests answered, by the name of their key and status (429: refused); `none` had no right key",
            ["key", "status"],
            registry=registry,
        )
        self.key_tokens = Counter(
            "duobento_key_tokens",
            "Tokens of answered requests, computed or cached, by the name of their key",
            ["key"],
            registry=registry,
        )
        self.truncated_items = Counter(
            "duobento_truncated_items",
            "Texts that lost tokens to a limit, by the route, and so by the dialect, of their request",
            ["route"],
            registry=registry,
        )
        self.connections = Gauge("duobento_connections", "Open connections", registry=registry)
        self.connections_refused = Counter(
            "duobento_connections_refused",
            "Connections that were closed for what their client did or did not do, by reason",
            ["reason"],
            registry=registry,
        )
        self.ready = Gauge("duobento_ready", "1 if the service answers requests", registry=registry)
        self.memory_limit_bytes = Gauge(
            "duobento_memory_limit_bytes",
            "Memory this process may use: the container's limit, else the machine's memory",
            registry=registry,
        )
        self.memory_limit_bytes.set(memory_limit() or machine_memory())
        ProcessCollector(registry=registry)  # on Linux only: resident memory, start time, processor time, open files
        for reason in REFUSALS:
            self.refusals.labels(reason)
        for lane in Lane:
            self.queue_wait_seconds.labels(lane.value)
            self.expected_wait_seconds.labels(lane.value)
        for reason in CONNECTION_REFUSALS:
            self.connections_refused.labels(reason)

    def expect_routes(self, routes: Iterable[str]) -> None:
        """Create the series of all routes."""
        for route in routes:
            self.routes.add(route)
            self.request_seconds.labels(route)
            self.truncated_items.labels(route)
            for status in STATUSES:
                self.requests.labels(route, status)

    def expect_keys(self, names: Iterable[str]) -> None:
        """Create the series of all keys; there are none where no keys are set."""
        if known := set(names):
            self.key_requests.labels(NO_KEY, "401")
            for name in known:
                self.key_tokens.labels(name)
                for status in STATUSES:
                    self.key_requests.labels(name, status)
