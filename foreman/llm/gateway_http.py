"""Plain HTTP/1.1 for the gateway, on a Unix socket and on loopback TCP: one request per connection, all bounded.

Whoever connects may be a hijacked agent. A request must be there whole within its time, however slowly it drips;
connections are few, and when all are taken the oldest one that has not shown a token gives way.
"""

from __future__ import annotations

import contextlib
import io
import json
import selectors
import socket
import socketserver
import time
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol

import structlog

from foreman.errors import ForemanError
from foreman.llm.answers import Answer, refused
from foreman.llm.connections import Connections
from foreman.llm.grants import Grant

MAX_REQUEST_BYTES = 1024 * 1024
"""Largest request body."""

READ_SECONDS = 10.0
"""For a whole request to arrive."""

_BACKLOG = 1024
"""Connections not accepted yet. On a Unix socket a full backlog refuses an agent's connection at once."""

_LINGER_SECONDS = 1.0
"""For reading away what was sent with a request that is refused."""

_WRITE_SECONDS = 10.0
"""For one piece of an answer to be taken."""


class Desk(Protocol):
    """What the servers need to know of the gateway."""

    def enter(self, token: str) -> Grant:
        """Begin a request; raises ForemanError when the token is no good."""

    def leave(self, grant: Grant) -> None:
        """End a request."""

    def refuse(self, error: ForemanError) -> Answer:
        """Turn an error into an answer."""

    def answer(self, grant: Grant, body: bytes) -> Answer:
        """Answer a chat completion."""

    def models(self, grant: Grant) -> Answer:
        """List the one model of the task."""


class _Timed(io.RawIOBase):
    """A socket's bytes, all of them before one moment."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        super().__init__()
        self._connection = connection
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long to arrive")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class Handler(BaseHTTPRequestHandler):
    """One request on one connection."""

    protocol_version = "HTTP/1.1"
    server: UnixServer | TcpServer

    rfile: io.BufferedReader

    def setup(self) -> None:
        """Read against a deadline instead of a time-out per piece."""
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(_Timed(self.connection, self.server.read_seconds))
        self.close_connection = True

    def do_GET(self) -> None:
        """List models."""
        self._serve("/v1/models")

    def do_POST(self) -> None:
        """Complete a chat."""
        self._serve("/v1/chat/completions")

    def _serve(self, path: str) -> None:
        desk = self.server.desk
        if self.path.split("?", 1)[0] != path:
            self._refuse(refused(404, "not_found", "there are POST /v1/chat/completions and GET /v1/models"))
            return
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        try:
            grant = desk.enter(token.strip() if scheme.lower() == "bearer" else "")
        except ForemanError as error:
            self._refuse(desk.refuse(error))
            return
        try:
            self.server.connections.recognise(self.connection)
            if self.command == "GET":
                self._send(desk.models(grant))
            else:
                self._complete(grant)
        finally:
            desk.leave(grant)

    def _complete(self, grant: Grant) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            self._refuse(refused(411, "length_required", "send a Content-Length"))
        elif len(length) > 9 or int(length) > MAX_REQUEST_BYTES:
            self._refuse(refused(413, "request_too_large", f"a request may have {MAX_REQUEST_BYTES} bytes"))
        else:
            try:
                body = self.rfile.read(int(length))
            except TimeoutError as error:
                self._send(refused(408, "request_timeout", str(error)))
                return
            if len(body) < int(length):
                self._send(refused(400, "invalid_request", "the request is cut off"))
            else:
                self._send(self.server.desk.answer(grant, body))

    def _refuse(self, answer: Answer) -> None:
        """Answer before the body was read; then read it away, or the agent's write fails before it sees the answer."""
        self._send(answer)
        left, until = 2 * MAX_REQUEST_BYTES, time.monotonic() + _LINGER_SECONDS
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while left > 0 and time.monotonic() < until and (piece := self.rfile.read1(65_536)):
                left -= len(piece)

    def _send(self, answer: Answer) -> None:
        # Begun before the first byte goes out, so that closing it always settles the call.
        first = next(answer.events, b"") if answer.events is not None else b""
        try:
            self.connection.settimeout(_WRITE_SECONDS)
            payload = b"" if answer.body is None else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            self.send_header("Connection", "close")
            if answer.events is None:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
            else:
                self.send_header("Content-Type", "text/event-stream; charset=utf-8")
                self.send_header("Cache-Control", "no-store")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload or first)
            for piece in answer.events or ():
                self.wfile.write(piece)
            self.wfile.flush()
        except OSError:
            return  # the agent hung up; what it spent is settled below
        finally:
            close = getattr(answer.events, "close", None)
            if close is not None:
                close()

    def version_string(self) -> str:
        """Tell nothing about what serves."""
        return "foreman"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Keep the base class from printing; what matters is logged per model call."""


class _Server(socketserver.ThreadingMixIn):
    daemon_threads = True
    block_on_close = False
    timeout: float | None = 0
    """For `handle_request`, which is called when somebody is there."""

    desk: Desk
    connections: Connections
    read_seconds: float

    def __init__(self, *args: Any) -> None:
        self._hears, self._tells = socket.socketpair()
        super().__init__(*args)

    def serve_forever(self, poll_interval: float = 0.0) -> None:  # noqa: ARG002 - nothing is polled
        """Serve until `shutdown`; while nobody comes, nothing happens at all."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self, selectors.EVENT_READ)  # type: ignore[arg-type]  # the server this is mixed into
            waiting.register(self._hears, selectors.EVENT_READ)
            while not any(key.fileobj is self._hears for key, _ in waiting.select()):
                self.handle_request()  # type: ignore[attr-defined]

    def shutdown(self) -> None:
        """Have `serve_forever` end; returns at once."""
        self._tells.send(b"x")

    def server_close(self) -> None:
        """Stop listening."""
        super().server_close()
        self._hears.close()
        self._tells.close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread for a connection that was admitted."""
        if self.connections.admit(request):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)  # type: ignore[attr-defined]  # of the server this is mixed into

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.forget(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class calls it so
        """Log what went wrong with one connection; the others go on."""
        structlog.get_logger().exception("gateway_request_failed")


class TcpServer(_Server, socketserver.TCPServer):
    """On loopback, a free port."""

    request_queue_size = _BACKLOG

    def __init__(self, desk: Desk, connections: Connections, *, read_seconds: float = READ_SECONDS) -> None:
        """Bind and listen."""
        self.desk, self.connections, self.read_seconds = desk, connections, read_seconds
        super().__init__(("127.0.0.1", 0), Handler)


class UnixServer(_Server, socketserver.UnixStreamServer):
    """On a socket file."""

    request_queue_size = _BACKLOG

    def __init__(self, path: str, desk: Desk, connections: Connections, *, read_seconds: float = READ_SECONDS) -> None:
        """Bind and listen."""
        self.desk, self.connections, self.read_seconds = desk, connections, read_seconds
        super().__init__(path, Handler)
