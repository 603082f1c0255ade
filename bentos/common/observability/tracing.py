"""Traces: where a request's time goes, as OpenTelemetry spans. Without a collector nothing is recorded.

Spans hold numbers and names, never texts; of an error only its class.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, StatusCode, Tracer
from opentelemetry.util.types import AttributeValue

from bentos.common.settings import TracesSettings
from bentos.common.version import VERSION

tracer: Tracer | None = None
"""None where there is no collector. Who makes spans asks for it first, as most services have none."""
NOT_RECORDED = nullcontext(INVALID_SPAN)
"""In place of a span that goes nowhere. OpenTelemetry's own way to record nothing takes ten times as long."""


def start_traces(service: str, settings: TracesSettings) -> None:
    """Send spans to the collector from now on, if the settings name one.

    Args:
        service: becomes the spans' `service.name`.
        settings: where they go and how many.
    """
    if settings.url is None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

    global tracer
    resource = Resource.create({SERVICE_NAME: service, SERVICE_VERSION: VERSION})
    provider = TracerProvider(sampler=ParentBasedTraceIdRatio(settings.sample_ratio), resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=str(settings.url))))
    tracer = provider.get_tracer("duobento")  # the provider sends what is left when the process ends


def span(
    name: str, *, parent: Context | None = None, kind: SpanKind = SpanKind.INTERNAL
) -> AbstractContextManager[Span]:
    """A block of work as a span; within it, other spans are its children.

    Args:
        name: what is done.
        parent: what it is part of; none is the span around it.
        kind: `SERVER` for a request from outside.
    """
    return _recorded(tracer, name, parent, kind) if tracer else NOT_RECORDED


def current_trace() -> Context | None:
    """What spans of the current work belong to, for work that goes on in another task; none if it is not recorded."""
    if not tracer or not (current := trace.get_current_span()).is_recording():
        return None
    return trace.set_span_in_context(current)


def record(name: str, parent: Context, started: float, ended: float, attributes: Mapping[str, AttributeValue]) -> None:
    """Add a span of work that has been done.

    Args:
        name: what was done.
        parent: from `current_trace`.
        started: when, as `time.monotonic()` said, in seconds.
        ended: when, as `time.monotonic()` said, in seconds.
        attributes: what there is to know about it.
    """
    assert tracer
    since_epoch = time.time() - time.monotonic()
    begin, end = (round((moment + since_epoch) * 1e9) for moment in (started, ended))
    tracer.start_span(name, parent, start_time=begin, attributes=attributes).end(end)


@contextmanager
def _recorded(recorder: Tracer, name: str, parent: Context | None, kind: SpanKind) -> Iterator[Span]:
    with recorder.start_as_current_span(
        name, parent, kind=kind, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except BaseException as error:
            current.set_status(StatusCode.ERROR, type(error).__name__)
            raise
