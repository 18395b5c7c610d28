"""The SQLite file itself: opening it, reading and writing.

WAL with `synchronous=FULL`: what a `transaction()` returned from survives a power cut. A write begins with
`BEGIN IMMEDIATE`, since a read that turns into a write fails at once when another writer was faster.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection

from foreman.errors import StoreError
from foreman.store import controls, schema
from foreman.store.connections import BUSY_TIMEOUT_SECONDS, Connections
from foreman.store.failures import damaged, translated

WHOLE_CHECK_BYTES = 64 * 1024 * 1024
"""Up to this size a start reads the whole file for damage; of a larger one the tables that steer the work."""


class Database:
    """One open database, safe to share between threads.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        """Prepare; use `open`, which also checks and migrates.

        Args:
            path: An existing SQLite file.
        """
        self.path = path
        self._connections = Connections(path)
        self._guard: Callable[[Connection], None] | None = None

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Database:
        """Open a database, make it when it is missing, and bring its tables up to date.

        Args:
            path: The file; made with mode 0600, its folders with 0700.
            create: Make it when missing and check it for damage, as the daemon does; what only reads does neither.

        Returns:
            The database; call `close` in the end.

        Raises:
            StoreError: Missing, damaged, written by a newer Foreman, or not writable; says what to do.
        """
        _prepare_file(path, create=create)
        with (
            translated(path),
            closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)) as raw,
        ):
            _check(raw, path, whole=create)
            if schema.needs_migration(raw, path):
                schema.back_up_before_migration(raw, path)
            raw.execute("PRAGMA journal_mode=WAL")
        database = cls(path)
        try:
            database._migrate()
        except BaseException:
            database.close()
            raise
        return database

    def _migrate(self) -> None:
        with self.read() as connection:
            if schema.revision(connection) == schema.HEAD:
                return
        with self.transaction() as connection:
            schema.migrate(connection)
            controls.ensure_marker_secret(connection)

    def guard_with(self, check: Callable[[Connection], None]) -> None:
        """Run a check at the beginning of every write transaction from now on.

        Args:
            check: Raises to refuse the transaction; the daemon's lease.
        """
        self._guard = check

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Read from one unchanging view; inside a transaction of this thread, that transaction's view.

        Yields:
            This thread's connection.

        Raises:
            StoreError: The database cannot be used.
        """
        with translated(self.path), self._connections.mine() as connection:
            if connection.in_transaction():
                yield connection
                return
            with connection.begin():
                yield connection

    def version(self) -> int:
        """Tell whether anybody wrote, without reading a table.

        Returns:
            A number that is another one when anybody has written since.

        Raises:
            StoreError: The database cannot be used.
        """
        # https://www.sqlite.org/pragma.html#pragma_data_version; past SQLAlchemy, which would begin a transaction.
        with (
            translated(self.path),
            self._connections.mine() as connection,
            closing(connection.connection.cursor()) as raw,
        ):
            return int(raw.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Write: everything or nothing, durable when the block has ended.

        Yields:
            The one connection that writes, holding the write lock.

        Raises:
            RuntimeError: This thread is in a `read` or `transaction` block already: a bug.
            StoreBusy: The write lock stayed taken for the whole busy timeout (5 s).
            StoreFull: No space left.
            LeaseLost: The guard refused.
            StoreError: The database cannot be used.
        """
        if self._connections.in_block:
            raise RuntimeError("a store transaction was begun inside another block of the same thread")
        with translated(self.path), self._connections.to_write() as connection, connection.begin():
            if self._guard is not None:
                self._guard(connection)
            yield connection

    def close(self) -> None:
        """Close every connection; may be called twice, from any thread.

        A block that another thread is in may end first, for `CLOSE_SECONDS` together; the next one is refused.
        """
        self._connections.close()


def _prepare_file(path: Path, *, create: bool) -> None:
    try:
        if not path.exists():
            if not create:
                raise StoreError(f"there is no database at {path}; `foreman run` or `foreman demo` makes one")
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        raise StoreError(f"{path} cannot be made or read ({error.strerror}); check its folder and owner") from error


def _check(raw: sqlite3.Connection, path: Path, *, whole: bool) -> None:
    """Look for damage as far as the time of a start allows.

    Args:
        raw: A connection.
        path: The file.
        whole: Read everything, or for a large file what steers the work.

    Raises:
        StoreError: Something is wrong with the file.
    """
    tables = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    schema.refuse_strange(raw, path, tables)
    if not whole:
        return
    if path.stat().st_size <= WHOLE_CHECK_BYTES:
        problems = raw.execute("PRAGMA quick_check(1)").fetchall()
    else:
        steering = sorted(tables & {"meta", "controls", "breakers", "polls", "turns", "inbox", "inbox_counts"})
        problems = [row for table in steering for row in raw.execute(f"PRAGMA quick_check('{table}')")]
    for (problem,) in problems:
        if problem != "ok":
            raise damaged(path, " ".join(str(problem).split())[:200])
