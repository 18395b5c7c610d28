"""HTTP/1.1 on loopback: reads requests, sends what it is told, slowly or by halves if so told. Knows no forge."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

MAX_BODY_BYTES = 10_000_000
_PATIENCE = 5.0
"""Seconds to wait for a thread at the end; all of them have been woken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came.

    Attributes:
        method: In capitals.
        target: Path and query, still encoded.
        headers: Names in lower case.
        body: Bytes; fewer than announced when `truncated`.
        truncated: The sender died on the way.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What to send.

    Attributes:
        status: HTTP status; 0 closes the connection without a word.
        headers: All but Content-Length and Server.
        body: Bytes.
        bytes_per_second: Pace; 0 for at once.
        cut: Close after so many bytes of the body; None for never.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    bytes_per_second: float = 0.0
    cut: int | None = None


class LoopbackServer(HTTPServer):
    """A thread per connection, all of them ended by `stop`.

    Args:
        port: 0 for any free one.
        handle: Decides what is sent.
    """

    request_queue_size = 128
    timeout = 1

    def __init__(self, port: int, handle: Callable[[Received], Delivery]) -> None:
        self.handle = handle
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, socket.socket] = {}
        super().__init__(("127.0.0.1", port), _Handler)
        self._acceptor = threading.Thread(target=self._accept, name="sandbox-accept", daemon=True)

    def server_bind(self) -> None:
        """Bind without asking a name server who we are."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def start(self) -> None:
        """Begin to accept."""
        self._acceptor.start()

    def stop(self) -> None:
        """Stop accepting, cut every connection, wait for every thread."""
        self.stopping.set()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.server_port), timeout=1):
            self._acceptor.join(_PATIENCE)  # Woken by the connection, or by its own timeout.
        self._acceptor.join(_PATIENCE)
        self.server_close()
        with self._lock:
            connections = dict(self._open)
        for connection in connections.values():
            _cut(connection)
        for thread in connections:
            thread.join(_PATIENCE)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            self.handle_request()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""
        if self.stopping.is_set():
            self.shutdown_request(request)
            return
        thread = threading.Thread(
            target=self._serve, args=(request, client_address), name="sandbox-connection", daemon=True
        )
        with self._lock:
            self._open[thread] = request
        thread.start()

    def _serve(self, request: socket.socket, client_address: Any) -> None:
        try:
            with contextlib.suppress(OSError):  # The other side went away, or `stop` cut the connection.
                self.finish_request(request, client_address)
        finally:
            self.shutdown_request(request)
            with self._lock:
                self._open.pop(threading.current_thread(), None)


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # Closed by the other side meanwhile.
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: LoopbackServer

    def version_string(self) -> str:
        return "foreman-sandbox"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        """Say nothing; the ledger knows."""

    def _receive(self) -> Received:
        announced = int(self.headers.get("Content-Length") or 0)
        body = b""
        try:
            while len(body) < announced and (chunk := self.rfile.read1(announced - len(body))):
                body += chunk
        except ConnectionError:
            self.close_connection = True
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Received(
            method=self.command, target=self.path, headers=headers, body=body, truncated=len(body) < announced
        )

    def _answer(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.send_error(411)
            self.close_connection = True
            return
        if int(length) > MAX_BODY_BYTES:
            self.send_error(413)
            self.close_connection = True
            return
        received = self._receive()
        delivery = self.server.handle(received)
        if received.truncated or not delivery.status or self.server.stopping.is_set():
            self.close_connection = True
            return
        self.send_response_only(delivery.status)
        self.send_header("Server", self.version_string())
        for name, value in delivery.headers.items():
            self.send_header(name, value)
        if delivery.status not in (204, 304):
            self.send_header("Content-Length", str(len(delivery.body)))
        self.end_headers()
        self._send(delivery)

    def _send(self, delivery: Delivery) -> None:
        body = delivery.body if delivery.cut is None else delivery.body[: delivery.cut]
        if delivery.bytes_per_second > 0:
            step = max(1, int(delivery.bytes_per_second / 10))
            for start in range(0, len(body), step):
                self.wfile.write(body[start : start + step])
                self.wfile.flush()
                if self.server.stopping.wait(step / delivery.bytes_per_second):
                    break
        else:
            self.wfile.write(body)
        self.wfile.flush()
        if delivery.cut is not None:
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815  (the base class's names)
