"""The health server as a thread: bound before `start` returns, gone within a second after `stop`."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from foreman.config.fields import is_loopback
from foreman.errors import ConfigError, Problem
from foreman.log import get_logger
from foreman.server.base import Vitals
from foreman.server.request_id import RequestIds

log = get_logger(__name__)

STOP_SECONDS = 1.0
"""How long a stop waits for the thread; requests that are still being answered then are cut off."""

KEEP_ALIVE_SECONDS = 5
"""How long an idle connection is kept."""


class HealthServer:
    """Serves `GET /healthcheck`, `/healthcheck/ready` and `/metrics` on a thread of its own."""

    def __init__(self, host: str, port: int, vitals: Vitals, operator_token: str = "") -> None:
        """Keep what is needed; opens nothing.

        Args:
            host: Address or name to listen on.
            port: TCP port; 0 takes a free one.
            vitals: Who knows how Foreman is doing.
            operator_token: What a request must carry as `Authorization: Bearer …` for all but `/healthcheck`.

        Raises:
            ConfigError: Other machines can reach the address, and there is no token.
        """
        if not is_loopback(host) and not operator_token:
            message = f"is required, since {host!r} can be reached from other machines"
            raise ConfigError([Problem(path="server.operator_token", message=message)])
        self._host = host
        self._port = port
        self._vitals = vitals
        self._token = operator_token
        self._stopping = threading.Event()
        self._socket: socket.socket | None = None
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens; only after `start`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def start(self) -> None:
        """Take the port and serve; returns at once, and requests from here on are answered.

        Raises:
            ConfigError: The port is taken, or the address is none of this machine's.
        """
        self._socket = self._bind()
        self._port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="health", daemon=True)
        self._thread.start()
        log.info("health_server_started", url=self.url)

    def stop(self) -> None:
        """Stop serving, within `STOP_SECONDS`; harmless when it does not run."""
        self._stopping.set()
        if self._server is not None:
            self._server.end()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS / 2)
        if self._server is not None:
            self._server.force_exit = True
        if self._thread is not None:
            self._thread.join(STOP_SECONDS / 2)
        if self._socket is not None:
            self._socket.close()

    def _bind(self) -> socket.socket:
        try:
            family, _, _, _, address = socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            bound = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            raise _unusable("host", f"{self._host!r} cannot be listened on ({error.strerror})") from error
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            # Listening already: whoever asks while the libraries load waits for an answer instead of being refused.
            bound.listen(128)
        except OSError as error:
            bound.close()
            what = f"{self._host}:{self._port} cannot be listened on ({error.strerror}); another Foreman or program?"
            raise _unusable("port", what) from error
        return bound

    def _serve(self) -> None:
        # Imported here, beside the start of everything else: see `page`.
        import uvicorn

        from foreman.server.page import application
        from foreman.server.patient import PatientServer

        asking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health-ask")
        try:
            app = application(self._vitals, operator_token=self._token, asking=asking)
            self._server = PatientServer(
                uvicorn.Config(
                    RequestIds(app),
                    http="h11",
                    ws="none",
                    loop="asyncio",
                    lifespan="off",
                    log_config=None,
                    access_log=False,
                    server_header=False,
                    proxy_headers=False,
                    timeout_keep_alive=KEEP_ALIVE_SECONDS,
                )
            )
            if not self._stopping.is_set():
                self._server.run(sockets=[self._socket])
        finally:
            asking.shutdown(cancel_futures=True)


def _unusable(key: str, what: str) -> ConfigError:
    return ConfigError([Problem(path=f"server.{key}", message=what)])
