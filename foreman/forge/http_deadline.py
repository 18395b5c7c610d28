"""A requests transport on which the head of a reply has to arrive in time as a whole, and that can be broken off.

The time-out of requests is per read: a peer that sends one byte of the head now and then holds a thread for ever.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from typing import Any, Self

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse


class _Live:
    """The sockets of one adapter."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._broken_off = False

    def add(self, connection: HTTPConnection) -> None:
        if isinstance(connection.sock, socket.socket):
            with self._lock:
                self._sockets.add(connection.sock)
                if self._broken_off:
                    _cut(connection.sock)

    def break_off(self) -> None:
        with self._lock:
            self._broken_off = True
            for one in tuple(self._sockets):
                _cut(one)


class _Cutter:
    """Ends a connection after so many seconds, unless stopped before."""

    def __init__(self, connection: HTTPConnection) -> None:
        self.fired = False
        self._socket = connection.sock
        self._timer = threading.Timer(float(connection.timeout or 0), self._fire)
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

    def _fire(self) -> None:
        self.fired = True
        if isinstance(self._socket, socket.socket):
            _cut(self._socket)


def _cut(one: socket.socket) -> None:
    # Not SSLSocket's own shutdown, which takes the TLS state from under the thread that reads.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(one, socket.SHUT_RDWR)


class DeadlineAdapter(HTTPAdapter):
    """Mount it on a session for both schemes. Retries are off, as requests has them."""

    def __init__(self) -> None:
        """Keep one connection for each host."""
        self._live = _Live()
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Use our connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._live)

    def break_off(self) -> None:
        """Cut every connection, from any thread, and each one that is opened from now on."""
        self._live.break_off()


def _pools(live: _Live) -> dict[str, type[HTTPConnectionPool]]:
    """Return pools whose connections report to `live`; urllib3 has no way to hand them anything but a class."""

    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            live.add(self)

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]
            with _Cutter(self):
                return super().getresponse()

    # Plain stands in front of urllib3's own TLS connection, whose methods it then calls.
    class Tls(Plain, HTTPSConnection):
        """Needs nothing of its own."""

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}
