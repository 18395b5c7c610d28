"""Look into a configuration's database and do nothing else: for commands that only show something, and at once.

Neither the configuration as a whole nor SQLAlchemy is loaded where nothing has to be done first; where something has,
such as bringing an older schema up to date, the store does that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foreman.errors import StoreError
from foreman.store import plain


@contextmanager
def glance(path: Path) -> Iterator[sqlite3.Connection]:
    """Read from one unchanging view.

    Args:
        path: The database's file.

    Yields:
        The driver's connection, which refuses to write.

    Raises:
        StoreError: There is none yet, or it cannot be used.
    """
    raw = None
    try:
        if not path.exists():
            raise StoreError(f"there is no database at {path} yet: `foreman run` or `foreman triage` makes it")
        raw = plain.connect(path)
        if raw is None:
            _prepare(path)
            raw = plain.connect(path)
        if raw is None:
            raise StoreError(f"{path} cannot be read as it is; run `foreman db check`")
        yield raw
    except sqlite3.Error as error:
        from foreman.store.failures import translate

        raise translate(error, path) from error
    finally:
        if raw is not None:
            raw.close()


def _prepare(path: Path) -> None:
    from foreman.store.database import Database

    Database.open(path).close()
