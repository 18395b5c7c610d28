"""A requests transport on which the head of a reply has to arrive within the time-out as a whole.

The time-out of requests is per read: a peer that sends one byte of the head now and then holds a thread for ever.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any, Self

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse


class _Cutter:
    """Ends a connection after so many seconds, unless stopped before."""

    def __init__(self, connection: HTTPConnection) -> None:
        self.fired = False
        self._socket = connection.sock
        self._timer = threading.Timer(float(connection.timeout or 0), self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        if self._timer.interval > 0:
            self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._timer.cancel()
        if self.fired:
            # Without an error as well: to the parser the cut looks like the end of the head.
            raise TimeoutError("the head of the reply came too slowly") from error

    def _cut(self) -> None:
        self.fired = True
        if isinstance(self._socket, socket.socket):
            # Not SSLSocket's own shutdown, which takes the TLS state from under the thread that reads.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _PlainConnection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Read the head in time."""
        with _Cutter(self):
            return super().getresponse()


class _TlsConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Read the head in time."""
        with _Cutter(self):
            return super().getresponse()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class DeadlineAdapter(HTTPAdapter):
    """Mount it on a session for both schemes. Retries are off, as requests has them."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Use our connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
