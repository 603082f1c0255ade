"""What traces cost a request: the calls that one request makes, with traces off, not sampled, and recorded.

`python -m benchmarks.tracing` prints microseconds per request, and each as a ratio to OpenTelemetry's own way of
recording nothing. Spans that are recorded are dropped here; sending them happens on another thread.
"""

import time
import timeit
from collections.abc import Callable

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler

from bentos.common.observability import tracing

_REQUESTS = 5000
_REPEATS = 7


def _request() -> None:
    """The spans of one request: itself, tokenize, cache, and queue and infer of one micro-batch."""
    with tracing.span("POST") as request:
        request.set_attribute("http.response.status_code", 200)
        for step in ("tokenize", "cache"):
            with tracing.span(step) as current:
                current.set_attribute("duobento.texts", 1)
        if parent := tracing.current_trace():
            now = time.monotonic()
            for step in ("queue", "infer"):
                tracing.record(step, parent, now, now, {"duobento.items": 1})


def _request_of_opentelemetry() -> None:
    """The same with the tracer that OpenTelemetry gives a process without a provider."""
    tracer = trace.NoOpTracer()
    with tracer.start_as_current_span("POST") as request:
        request.set_attribute("http.response.status_code", 200)
        for step in ("tokenize", "cache"):
            with tracer.start_as_current_span(step) as current:
                current.set_attribute("duobento.texts", 1)


def _traced(sampler: Sampler) -> Callable[[], None]:
    tracer = TracerProvider(sampler=sampler).get_tracer("benchmark")

    def request() -> None:
        tracing.tracer = tracer
        _request()
        tracing.tracer = None

    return request


def main() -> None:
    """Measure, and print a table."""
    contestants = {
        "OpenTelemetry without a provider": _request_of_opentelemetry,
        "off (TRACES_URL unset)": _request,
        "on, not sampled": _traced(ALWAYS_OFF),
        "on, recorded": _traced(ALWAYS_ON),
    }
    seconds = {
        name: min(timeit.repeat(request, number=_REQUESTS, repeat=_REPEATS)) / _REQUESTS
        for name, request in contestants.items()
    }
    reference = next(iter(seconds.values()))
    for name, value in seconds.items():
        print(f"{name:34} {value * 1e6:7.2f} µs  {value / reference:5.2f} x")


if __name__ == "__main__":
    main()
