"""One SQLite connection for each thread, and how they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from foreman.errors import StoreError
from foreman.store.quick import QuickConnection
from foreman.store.rows import driver
from foreman.values import dataclass

BUSY_TIMEOUT_SECONDS = 5.0
"""How long a writer waits for another; one of ours holds the lock for milliseconds."""

CLOSE_SECONDS = 2.0
"""How long `close` waits for the blocks of other threads; one still open then is closed by its own thread's end."""


STATEMENTS_KEPT = 400
"""Statements each connection keeps parsed. A worker asks about 150 different ones; the driver's own bound is 128, and
what is asked in turn and does not fit is parsed every time."""


@dataclass(slots=True)
class _OfThread:
    """A thread's connection.

    Attributes:
        thread: The only one that uses it.
        connection: The connection.
        in_use: Held in a `read` or `transaction` block: closing under a running statement is a crash of the process.
    """

    thread: threading.Thread
    connection: Connection
    in_use: threading.RLock = field(default_factory=threading.RLock)


class Connections:
    """The connections of a database, each for one thread."""

    def __init__(self, path: Path) -> None:
        """Prepare; connects when a thread asks.

        Args:
            path: An existing SQLite file.
        """
        self._path = path
        self._engine = _engine(path)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._all: list[_OfThread] = []
        self._closed = False

    @contextmanager
    def mine(self) -> Iterator[Connection]:
        """Use this thread's connection.

        Yields:
            The connection, which `close` leaves alone as long as the block lasts.

        Raises:
            StoreError: Closed.
        """
        own = self._of_this_thread()
        with own.in_use:
            if own.connection.closed:
                raise StoreError(f"{self._path} was closed")
            yield own.connection

    def _of_this_thread(self) -> _OfThread:
        own: _OfThread | None = getattr(self._local, "own", None)
        if own is not None and not own.connection.closed:
            return own
        with self._lock:
            if self._closed:
                raise StoreError(f"{self._path} was closed")
            self._bury_the_dead()
            own = _OfThread(threading.current_thread(), self._engine.connect())
            self._all.append(own)
        self._local.own = own
        return own

    def _bury_the_dead(self) -> None:
        """Close connections of threads that ended."""
        for each in self._all:
            if not each.thread.is_alive():
                each.connection.close()
        self._all = [each for each in self._all if each.thread.is_alive()]

    def close(self) -> None:
        """Close every thread's connection; may be called twice, from any thread.

        A block that another thread is in may end first, for `CLOSE_SECONDS` together; the next one is refused.
        """
        with self._lock:
            self._closed = True
            connections, self._all = self._all, []
        deadline = time.monotonic() + CLOSE_SECONDS
        for each in connections:
            if each.in_use.acquire(timeout=max(0.0, deadline - time.monotonic())):
                try:
                    each.connection.close()
                finally:
                    each.in_use.release()
        self._engine.dispose()


@contextmanager
def writable(connection: Connection) -> Iterator[None]:
    """Let a connection write for a while, beginning with the write lock; at all other times it refuses.

    Args:
        connection: Of this thread.

    Yields:
        Nothing; the next `begin` takes the write lock.
    """
    raw = driver(connection)
    raw.execute("PRAGMA query_only=OFF")
    connection.info["begin"] = "BEGIN IMMEDIATE"
    try:
        yield
    finally:
        connection.info["begin"] = "BEGIN"
        raw.execute("PRAGMA query_only=ON")


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite+pysqlite:///{path}",
        poolclass=NullPool,
        # Closed by `close()` in another thread than the one that opened it; used by one thread only.
        connect_args={
            "timeout": BUSY_TIMEOUT_SECONDS,
            "check_same_thread": False,
            "isolation_level": None,
            "cached_statements": STATEMENTS_KEPT,
        },
    )

    engine._connection_cls = QuickConnection  # noqa: SLF001 - the one way to say so

    @event.listens_for(engine, "connect")
    def configure(raw: Any, _record: Any) -> None:
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA foreign_keys=ON")
        raw.execute("PRAGMA secure_delete=ON")  # what is forgotten is to be gone from the file
        raw.execute("PRAGMA cell_size_check=ON")
        raw.execute("PRAGMA query_only=ON")  # until `transaction` says otherwise

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        driver(connection).execute(connection.info.get("begin", "BEGIN"))

    return engine
