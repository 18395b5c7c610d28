"""Traces to an OpenTelemetry collector: OTLP over HTTP, where `FOREMAN_OTLP_ENDPOINT` names one.

Whatever becomes of the collector, work goes on: spans wait in a queue of so many, are sent by a thread of its own, and
what does not get through is dropped. That it does not is one line in the log, and one more when it does again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from foreman import __version__, tracing
from foreman.errors import ConfigError, Problem
from foreman.log import get_logger
from foreman.tracing import Fact, Place

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
    from opentelemetry.trace import Span, Tracer

log = get_logger(__name__)

SEND_SECONDS = 3.0
"""For one batch to be taken, tries and their pauses included."""

EVERY_SECONDS = 2.0
"""How long a span waits for others to be sent with."""

QUEUE_SPANS = 2048
"""Spans that wait while the collector does not take them; newer ones push older ones out."""

BATCH_SPANS = 256

END_SECONDS = 0.7
"""How long the end of the process waits for what was not sent yet: its parts take four of the five seconds it has."""

MAX_CHARS = 200
"""Longest value of an attribute, characters."""

_PATH = "/v1/traces"
_LIBRARY = "opentelemetry"


@contextmanager
def traces(endpoint: str, clean: Callable[[str], str]) -> Iterator[None]:
    """Send traces while inside; does nothing without an endpoint.

    Args:
        endpoint: Base URL of a collector, such as `http://localhost:4318`, or the whole one that ends in `/v1/traces`;
            empty for nowhere.
        clean: Takes secrets and control characters out of a value.

    Yields:
        Nothing.

    Raises:
        ConfigError: There is an endpoint, but what sends traces is not installed.
    """
    if not endpoint:
        yield
        return
    sender = _Sender(endpoint, clean)
    tracing.install(sender)
    try:
        yield
    finally:
        tracing.install(None)
        sender.stop()


class _Sender:
    """A `tracing.Tracer` over OpenTelemetry's own."""

    def __init__(self, endpoint: str, clean: Callable[[str], str]) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
            from opentelemetry.sdk.trace import SpanLimits, TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.sdk.trace.sampling import ALWAYS_ON
        except ImportError as error:
            message = "traces need more than is installed: pip install 'foreman[otel]'"
            raise ConfigError(
                [Problem(path="FOREMAN_OTLP_ENDPOINT", message=message)], source="environment"
            ) from error
        self._clean = clean
        told = _LastWords.listen()
        address = endpoint.rstrip("/")
        exporter = OTLPSpanExporter(
            endpoint=address if address.endswith(_PATH) else address + _PATH, timeout=SEND_SECONDS
        )
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create({SERVICE_NAME: "foreman", SERVICE_VERSION: __version__}),
            span_limits=SpanLimits(max_span_attributes=32, max_span_attribute_length=MAX_CHARS),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                _watched(exporter, place=_origin(endpoint), told=told),
                max_queue_size=QUEUE_SPANS,
                schedule_delay_millis=EVERY_SECONDS * 1000,
                max_export_batch_size=BATCH_SPANS,
            )
        )
        self._tracer: Tracer = self._provider.get_tracer("foreman", __version__)

    def begin(self, name: str, *, parent: Place | None, facts: Mapping[str, Fact], started_ns: int | None) -> _Step:
        """Begin a span."""
        from opentelemetry import trace
        from opentelemetry.context import Context

        around = Context()
        if parent is not None:
            before = trace.SpanContext(
                trace_id=int(parent.trace_id, 16),
                span_id=int(parent.span_id, 16),
                is_remote=True,
                trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
            )
            around = trace.set_span_in_context(trace.NonRecordingSpan(before), around)
        step = _Step(self._tracer.start_span(name, around, start_time=started_ns), self._clean)
        step.note(facts)
        return step

    def stop(self) -> None:
        """Send what waits, for a moment; a collector that hangs is left to itself."""
        end = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        end.start()
        end.join(END_SECONDS)


class _Step:
    """A `tracing.Step`."""

    def __init__(self, span: Span, clean: Callable[[str], str]) -> None:
        self._span = span
        self._clean = clean
        ids = span.get_span_context()
        self.place = Place(f"{ids.trace_id:032x}", f"{ids.span_id:016x}")

    def note(self, facts: Mapping[str, Fact]) -> None:
        """Add what became known."""
        for name, value in facts.items():
            self._span.set_attribute(
                f"foreman.{name}", self._clean(value)[:MAX_CHARS] if isinstance(value, str) else value
            )

    def end(self, error: str) -> None:
        """End it."""
        from opentelemetry.trace import Status, StatusCode

        if error:
            self._span.set_status(Status(StatusCode.ERROR, self._clean(error)[:MAX_CHARS]))
            self._span.set_attribute("error.type", self._clean(error)[:MAX_CHARS])
        self._span.end()


class _LastWords(logging.Handler):
    """What the library said last: why a batch was not taken. Nothing of it goes into the log by itself."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.text = ""

    @classmethod
    def listen(cls) -> _LastWords:
        """Take everything the library logs."""
        library = logging.getLogger(_LIBRARY)
        for old in [handler for handler in library.handlers if isinstance(handler, cls)]:
            library.removeHandler(old)
        told = cls()
        library.addHandler(told)
        library.propagate = False
        return told

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.text = record.getMessage()


def _watched(exporter: SpanExporter, *, place: str, told: _LastWords) -> SpanExporter:
    """Return the exporter with a line in the log whenever it begins or ends to fail."""
    from opentelemetry.sdk.trace.export import SpanExporter as Port
    from opentelemetry.sdk.trace.export import SpanExportResult as Result

    class Watched(Port):
        failing = False

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            done = exporter.export(spans)
            failed = done is not Result.SUCCESS
            if failed and not self.failing:
                log.warning("traces_not_taken", collector=place, reason=told.text)
            elif self.failing and not failed:
                log.info("traces_taken_again", collector=place)
            self.failing = failed
            return done

        def shutdown(self) -> None:
            exporter.shutdown()

    return Watched()


def _origin(endpoint: str) -> str:
    """Return scheme, host and port: what stands behind them may be somebody's key."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}"
