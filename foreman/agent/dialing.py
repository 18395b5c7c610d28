"""Connect to an agent before one moment: over TCP, or to its socket file, checked and connected to by one handle."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import field
from functools import lru_cache
from pathlib import Path

from foreman.errors import AgentUnavailable
from foreman.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an agent listens: a socket file, or host and port.

    Attributes:
        path: Socket file; None for TCP.
        host: For TCP.
        port: For TCP.
        prefix: Path before `/task`, for an agent behind a proxy: `/agents/triage`.
        token: Bearer token; empty for none.
        tls: Speak TLS, certificates checked against the system's authorities.
    """

    path: Path | None = None
    host: str = ""
    port: int = 0
    prefix: str = ""
    token: str = field(default="", repr=False)
    tls: bool = False


@contextlib.contextmanager
def connected(address: Address, deadline: float) -> Iterator[socket.socket]:
    """Connect, and hang up at the end.

    Args:
        address: Where.
        deadline: On the clock of `time.monotonic`; for resolving a name and TLS as well.

    Yields:
        The connection.

    Raises:
        AgentUnavailable: What stands at a socket file's path is no socket.
    """
    if address.path is not None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, _checked(address.path) as path:
            connection.settimeout(left_of(deadline))
            connection.connect(path)
            yield connection
        return
    with _connected_tcp(address, deadline) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not address.tls:
            yield plain
            return
        import ssl  # only for agents that live elsewhere

        plain.settimeout(left_of(deadline))  # what connecting left is all that the handshake gets
        with ssl.create_default_context().wrap_socket(plain, server_hostname=address.host) as secure:
            yield secure


def left_of(deadline: float) -> float:
    """Return the seconds that are left; raises TimeoutError when none are."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _connected_tcp(address: Address, deadline: float) -> socket.socket:
    # `create_connection` would give each of a name's addresses the whole time.
    refused: OSError = ConnectionRefusedError("no address")
    for family, where in _resolved(address, deadline):
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(left_of(deadline))
            connection.connect(where)
        except OSError as error:
            connection.close()
            refused = error
        else:
            return connection
    raise refused


def _resolved(address: Address, deadline: float) -> list[tuple[int, tuple[object, ...]]]:
    """Look a name up in a thread of its own: a name server that does not answer has no time-out to set."""
    if (known := _numeric(address.host, address.port)) is not None:  # an address needs no looking up
        return known
    answer: queue.SimpleQueue[list[tuple[int, tuple[object, ...]]] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answer.put(_places(address.host, address.port))
        except OSError as error:
            answer.put(error)
        except UnicodeError:
            answer.put(OSError("its host cannot be a name"))

    threading.Thread(target=look_up, name="resolve", daemon=True).start()
    try:
        told = answer.get(timeout=left_of(deadline))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(told, OSError):
        raise told
    return told


@lru_cache(maxsize=64)
def _numeric(host: str, port: int) -> list[tuple[int, tuple[object, ...]]] | None:
    """Return where an address is, None for a name. Not to be changed: every task to the same agent asks."""
    try:
        return _places(host, port, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None


def _places(host: str, port: int, flags: int = 0) -> list[tuple[int, tuple[object, ...]]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, where) for family, _, _, _, where in found]


@contextlib.contextmanager
def _checked(path: Path) -> Iterator[str]:
    """Hold a socket file so that what was checked is what is connected to.

    The agent can write to the folder, so it could put a link to somebody else's socket in the file's place between a
    look and a connect. On Linux the file itself is opened (O_PATH, no link followed) and connected to by that handle.
    """
    if not hasattr(os, "O_PATH"):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise AgentUnavailable("the agent's socket is not a socket")
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        handle = os.open(path.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        if not stat.S_ISSOCK(os.fstat(handle).st_mode):
            raise AgentUnavailable("the agent's socket is not a socket")
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)
