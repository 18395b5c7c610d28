"""Connections to one origin: opened as requests would, with its proxies and certificates, kept, and broken off.

A connection's TLS context is made once: reading all the certificates that the world trusts costs more than a request.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import ssl
import threading
import weakref
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies
from urllib3 import HTTPConnectionPool, PoolManager
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, LocationValueError, ProxySchemeUnknown
from urllib3.util import Timeout, wait_for_read
from urllib3.util.ssl_ import create_urllib3_context

from foreman.forge.http_exchange import Exchange

_REFUSED = re.compile(r"Tunnel connection failed: (\d{3})\b")  # what `http.client` says


class NoProxy(OSError):
    """The environment's proxy is in the way; says why, without its address, which may hold a password."""


class Opened:
    """An open connection.

    Attributes:
        exchange: For requests.
    """

    def __init__(self, connection: HTTPConnection, *, timeout_seconds: float) -> None:
        """Take over a connection that is open.

        Args:
            connection: Open.
            timeout_seconds: As for `Exchange`.
        """
        self._connection = connection
        self._sock: Any = connection.sock
        self.exchange = Exchange(self._sock, timeout_seconds=timeout_seconds)

    @property
    def is_dead(self) -> bool:
        """Whether the peer has hung up, or has said something that nobody asked for."""
        return bool(wait_for_read(self._sock, timeout=0.0))

    def close(self) -> None:
        """Close it."""
        self._connection.close()


class Door:
    """Where connections to one origin come from, and where one of them rests between requests."""

    def __init__(self, *, origin: str, timeout_seconds: float) -> None:
        """Prepare; nothing is opened yet.

        Args:
            origin: Scheme, host and port.
            timeout_seconds: For connecting, and as for `Exchange`.
        """
        self._origin = origin
        self._timeout_seconds = timeout_seconds
        self._resting: list[Opened] = []
        self._live = _Live()
        self._pool: _Opening | None = None
        self._trusted: tuple[str, int] | None = None

    def take(self) -> Opened:
        """Return the connection that rests here while it is alive, else a new one.

        Returns:
            The caller's, to `rest` or to close.

        Raises:
            NoProxy: There is no way through the proxy.
            OSError: Nobody is there, or nobody vouches for who is.
            urllib3.exceptions.HTTPError: The same, in urllib3's words.
        """
        with contextlib.suppress(IndexError):
            kept = self._resting.pop()
            if not kept.is_dead:
                return kept
            kept.close()
        return self._open()

    def rest(self, one: Opened) -> None:
        """Keep a connection for the next request."""
        self._resting.append(one)
        if self._live.broken_off or len(self._resting) > 1:
            self.forget()

    def forget(self) -> None:
        """Close what rests."""
        with contextlib.suppress(IndexError):
            while True:
                self._resting.pop().close()

    def close(self) -> None:
        """Cut every connection, from any thread, and each one that is opened from now on."""
        self._live.break_off()
        self.forget()

    def _open(self) -> Opened:
        pool = self._ready_pool()
        connection = pool.opened(self._timeout_seconds)
        self._live.add(connection)
        return Opened(connection, timeout_seconds=self._timeout_seconds)

    def _ready_pool(self) -> _Opening:
        """Return what opens connections, made anew when the file of who is trusted has changed."""
        secure = self._origin.startswith("https:")
        trusted = _trusted() if secure else None
        if self._pool is None or trusted != self._trusted:
            request = requests.Request("GET", f"{self._origin}/").prepare()
            # A proxy of the environment would see the token of a plain HTTP request.
            proxies = get_environ_proxies(str(request.url)) if secure else {}
            adapter = _Adapter(_context(trusted[0]) if trusted else None)
            try:
                found = adapter.get_connection_with_tls_context(request, verify=True, proxies=proxies)
            except (requests.exceptions.InvalidSchema, ProxySchemeUnknown):
                raise NoProxy("only those at http:// and https:// are understood") from None
            except (requests.exceptions.InvalidProxyURL, LocationValueError):
                raise NoProxy("its address is none") from None
            assert isinstance(found, _Opening)  # noqa: S101 - what _Adapter makes
            self._pool, self._trusted = found, trusted
        return self._pool


class _Live:
    """The sockets of one door."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self.broken_off = False

    def add(self, connection: HTTPConnection) -> None:
        if isinstance(connection.sock, socket.socket):
            with self._lock:
                self._sockets.add(connection.sock)
                if self.broken_off:
                    _cut(connection.sock)

    def break_off(self) -> None:
        with self._lock:
            self.broken_off = True
            for one in tuple(self._sockets):
                _cut(one)


def _cut(one: socket.socket) -> None:
    # Not SSLSocket's own shutdown, which takes the TLS state from under the thread that reads.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(one, socket.SHUT_RDWR)


class _Opening(HTTPConnectionPool):
    """In front of one of urllib3's own pools, whose methods it then calls."""

    def opened(self, timeout_seconds: float) -> HTTPConnection:
        """Open a connection, through the proxy if there is one."""
        self.timeout = Timeout(timeout_seconds)
        connection = self._new_conn()
        try:
            if self.proxy is not None:
                self._prepare_proxy(connection)
            if connection.is_closed:
                connection.connect()
        except BaseException as error:
            connection.close()
            if self.proxy is not None and (why := _of_the_proxy(error)) is not None:
                raise NoProxy(why) from error
            raise
        return connection  # type: ignore[return-value] # urllib3's protocol for connections leaves out the socket


class _Adapter(HTTPAdapter):
    """Knows which proxy a request goes through; its pools only open connections."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _let_open(self.poolmanager)

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
        host, _ = super().build_connection_pool_key_attributes(*args, **kwargs)
        return host, {"cert_reqs": "CERT_REQUIRED", "ssl_context": self._context} if self._context else {}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if not proxy.lower().startswith("socks"):
            kwargs["proxy_ssl_context"] = self._context
        manager = super().proxy_manager_for(proxy, **kwargs)
        _let_open(manager)
        return manager


def _of_the_proxy(error: BaseException) -> str | None:
    """Say why there is no way through a proxy, nothing where its cause says it; None where another is in the way."""
    if isinstance(error, ConnectTimeoutError):  # of the forge behind it only the proxy would tell
        return ""
    refused = _REFUSED.match(str(error)) if isinstance(error, OSError) else None
    return f"it answers {refused[1]}" if refused else None


def _let_open(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {
        scheme: type(kind.__name__, (_Opening, kind), {}) for scheme, kind in manager.pool_classes_by_scheme.items()
    }


def _trusted() -> tuple[str, int]:
    """Return the file or directory of who is trusted, and when it changed.

    SSL_CERT_FILE is what OpenSSL's programs and httpx go by; requests knows its own variables alone, which go before.
    """
    path = next(filter(None, map(os.environ.get, ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"))), "")
    path = path or DEFAULT_CA_BUNDLE_PATH
    return path, Path(path).stat().st_mtime_ns


def _context(path: str) -> ssl.SSLContext:
    context = create_urllib3_context()
    if Path(path).is_dir():
        context.load_verify_locations(capath=path)
    else:
        context.load_verify_locations(path)
    return context
