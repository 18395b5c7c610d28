"""An OpenTelemetry collector on loopback: takes spans by OTLP over HTTP, or is as bad at it as a test says."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One span that came in."""

    name: str
    trace: str
    id: str
    parent: str
    start: int
    end: int
    facts: dict[str, Any]
    failed: str | None
    raw: str


class Collector:
    """A receiver; `status` is what it answers, and while `hold` is set it does not answer at all."""

    def __init__(self) -> None:
        self.spans: list[Received] = []
        self.resource: dict[str, str] = {}
        self.requests = 0
        self.status = 200
        self.hold = threading.Event()
        self.let_go = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.requests += 1
                if collector.hold.is_set():
                    collector.let_go.wait(120)
                if collector.status == 200:
                    assert self.path == "/v1/traces"
                    collector.take(body)
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    return  # whoever sent it has gone

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def take(self, body: bytes) -> None:
        """Read one request."""
        for whole in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resource = {one.key: one.value.string_value for one in whole.resource.attributes}
            for scope in whole.scope_spans:
                self.spans.extend(_received(span) for span in scope.spans)

    def named(self, name: str) -> list[Received]:
        """Return the spans of a name, oldest first."""
        return sorted((span for span in self.spans if span.name == name), key=lambda span: span.start)

    def tree(self, trace: str) -> list[str]:
        """Return a trace as `parent > name` lines, `` for a parent that was not received."""
        names = {span.id: span.name for span in self.spans if span.trace == trace}
        found = [span for span in self.spans if span.trace == trace]
        return sorted(f"{names.get(span.parent, '?') if span.parent else ''} > {span.name}" for span in found)

    def close(self) -> None:
        """End it."""
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)


def _received(span: Any) -> Received:
    return Received(
        name=span.name,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        facts={one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes},
        failed=span.status.message if span.status.code == 2 else None,
        raw=str(span),
    )
