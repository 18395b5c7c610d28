"""As much of a container engine's API, over real HTTP, as says what kernel it has and that every image is there."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def fake_engine(kernel: str, *, limits: bool = True) -> Iterator[str]:
    """Serve it on loopback and yield what DOCKER_HOST is to be."""
    version = {"Version": "27.0.1", "ApiVersion": "1.41", "MinAPIVersion": "1.24", "KernelVersion": kernel}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told: dict[str, Any] = version
            if "/images/" in self.path:
                told = {"Id": "sha256:1", "RepoTags": []}
            elif self.path.endswith("/info"):
                told = {"MemoryLimit": True, "CpuCfsQuota": limits, "PidsLimit": limits}
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(60)
