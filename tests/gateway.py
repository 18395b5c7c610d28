"""A loopback stand-in for the model gateway, and a fixture for whoever asks it."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Gateway:
    """Answers chat completions from a list; keeps what it was asked."""

    def __init__(self, server: socketserver.BaseServer, url: str) -> None:
        self.server = server
        self.url = url
        self.replies: list[tuple[int, dict[str, Any] | bytes, dict[str, str]]] = []
        self.requests: list[dict[str, Any]] = []
        self.authorisations: list[str] = []

    def says(self, *texts: str) -> None:
        for text in texts:
            body = {
                "choices": [{"message": {"role": "assistant", "content": text}}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 20},
            }
            self.replies.append((200, body, {}))

    def fails(self, status: int, body: dict[str, Any] | bytes, **headers: str) -> None:
        self.replies.append((status, body, {name.replace("_", "-"): value for name, value in headers.items()}))


def _handler(gateway: Callable[[], Gateway]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            scripted = gateway()
            body = self.rfile.read(int(self.headers["Content-Length"]))
            scripted.requests.append({"path": self.path, **json.loads(body)})
            scripted.authorisations.append(self.headers.get("Authorization", ""))
            status, answer, headers = scripted.replies.pop(0)
            raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def address_string(self) -> str:
            return "test"

        def log_message(self, *_: object) -> None:
            return

    return Handler


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@pytest.fixture(params=["tcp", "unix"])
def gateway(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Return the stand-in, over both ways an agent may find it."""
    holder: list[Gateway] = []
    handler = _handler(lambda: holder[0])
    if request.param == "tcp":
        server: socketserver.BaseServer = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    else:
        path = tmp_path_factory.mktemp("g") / "llm.sock"
        server = _UnixServer(str(path), handler)
        url = "http+unix://" + str(path).replace("/", "%2F") + "/v1"
    holder.append(Gateway(server, url))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield holder[0]
    server.shutdown()
    thread.join(60)
    server.server_close()
