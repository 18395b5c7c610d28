"""SQLite's connections: one for each thread to read with, one for all of them to write with in turn, and how they end.

SQLite has one writer at a time whatever one does. A connection that both reads and writes would have to be told each
time that it may, by a pragma that makes SQLite parse every statement anew: a quarter of what an event costs. And who
waits for a lock of ours is woken when it is free, where SQLite sleeps and looks again.
"""

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

from foreman.errors import StoreBusy, StoreError
from foreman.store.quick import QuickConnection
from foreman.store.rows import driver
from foreman.values import dataclass

BUSY_TIMEOUT_SECONDS = 5.0
"""How long a writer waits for another; one of ours holds the lock for milliseconds."""

CLOSE_SECONDS = 2.0
"""How long `close` waits for the blocks of other threads; one still open then is closed at its own end."""


STATEMENTS_KEPT = 400
"""Statements each connection keeps parsed. A worker asks about 150 different ones; the driver's own bound is 128, and
what is asked in turn and does not fit is parsed every time."""


@dataclass(slots=True)
class _OfThread:
    """A thread's connection for reading.

    Attributes:
        thread: The only one that uses it.
        connection: The connection.
        in_use: Held in a `read` block: closing under a running statement is a crash of the process.
    """

    thread: threading.Thread
    connection: Connection
    in_use: threading.RLock = field(default_factory=threading.RLock)


class Connections:
    """The connections of a database."""

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
        self._writer: Connection | None = None
        self._turn = threading.Lock()

    @property
    def in_block(self) -> bool:
        """Whether this thread is reading or writing."""
        own: _OfThread | None = getattr(self._local, "own", None)
        return self._writing is not None or (own is not None and own.connection.in_transaction())

    @property
    def _writing(self) -> Connection | None:
        """What this thread writes with at the moment."""
        return getattr(self._local, "writing", None)

    @contextmanager
    def mine(self) -> Iterator[Connection]:
        """Use this thread's connection; it refuses to write, except while it is the one of `to_write`.

        Yields:
            The connection, which `close` leaves alone as long as the block lasts.

        Raises:
            StoreError: Closed.
        """
        if (writing := self._writing) is not None:
            yield writing
            return
        own = self._of_this_thread()
        with own.in_use:
            if own.connection.closed:
                raise StoreError(f"{self._path} was closed")
            yield own.connection

    @contextmanager
    def to_write(self) -> Iterator[Connection]:
        """Use the connection that may write, when it is this thread's turn; not inside itself.

        Yields:
            The connection; to `begin` is to take the write lock.

        Raises:
            StoreBusy: Somebody else of this process had it for `BUSY_TIMEOUT_SECONDS`.
            StoreError: Closed.
        """
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_SECONDS):
            raise StoreBusy(f"{self._path} is being written by another thread for more than 5 s; try again")
        try:
            self._local.writing = self._ready_writer()
            yield self._local.writing
        finally:
            self._local.writing = None
            if self._closed:
                self._close_writer()
            self._turn.release()

    def _ready_writer(self) -> Connection:
        """Return the connection that may write, a new one where a disk or a lock left the last in a strange state."""
        if self._closed:
            raise StoreError(f"{self._path} was closed")
        writer = self._writer
        if writer is None or writer.closed or writer.invalidated or writer.in_transaction():
            self._close_writer()
            writer = self._writer = self._engine.connect()
            driver(writer).execute("PRAGMA query_only=OFF")
            writer.info["begin"] = "BEGIN IMMEDIATE"
        return writer

    def _close_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

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
        """Close every connection; may be called twice, from any thread.

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
        # Who writes longer than that closes it at the end of his turn.
        if self._turn.acquire(timeout=max(0.0, deadline - time.monotonic())):
            self._close_writer()
            self._turn.release()
        self._engine.dispose()


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite+pysqlite:///{path}",
        poolclass=NullPool,
        # Used by one thread at a time, which need not be the one that opened it or closes it.
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
        raw.execute("PRAGMA query_only=ON")  # but for the one that writes

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        driver(connection).execute(connection.info.get("begin", "BEGIN"))

    return engine
