"""Pieces for tests of runtimes: scripted servers, waiting with an end, processes that are gone."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from foreman.agent.dialing import Address

Script = Callable[[socket.socket], None]


def _wait(condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.02)


@pytest.fixture
def wait() -> Callable[..., None]:
    """Return a function that waits for a condition, with an end."""
    return _wait


@pytest.fixture
def is_gone() -> Callable[[int], bool]:
    """Return a function that tells whether a process has ended, a zombie counting as ended."""

    def gone(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        except OSError:
            return True

    return gone


@pytest.fixture
def scripted() -> Iterator[Callable[[Script], Address]]:
    """Return a function that serves one connection by a script, after reading the request."""
    servers: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(script: Script) -> Address:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def once() -> None:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(60)
                try:
                    script(connection)
                except OSError:  # the client hung up, as it should
                    return

        thread = threading.Thread(target=once)
        threads.append(thread)
        thread.start()
        return Address(host="127.0.0.1", port=server.getsockname()[1])

    yield serve
    for server in servers:
        # close() alone does not wake an accept() in another thread.
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
    for thread in threads:
        thread.join(60)
