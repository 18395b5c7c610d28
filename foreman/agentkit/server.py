"""An HTTP server for tasks: `POST /task` and `GET /health`, on the socket or port that Foreman names.

Standard library only, so that an agent's image stays small. One thread per task; how many run at once Foreman decides.
"""

from __future__ import annotations

import hmac
import json
import os
import signal
import socket
import socketserver
import sys
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import FrameType

from pydantic import ValidationError

from foreman.agentkit.model import ModelUnavailable
from foreman.protocol import Decision, Task

Handler = Callable[[Task], Decision]

DEFAULT_SOCKET = "/run/foreman/agent/agent.sock"
"""Where a sealed agent listens."""

_MAX_TASK_BYTES = 2 * 1024 * 1024
"""Largest task taken, bytes."""

_IDLE_SECONDS = 30.0
"""How long a connection may send nothing, seconds."""


class AgentServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Serves one handler; made by `make_server`."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, handler: Handler, address: str | tuple[str, int], *, token: str = "") -> None:
        """Bind and listen.

        Args:
            handler: Decides about one task; called from several threads.
            address: Path of a socket, or host and port.
            token: What callers must present as a bearer token; empty for none.
        """
        self.handler = handler
        self.token = token
        self.path = address if isinstance(address, str) else ""
        if self.path:
            self.address_family = socket.AF_UNIX
            self.allow_reuse_address = False
            Path(self.path).unlink(missing_ok=True)
        super().__init__(address, _TaskHandler)  # type: ignore[arg-type]
        if self.path:
            # Foreman may run as another user; who can reach the folder may talk to the agent.
            Path(self.path).chmod(0o666)

    @property
    def port(self) -> int:
        """TCP port, 0 on a Unix socket."""
        return 0 if self.path else int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the library calls it
        """Print what went wrong with a connection, but not that Foreman hung up."""
        if not isinstance(sys.exception(), OSError):
            traceback.print_exc(file=sys.stderr)

    def server_close(self) -> None:
        """Stop listening and take the socket file away."""
        super().server_close()
        if self.path:
            Path(self.path).unlink(missing_ok=True)


class _TaskHandler(BaseHTTPRequestHandler):
    server: AgentServer
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing per request; Foreman logs each task."""

    def address_string(self) -> str:
        """Name the caller; a Unix socket has no address."""
        return "foreman"

    def do_GET(self) -> None:  # the library's name
        """Answer the health check."""
        if self.path == "/health":
            self._answer(200, {"status": "ok"})
        else:
            self._answer(404, {"error": "there are POST /task and GET /health"})

    def do_POST(self) -> None:  # the library's name
        """Answer one task."""
        if self.path != "/task":
            self._answer(404, {"error": "there are POST /task and GET /health"})
            return
        if self.server.token and not self._is_authorised():
            self._answer(401, {"error": "wrong or missing token"})
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or len(length) > 10:
            self._answer(411, {"error": "Content-Length is required"})
            return
        if int(length) > _MAX_TASK_BYTES:
            self._answer(413, {"error": f"a task has at most {_MAX_TASK_BYTES} bytes"})
            return
        self._decide(self.rfile.read(int(length)))

    def _decide(self, body: bytes) -> None:
        try:
            task = Task.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            self._answer(400, {"error": f"not a task: {where}: {first['msg']}"})
            return
        try:
            decision = self.server.handler(task)
        except ModelUnavailable as error:
            self._answer(503, {"error": str(error)}, retry_after=error.retry_after or "60")
        except Exception as error:  # the border of one task: the next one must still be served
            traceback.print_exc(file=sys.stderr)
            self._answer(500, {"error": type(error).__name__})
        else:
            self._send(200, decision.model_dump_json(exclude_none=True).encode())

    def _is_authorised(self) -> bool:
        given = self.headers.get("Authorization", "").encode("utf-8", "replace")
        return hmac.compare_digest(given, f"Bearer {self.server.token}".encode())

    def _answer(self, status: int, body: dict[str, str], *, retry_after: str = "") -> None:
        self._send(status, json.dumps(body).encode(), retry_after=retry_after)

    def _send(self, status: int, body: bytes, *, retry_after: str = "") -> None:
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(body)


def make_server(
    handler: Handler, *, path: str = "", host: str = "127.0.0.1", port: int = 0, token: str = ""
) -> AgentServer:
    """Bind a server without running it, for tests and for agents with a main loop of their own.

    Args:
        handler: Decides about one task; called from several threads.
        path: Unix socket; empty for TCP.
        host: Address for TCP.
        port: Port for TCP, 0 for any free one.
        token: What callers must present as a bearer token; empty for none.

    Returns:
        A server with `serve_forever`, `shutdown` and `server_close`.
    """
    return AgentServer(handler, path or (host, port), token=token)


def serve(handler: Handler) -> None:
    """Answer tasks until SIGTERM or SIGINT.

    Listens on `FOREMAN_AGENT_PORT` (host `FOREMAN_AGENT_HOST`, loopback by default; token `FOREMAN_AGENT_TOKEN`) where
    that is set, else on the Unix socket `FOREMAN_AGENT_SOCKET`, by default the one Foreman mounts into a container.

    Args:
        handler: Decides about one task; called from several threads.
    """
    ending = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        ending.set()

    # Before anybody can see that we listen: from then on we are asked to end, not ended.
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if port := os.environ.get("FOREMAN_AGENT_PORT"):
        host = os.environ.get("FOREMAN_AGENT_HOST", "127.0.0.1")
        server = make_server(handler, host=host, port=int(port), token=os.environ.get("FOREMAN_AGENT_TOKEN", ""))
    else:
        server = make_server(handler, path=os.environ.get("FOREMAN_AGENT_SOCKET", DEFAULT_SOCKET))

    def end() -> None:
        # shutdown() waits for the loop of the main thread, which the signal interrupts: it needs a thread of its own.
        ending.wait()
        server.shutdown()

    threading.Thread(target=end, daemon=True).start()
    with server:
        server.serve_forever(poll_interval=0.1)
